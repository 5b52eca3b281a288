"""Fieller's interval: how sure a ratio of two estimates is, unbounded where its divisor may be 0."""

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """Bounds, None where unbounded; `excluded` is the gap where the set is all but a piece in the middle."""

    low: float | None
    high: float | None
    excluded: tuple[float, float] | None = None

    @property
    def bounded(self) -> bool:
        return self.low is not None and self.high is not None

    def meets(self, low: float, high: float) -> bool:
        """Whether it holds any number from low to high."""
        if self.excluded is not None:
            return not (self.excluded[0] < low and high < self.excluded[1])
        return (self.low is None or self.low <= high) and (self.high is None or low <= self.high)


def fieller(numerator: float, divisor: float, covariance: np.ndarray, t: float) -> Interval:
    """The set of ratios r that numerator - r divisor = 0 does not reject at t standard errors.

    (n - r d)^2 <= t^2 (V_nn - 2 r V_nd + r^2 V_dd) is a quadratic in r: it bounds r only where the divisor differs from
    0 at that level; else the set is everything, or everything but a gap (Fieller, J. R. Stat. Soc. B 16, 175, 1954).

    Args:
        numerator: Its estimate n.
        divisor: Its estimate d.
        covariance: V, of (numerator, divisor), shape (2, 2).
        t: Student's t of the level.
    """
    (nn, nd), (_, dd) = t**2 * np.asarray(covariance)
    square, half_linear, constant = divisor**2 - dd, numerator * divisor - nd, numerator**2 - nn
    discriminant = half_linear**2 - square * constant
    if square == 0 or discriminant < 0:
        return Interval(None, None)
    low, high = sorted(float((half_linear + sign * np.sqrt(discriminant)) / square) for sign in (-1, 1))
    return Interval(low, high) if square > 0 else Interval(None, None, (low, high))
