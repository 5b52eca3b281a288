"""A straight-line fit with its errors, for prediction and inverse prediction."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.robust.robust_linear_model import RLM

from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.fit.fieller import Interval, fieller

ERRORS = {
    "nonrobust": "ordinary least squares, equal variance",
    "HC0": "heteroskedasticity-consistent (White)",
    "HC1": "HC0 with a correction for few points",
    "HC2": "HC0 with leverages",
    "HC3": "HC0 with leverages squared (jackknife)",
    "huber": "robust regression, Huber's weights",
}
"""Estimators of a line and its standard errors."""
LEVEL = 0.95
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Line:
    """y = intercept + slope x, the covariance (2, 2) of both, and the residual variance."""

    intercept: float
    slope: float
    covariance: np.ndarray
    residual_variance: float
    n: int
    r_squared: float

    @property
    def standard_errors(self) -> tuple[float, float]:
        intercept, slope = np.sqrt(np.diag(self.covariance))
        return float(intercept), float(slope)

    @property
    def p_value(self) -> float:
        """Two-sided p-value of a slope of 0."""
        error = self.standard_errors[1]
        return float(2 * stats.t.sf(abs(self.slope) / error, self.n - 2)) if error else 0.0

    def t(self, level: float = LEVEL) -> float:
        return float(stats.t.ppf((1 + level) / 2, self.n - 2))

    def at(self, x):
        """The line at x."""
        return self.intercept + self.slope * x

    def half_width(self, x, level: float = LEVEL, new: bool = False):
        """Half width of the confidence interval of the line at x, or of the prediction interval of one new point."""
        (aa, ab), (_, bb) = self.covariance
        return self.t(level) * np.sqrt(aa + 2 * x * ab + x**2 * bb + new * self.residual_variance)

    def slope_interval(self, level: float = LEVEL) -> Interval:
        half = self.t(level) * self.standard_errors[1]
        return Interval(self.slope - half, self.slope + half)

    def inverse(self, y: float) -> float:
        """The x at which the line reaches y."""
        return (y - self.intercept) / self.slope

    def inverse_interval(self, y: float, level: float = LEVEL, new: bool = False) -> Interval:
        """Fieller's interval of the x at which the line, or one new point, reaches y."""
        (aa, ab), (_, bb) = self.covariance
        covariance = np.array([[aa + new * self.residual_variance, -ab], [-ab, bb]])
        return fieller(y - self.intercept, self.slope, covariance, self.t(level))


def ordinary(x: np.ndarray, y: np.ndarray, errors: str = "nonrobust") -> Line:
    """Fit a line by least squares or Huber's robust regression (statsmodels).

    Args:
        x: Abscissae, shape (points,).
        y: Ordinates, shape (points,).
        errors: Estimator of the line and its standard errors, one of ERRORS.

    Raises:
        InputError: `errors` is unknown, or there are fewer than FEWEST different x.
    """
    if errors not in ERRORS:
        raise unknown("errors", errors, ERRORS)
    if len(np.unique(x)) < FEWEST:
        raise InputError(f"a line needs {FEWEST} models of different computation; there are {len(np.unique(x))}")
    design = np.column_stack([np.ones_like(x), x])
    kind: Any = errors
    found = RLM(y, design).fit() if errors == "huber" else OLS(y, design).fit(cov_type=kind)
    intercept, slope = map(float, found.params)
    residuals, spread = y - intercept - slope * x, float(((y - y.mean()) ** 2).sum())
    variance = float(residuals @ residuals) / (len(x) - 2)
    r_squared = 1 - float(residuals @ residuals) / spread if spread else 1.0
    return Line(intercept, slope, np.asarray(found.cov_params()), variance, len(x), r_squared)
