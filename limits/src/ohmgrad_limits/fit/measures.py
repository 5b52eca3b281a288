"""Measures of computation: three derived quantities, and the burden completed from network operations."""

import numpy as np

from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.data import DERIVED, Table, flop
from ohmgrad_limits.fit.line import Line, ordinary

CONSOLIDATED = "consolidated"
MEASURES = {
    "operations-per-pass": "FLOP of one forward pass",
    "network-operations": "FLOP of the training: passes, epochs, samples",
    "hardware-burden": "FLOP that the training's processors could have done at their peak",
    CONSOLIDATED: "hardware burden, from network operations where it is unknown",
}
PUBLISHED_CONVERSIONS = {"coco": (2.7580, 0.8935)}
"""log10 hardware burden = a + b log10 network operations, as given in the released notebooks for COCO. It differs from
their fit on ImageNet, 3.1337 + 0.8716; it is used because the published regression used it."""


def measured(table: Table, measure: str) -> np.ndarray:
    """The computation of every model.

    Args:
        table: The models.
        measure: One of MEASURES.

    Returns:
        FLOP, shape (models,); NaN if unknown.

    Raises:
        InputError: The measure is unknown, or there is no data to complete burdens from.
    """
    if measure not in MEASURES:
        raise unknown("measure", measure, MEASURES)
    return flop(table, measure) if measure in DERIVED else _consolidated(table)


def conversion(table: Table) -> Line:
    """Regression of log10 hardware burden on log10 network operations, over the models that have both.

    Raises InputError if fewer than three have both.
    """
    burden, operations = (flop(table, measure) for measure in ("hardware-burden", "network-operations"))
    both = np.isfinite(burden) & np.isfinite(operations)
    if both.sum() < 3:
        raise InputError(
            f"measure: {CONSOLIDATED} needs three models with both burden and network operations, {table.title} has "
            f"{both.sum()}; allowed: {', '.join(DERIVED)}"
        )
    return ordinary(np.log10(operations[both]), np.log10(burden[both]))


def _consolidated(table: Table) -> np.ndarray:
    burden, operations = (flop(table, measure) for measure in ("hardware-burden", "network-operations"))
    if table.benchmark in PUBLISHED_CONVERSIONS:
        intercept, slope = PUBLISHED_CONVERSIONS[table.benchmark]
    else:
        line = conversion(table)
        intercept, slope = line.intercept, line.slope
    return np.where(np.isfinite(burden), burden, 10 ** (intercept + slope * np.log10(operations)))
