"""Quantile regression: the error of the best tenth of models at a computation, not that of the mean model."""

from dataclasses import dataclass

import numpy as np
from statsmodels.regression.quantile_regression import QuantReg

from ohmgrad.errors import InputError
from ohmgrad_limits.fit.points import Points


@dataclass(frozen=True)
class Quantile:
    """log10 error = intercept + slope log10(FLOP / reference), `quantile` of all models below it."""

    quantile: float
    reference_flop: float
    intercept: float
    slope: float
    intercept_error: float | None
    slope_error: float | None
    """Kernel estimates; None where the models are too few for one."""
    pseudo_r_squared: float
    n: int

    def error_at(self, log10_flop):
        return 10 ** (self.intercept + self.slope * (log10_flop - np.log10(self.reference_flop)))

    def log10_flop(self, error: float) -> float:
        return float((np.log10(error) - self.intercept) / self.slope + np.log10(self.reference_flop))


def quantile_fit(points: Points, quantile: float = 0.1) -> Quantile:
    """The line that has a share of the models below it (lower error), by statsmodels' quantile regression.

    Args:
        points: Of models; computation is taken relative to the earliest model's (AlexNet's on ImageNet).
        quantile: The share.

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
    """log10 FLOP of the earliest model, the least if there are more; of all models where no year is known."""
    years = np.where(np.isfinite(points.year), points.year, np.inf)
    return float(points.log10_flop[years == years.min()].min())
