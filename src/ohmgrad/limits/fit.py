"""A scaling law fitted to the models of a table: error against computation."""

from dataclasses import dataclass

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad.limits.derived import DERIVED, flop
from ohmgrad.limits.laws import Law, law
from ohmgrad.limits.line import LEVEL, Line, ordinary
from ohmgrad.limits.measures import measured
from ohmgrad.limits.table import Table


@dataclass(frozen=True, eq=False)
class Points:
    """What a fit is made through: models, their log10 FLOP, error and year."""

    models: tuple[str, ...]
    log10_flop: np.ndarray
    error: np.ndarray
    year: np.ndarray

    def where(self, chosen: np.ndarray) -> "Points":
        models = tuple(model for model, keep in zip(self.models, chosen, strict=True) if keep)
        return Points(models, self.log10_flop[chosen], self.error[chosen], self.year[chosen])


@dataclass(frozen=True, eq=False)
class Fit:
    """A law's line through the points of a benchmark."""

    benchmark: str
    title: str
    law: Law
    measure: str
    errors: str
    frontier: bool
    points: Points
    line: Line

    def error_at(self, log10_flop, level: float = LEVEL, new: bool = False) -> tuple:
        """Low, nominal, high of the error that the line, or one new model, has at a computation."""
        height, half = self.line.at(log10_flop), self.line.half_width(log10_flop, level, new)
        return tuple(self.law.error(y) for y in (height + half, height, height - half))

    def as_dict(self) -> dict:
        """For JSON."""
        (a_error, b_error), slope = self.line.standard_errors, self.line.slope_interval()
        return {
            "benchmark": self.benchmark,
            "model": self.law.name,
            "formula": self.law.formula,
            "measure": self.measure,
            "errors": self.errors,
            "frontier": self.frontier,
            "n": self.line.n,
            "intercept": self.line.intercept,
            "intercept_error": a_error,
            "slope": self.line.slope,
            "slope_error": b_error,
            "slope_low": slope.low,
            "slope_high": slope.high,
            "p_value": self.line.p_value,
            "r_squared": self.line.r_squared,
            "exponent": 1 / self.line.slope if self.law.name == "polynomial" else None,
        }


def points(table: Table, measure: str = "hardware-burden", frontier: bool = False) -> Points:
    """The models of a table whose error and computation are known; `frontier`: those that no other model beats in both.

    Raises InputError where fewer than three are, or where all have the same error.
    """
    computation = measured(table, measure)
    known = np.isfinite(computation) & np.isfinite(table.error)
    if known.sum() < 3:
        others = (f"it has {count} with {name}: `measure` {name}" for name, count in _enough(table).items())
        said = f"measure: {table.title} has {known.sum()} models with {measure} and an error; needed: 3"
        raise InputError("; ".join([said, *others]))
    if np.ptp(table.error[known]) == 0:
        raise InputError(f"all models of {table.title} have the same error; needed: different ones")
    log10_flop = np.log10(np.where(known, computation, 1.0))
    found = Points(table.models, log10_flop, table.error, table.year).where(known)
    return found.where(_unbeaten(found)) if frontier else found


def _enough(table: Table) -> dict[str, int]:
    """How many models have an error and a computation, by each measure by which three do."""
    counts = {name: int(np.isfinite(flop(table, name) * table.error).sum()) for name in DERIVED}
    return {name: count for name, count in counts.items() if count >= 3}


def _unbeaten(found: Points) -> np.ndarray:
    """Which models have a lower error than all models of no more computation."""
    order = np.lexsort((found.error, found.log10_flop))
    best = np.minimum.accumulate(found.error[order])
    unbeaten = np.zeros(len(order), bool)
    unbeaten[order] = np.concatenate([[True], best[1:] < best[:-1]])
    return unbeaten


def fit(
    table: Table,
    model: str = "polynomial",
    measure: str = "hardware-burden",
    errors: str = "nonrobust",
    frontier: bool = False,
) -> Fit:
    """Fit a law to a table's models by a measure of computation.

    `errors` says how the line and its standard errors are estimated (`line.ERRORS`). On the frontier only, they are too
    small: the points were chosen by their errors. Raises InputError for unknown names and fewer than three models.
    """
    chosen, found = law(model), points(table, measure, frontier)
    line = ordinary(found.log10_flop, chosen.response(found.error), errors)
    return Fit(table.benchmark, table.title, chosen, measure, errors, frontier, found, line)
