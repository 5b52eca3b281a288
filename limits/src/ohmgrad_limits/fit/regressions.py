"""All regressions of a table: both laws on all measures, best models, progress with time, comparison of the laws."""

from dataclasses import asdict, dataclass

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad_limits.data import Table
from ohmgrad_limits.fit.compare import Comparison, compare
from ohmgrad_limits.fit.fit_law import Fit, fit_law
from ohmgrad_limits.fit.laws import LAWS, law
from ohmgrad_limits.fit.line import FEWEST
from ohmgrad_limits.fit.measures import MEASURES
from ohmgrad_limits.fit.points import Points, points
from ohmgrad_limits.fit.progress import Progress, separable, time_fit
from ohmgrad_limits.fit.quantile import Quantile, quantile_fit


def regressions(
    table: Table,
    model: str | None = None,
    measure: str | None = None,
    errors: str = "nonrobust",
    frontier: bool = False,
) -> list[Fit]:
    """Fits of one or both laws on one or all measures.

    With all measures, those with fewer than three models are omitted. Raises InputError if none is left.
    """
    laws = LAWS if model is None else (law(model).name,)
    measures = [measure] if measure is not None else [name for name in MEASURES if _has(table, name)]
    if not measures:
        raise InputError(f"{table.title}: fewer than three models with an error and a known computation; needed: 3")
    return [fit_law(table, each, by, errors, frontier) for by in measures for each in laws]


def _has(table: Table, measure: str) -> bool:
    """Whether there are three models with different computation."""
    try:
        return len(np.unique(points(table, measure).log10_flop)) >= 3
    except InputError:
        return False


@dataclass(frozen=True, eq=False)
class Details:
    """Further analyses of a table by one measure; None if there are too few models or no years."""

    measure: str
    quantile: Quantile
    progress: Progress | None
    comparison: list[Comparison]
    year: float | None
    """Year from which models are predicted from earlier ones."""

    def as_dict(self) -> dict:
        """For JSON."""
        comparison = [each.as_dict() for each in self.comparison]
        return {
            "details_of": self.measure,
            "quantile": asdict(self.quantile),
            "time": None if self.progress is None else self.progress.as_dict(),
            "comparison": {"out_of_time_from": self.year, "models": comparison},
        }


PREFERRED = ("network-operations", "hardware-burden", "operations-per-pass")
"""Default measures of the analyses, in this order; the published quantile and time-adjusted fits use the first."""


def details(
    table: Table,
    measure: str | None = None,
    quantile: float = 0.1,
    year: float | None = None,
    errors: str = "nonrobust",
) -> Details:
    """Quantile regression, time-adjusted fit and comparison of both laws, by one measure.

    The default year for predicting later models has half of the models before it. Raises InputError if the quantile or
    the year leaves too few models.
    """
    measure = next(name for name in PREFERRED if _has(table, name)) if measure is None else measure
    found = points(table, measure)
    year = _middle(found) if year is None else year
    progress = time_fit(found, "nonrobust" if errors == "huber" else errors) if separable(found) else None
    comparison = compare(found, year) if len(np.unique(found.log10_flop)) > FEWEST else []
    return Details(measure, quantile_fit(found, quantile), progress, comparison, year)


def _middle(found: Points) -> float | None:
    """The first year with half of the models before it, three of them with different computation; None if none."""
    years = np.unique(found.year[np.isfinite(found.year)])
    for year in years:
        before = found.log10_flop[found.year < year]
        if len(before) >= len(found.year) / 2 and len(np.unique(before)) >= 3:
            return float(year)
    return None
