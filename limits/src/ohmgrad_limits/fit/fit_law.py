"""A scaling law fitted to the models of a table: error against computation."""

from dataclasses import dataclass

from ohmgrad_limits.data import Table
from ohmgrad_limits.fit.laws import Law, law
from ohmgrad_limits.fit.line import LEVEL, Line, ordinary
from ohmgrad_limits.fit.points import Points, points


@dataclass(frozen=True, eq=False)
class Fit:
    """A law fitted to the models of a benchmark."""

    benchmark: str
    title: str
    law: Law
    measure: str
    errors: str
    frontier: bool
    points: Points
    line: Line

    def error_at(self, log10_flop, level: float = LEVEL, new: bool = False) -> tuple:
        """Low, nominal and high error at a computation, of the mean line or of one new model."""
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


def fit_law(
    table: Table,
    model: str = "polynomial",
    measure: str = "hardware-burden",
    errors: str = "nonrobust",
    frontier: bool = False,
) -> Fit:
    """Fit a law to the models of a table.

    Args:
        table: The models.
        model: Name of the law, one of LAWS.
        measure: Measure of computation, one of MEASURES.
        errors: Estimator of the line and its standard errors, one of ERRORS.
        frontier: Use only models that no other beats in both error and computation. Standard errors are then too
            small, because the points are selected by their errors.

    Raises:
        InputError: A name is unknown, or fewer than three models are known.
    """
    chosen, found = law(model), points(table, measure, frontier)
    line = ordinary(found.log10_flop, chosen.response(found.error), errors)
    return Fit(table.benchmark, table.title, chosen, measure, errors, frontier, found, line)
