"""Time-adjusted regression of the error on computation and year, and the progress per year."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.regression.linear_model import OLS

from ohmgrad.errors import InputError
from ohmgrad_limits.fit.fieller import Interval, fieller
from ohmgrad_limits.fit.line import LEVEL
from ohmgrad_limits.fit.points import Points
from ohmgrad_limits.fit.quantile import earliest

ORIGIN_YEAR = 2012


@dataclass(frozen=True, eq=False)
class Progress:
    """log10 error = intercept + slope log10(FLOP / reference) + per_year (year - 2012)."""

    reference_flop: float
    intercept: float
    slope: float
    per_year: float
    covariance: np.ndarray
    """Covariance (3, 3) of intercept, slope and per_year."""
    r_squared: float
    n: int

    @property
    def standard_errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance))

    @property
    def years_per_tenfold(self) -> float:
        """Years of progress that lower the error as much as a tenfold computation."""
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
    """Least-squares regression of log10 error on log10 FLOP and year.

    Args:
        points: The models; those without a year are ignored. Computation is relative to that of the earliest model
            (AlexNet on ImageNet).
        errors: Estimator of the standard errors, one of ERRORS except huber.

    Raises:
        InputError: Fewer than four models have a year, or year and computation are collinear.
    """
    dated = points.where(np.isfinite(points.year))
    if not separable(points):
        raise InputError(
            f"year: {len(dated.year)} models have one; needed: four, with years not collinear with log10 FLOP"
        )
    reference = earliest(dated)
    kind: Any = errors
    found = OLS(np.log10(dated.error), _design(dated, reference)).fit(cov_type=kind)
    intercept, slope, per_year = map(float, found.params)
    covariance = np.asarray(found.cov_params())
    return Progress(10**reference, intercept, slope, per_year, covariance, float(found.rsquared), len(dated.year))


def separable(points: Points) -> bool:
    """Whether computation and year can be separated: at least four dated models, not collinear in the two."""
    dated = points.where(np.isfinite(points.year))
    return len(dated.year) >= 4 and int(np.linalg.matrix_rank(_design(dated, earliest(dated)), tol=1e-6)) == 3


def _design(dated: Points, reference: float) -> np.ndarray:
    return np.column_stack([np.ones_like(dated.year), dated.log10_flop - reference, dated.year - ORIGIN_YEAR])
