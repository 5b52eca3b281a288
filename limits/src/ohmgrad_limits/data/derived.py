"""Measures of computation, derived as in the published analysis: per pass, network operations, hardware burden.

All are in FLOP; a multiply-add is two. The hardware burden is what the processors could have computed at peak in the
time of all phases, not what they computed.
"""

from dataclasses import dataclass

import numpy as np

from ohmgrad_limits.data.table import PHASES, PROCESSORS, Table

FLOP_PER_MULTIPLY_ADD = 2
PASSES_PER_SAMPLE = 3
"""Cost of a forward and backward pass, in forward passes (Thompson et al., arXiv:2007.05558)."""
SECONDS_PER_DAY = 86_400


def operations_per_pass(table: Table) -> np.ndarray:
    """FLOP of one forward pass of one sample, from multiply-adds."""
    return FLOP_PER_MULTIPLY_ADD * table.column("multiply_adds")


def network_operations(table: Table) -> np.ndarray:
    """FLOP of a training: forward and backward passes x epochs x samples."""
    per_pass = _first(table.column("ops_per_pass_flop"), operations_per_pass(table))
    return PASSES_PER_SAMPLE * per_pass * table.column("training_epochs") * table.column("training_set_size")


def hardware_burden(table: Table) -> np.ndarray:
    """FLOP that the processors of all phases could have computed at peak in the time of their use."""
    phases = np.array([_phase(table, phase) for phase in PHASES])
    known = np.isfinite(phases)
    return np.where(known.any(0), np.where(known, phases, 0).sum(0), np.nan)


def _phase(table: Table, phase: str) -> np.ndarray:
    """The burden of one phase; NaN if its time or all its processors are unknown."""
    peaks = np.array(
        [table.column(f"{phase}_{kind}_n") * table.column(f"{phase}_{kind}_peak_gflops") for kind in PROCESSORS]
    )
    known = np.isfinite(peaks)
    peak = np.where(known.any(0), np.where(known, peaks, 0).sum(0), np.nan)
    return SECONDS_PER_DAY * table.column(f"{phase}_days") * 1e9 * peak


def _first(given: np.ndarray, derived: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(given), given, derived)


DERIVED = {
    "operations-per-pass": ("ops_per_pass_flop", operations_per_pass),
    "network-operations": ("network_operations_flop", network_operations),
    "hardware-burden": ("hardware_burden_flop", hardware_burden),
}


def flop(table: Table, measure: str) -> np.ndarray:
    """A measure of every model: from its column, otherwise derived.

    Args:
        table: The models.
        measure: One of DERIVED.

    Returns:
        FLOP, shape (models,); NaN if neither is known.
    """
    column, derive = DERIVED[measure]
    return _first(table.column(column), derive(table))


TOLERANCES = {"network-operations": 0.05, "hardware-burden": 0.03}


@dataclass(frozen=True)
class Check:
    """Comparison of a released column with the derived quantity."""

    measure: str
    tolerance: float
    compared: int
    mismatches: tuple[tuple[str, float, float], ...]
    """(model, released FLOP, derived FLOP) of those outside of the tolerance."""

    @property
    def within(self) -> int:
        return self.compared - len(self.mismatches)


def check(table: Table) -> list[Check]:
    """Compare each derivable column with its derivation; differences are relative to the derived value."""
    checks = []
    for measure, tolerance in TOLERANCES.items():
        column, derive = DERIVED[measure]
        released, derived = table.column(column), derive(table)
        rows = np.flatnonzero(np.isfinite(released) & np.isfinite(derived))
        off = [row for row in rows if abs(released[row] / derived[row] - 1) > tolerance]
        mismatches = tuple((table.models[row], float(released[row]), float(derived[row])) for row in off)
        checks.append(Check(measure, tolerance, len(rows), mismatches))
    return checks
