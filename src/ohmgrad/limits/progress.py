"""Time-adjusted regression: error against computation and year at once, and what a year of progress is worth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from ohmgrad.errors import InputError
from ohmgrad.limits.fieller import Interval, fieller
from ohmgrad.limits.fit import Points
from ohmgrad.limits.line import LEVEL
from ohmgrad.limits.quantile import earliest

ORIGIN_YEAR = 2012


@dataclass(frozen=True, eq=False)
class Progress:
    """log10 error = intercept + slope log10(FLOP / reference) + per_year (year - 2012)."""

    reference_flop: float
    intercept: float
    slope: float
    per_year: float
    covariance: np.ndarray
    """(3, 3), of intercept, slope, per_year."""
    r_squared: float
    n: int

    @property
    def standard_errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance))

    @property
    def years_per_tenfold(self) -> float:
        """Years of progress that lower the error as much as ten times the computation."""
        return self.slope / self.per_year

    def as_dict(self) -> dict:
        """For JSON."""
        errors, years = map(float, self.standard_errors), self.years_per_tenfold_interval()
        return {
            "reference_flop": self.reference_flop,
            **{name: getattr(self, name) for name in ("intercept", "slope", "per_year")},
            **dict(zip(("intercept_error", "slope_error", "per_year_error"), errors, strict=True)),
            "years_per_tenfold": {"low": years.low, "nominal": self.years_per_tenfold, "high": years.high},
            "r_squared": self.r_squared,
            "n": self.n,
        }

    def years_per_tenfold_interval(self, level: float = LEVEL) -> Interval:
        t = float(stats.t.ppf((1 + level) / 2, self.n - 3))
        return fieller(self.slope, self.per_year, self.covariance[1:, 1:], t)


def time_fit(points: Points, errors: str = "nonrobust") -> Progress:
    """Least squares on computation and year; computation is relative to the earliest model's (AlexNet's on ImageNet).

    Raises InputError where fewer than four models have a year, or all the same one.
    """
    known = np.isfinite(points.year)
    dated = points.where(known)
    if known.sum() < 4 or np.ptp(dated.year) == 0:
        raise InputError(f"year: {known.sum()} models have one; needed: four models of different years")
    from statsmodels.regression.linear_model import OLS

    reference = earliest(dated)
    columns = [np.ones_like(dated.year), dated.log10_flop - reference, dated.year - ORIGIN_YEAR]
    kind: Any = errors
    found = OLS(np.log10(dated.error), np.column_stack(columns)).fit(cov_type=kind)
    intercept, slope, per_year = map(float, found.params)
    covariance = np.asarray(found.cov_params())
    return Progress(10**reference, intercept, slope, per_year, covariance, float(found.rsquared), len(dated.year))
