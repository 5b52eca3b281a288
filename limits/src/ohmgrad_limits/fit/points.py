"""The points of a fit: models of a table with known error and computation."""

from dataclasses import dataclass

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad_limits.data import DERIVED, Table, flop
from ohmgrad_limits.fit.measures import measured


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a fit: models with log10 FLOP, error and year."""

    models: tuple[str, ...]
    log10_flop: np.ndarray
    error: np.ndarray
    year: np.ndarray

    def where(self, chosen: np.ndarray) -> "Points":
        models = tuple(model for model, keep in zip(self.models, chosen, strict=True) if keep)
        return Points(models, self.log10_flop[chosen], self.error[chosen], self.year[chosen])


def points(table: Table, measure: str = "hardware-burden", frontier: bool = False) -> Points:
    """The models of a table with known error and computation.

    Args:
        table: The models.
        measure: Measure of computation, one of MEASURES.
        frontier: Use only models that no other beats in both.

    Raises:
        InputError: There are fewer than three such models, or all have the same error.
    """
    computation = measured(table, measure)
    known = np.isfinite(computation) & np.isfinite(table.error)
    if known.sum() < 3:
        others = (f"it has {count} with {name}" for name, count in _enough(table).items())
        said = f"measure: {table.title} has {known.sum()} models with {measure} and an error; needed: 3"
        raise InputError("; ".join([said, *others]))
    if np.ptp(table.error[known]) == 0:
        raise InputError(f"all models of {table.title} have the same error; needed: different ones")
    log10_flop = np.log10(np.where(known, computation, 1.0))
    found = Points(table.models, log10_flop, table.error, table.year).where(known)
    return found.where(_unbeaten(found)) if frontier else found


def _enough(table: Table) -> dict[str, int]:
    """Number of models with an error and a computation, for each measure with at least three."""
    counts = {name: int(np.isfinite(flop(table, name) * table.error).sum()) for name in DERIVED}
    return {name: count for name, count in counts.items() if count >= 3}


def _unbeaten(found: Points) -> np.ndarray:
    """Which models have a lower error than all models with the same or less computation."""
    order = np.lexsort((found.error, found.log10_flop))
    best = np.minimum.accumulate(found.error[order])
    unbeaten = np.zeros(len(order), bool)
    unbeaten[order] = np.concatenate([[True], best[1:] < best[:-1]])
    return unbeaten
