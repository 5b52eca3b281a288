"""Fieller's confidence interval of a ratio of two estimates, unbounded if the divisor may be 0."""

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """Bounds, None if unbounded. If the set is everything except a gap, `excluded` is that gap."""

    low: float | None
    high: float | None
    excluded: tuple[float, float] | None = None

    @property
    def bounded(self) -> bool:
        return self.low is not None and self.high is not None

    def meets(self, low: float, high: float) -> bool:
        """Whether it contains any number from low to high."""
        if self.excluded is not None:
            return not (self.excluded[0] < low and high < self.excluded[1])
        return (self.low is None or self.low <= high) and (self.high is None or low <= self.high)


def fieller(numerator: float, divisor: float, covariance: np.ndarray, t: float) -> Interval:
    """The ratios r for which the hypothesis numerator = r divisor is not rejected at t standard errors.

    (n - r d)^2 <= t^2 (V_nn - 2 r V_nd + r^2 V_dd) is quadratic in r. It bounds r only if the divisor differs from 0 at
    that level; otherwise the set is everything, or everything except a gap (Fieller, J. R. Stat. Soc. B 16, 175, 1954).

    Args:
        numerator: Estimate n.
        divisor: Estimate d.
        covariance: Covariance V of (numerator, divisor), shape (2, 2).
        t: Quantile of Student's t for the confidence level.
    """
    (nn, nd), (_, dd) = t**2 * np.asarray(covariance)
    square, half_linear, constant = divisor**2 - dd, numerator * divisor - nd, numerator**2 - nn
    discriminant = half_linear**2 - square * constant
    if square == 0 or discriminant < 0:
        return Interval(None, None)
    low, high = sorted(float((half_linear + sign * np.sqrt(discriminant)) / square) for sign in (-1, 1))
    return Interval(low, high) if square > 0 else Interval(None, None, (low, high))
