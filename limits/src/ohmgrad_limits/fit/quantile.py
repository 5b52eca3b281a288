"""Quantile regression: the error of the best models at a computation instead of the mean."""

from dataclasses import dataclass

import numpy as np
from statsmodels.regression.quantile_regression import QuantReg

from ohmgrad.errors import InputError
from ohmgrad_limits.fit.points import Points


@dataclass(frozen=True)
class Quantile:
    """log10 error = intercept + slope log10(FLOP / reference); the fraction `quantile` of models lies below it."""

    quantile: float
    reference_flop: float
    intercept: float
    slope: float
    intercept_error: float | None
    slope_error: float | None
    """Standard error by kernel estimate; None if there are too few models."""
    pseudo_r_squared: float
    n: int

    def error_at(self, log10_flop):
        return 10 ** (self.intercept + self.slope * (log10_flop - np.log10(self.reference_flop)))

    def log10_flop(self, error: float) -> float:
        return float((np.log10(error) - self.intercept) / self.slope + np.log10(self.reference_flop))


def quantile_fit(points: Points, quantile: float = 0.1) -> Quantile:
    """The line below which a fraction of the models lies (lower error), by statsmodels' quantile regression.

    Args:
        points: The models. Computation is relative to that of the earliest model (AlexNet on ImageNet).
        quantile: The fraction of models below the line.

    Raises:
        InputError: The quantile is not between 0 and 1.
    """
    if not 0 < quantile < 1:
        raise InputError(f"quantile: {quantile:g}; allowed: above 0 and below 1")
    reference = earliest(points)
    x = points.log10_flop - reference
    found = QuantReg(np.log10(points.error), np.column_stack([np.ones_like(x), x])).fit(q=quantile)
    (intercept, slope), errors = found.params, (float(error) if error > 0 else None for error in found.bse)
    intercept_error, slope_error = errors
    return Quantile(
        quantile=quantile,
        reference_flop=10**reference,
        intercept=float(intercept),
        slope=float(slope),
        intercept_error=intercept_error,
        slope_error=slope_error,
        pseudo_r_squared=float(found.prsquared),
        n=len(x),
    )


def earliest(points: Points) -> float:
    """log10 FLOP of the earliest model; the lowest if there are several, or if no year is known."""
    years = np.where(np.isfinite(points.year), points.year, np.inf)
    return float(points.log10_flop[years == years.min()].min())
