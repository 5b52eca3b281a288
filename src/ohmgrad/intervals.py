"""Accuracy of chips on test samples, as a mean with its 95 % confidence interval for other chips and other samples.

Scores have shape (chips, samples): how right each chip's answer to each sample is, from 0 to 1. `shared` says whether
all chips were tested on the same samples (images) or each on different ones (corrupted words).

*Different samples*: the deviation of the chips' means includes the sampling of the test: Student's t over chips.
*Shared samples*: it does not. With crossed random effects, score = mean + chip + sample + residual, the variance of the
mean is s^2 / chips + c / samples, where s is the standard deviation of the chips' means and c the variance of the
sample effect, estimated by the mean covariance of two chips over the samples. The half widths of the two parts, by
Student's t and by the normal distribution, add in squares (Zou and Donner, Stat. Med. 27, 1693, 2008).
*One chip, or chips that do not differ*: the sampling of the test alone, by Wilson's interval of a proportion (J. Am.
Stat. Assoc. 22, 209, 1927), or Bonett and Price's of a difference of paired proportions (J. Educ. Behav. Stat. 37, 479,
2012).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtri, stdtrit

__all__ = ["LEVEL", "Estimate", "Scores", "bonett_price", "difference", "estimate", "wilson"]
LEVEL = 0.95
Scores = Float[np.ndarray, "chips samples"] | Bool[np.ndarray, "chips samples"]
_OfSampling = Callable[[np.ndarray], tuple[float, float]]


class Estimate(NamedTuple):
    """A mean accuracy, or difference of two, with its uncertainty.

    Attributes:
        mean: Mean over chips and samples.
        std: Standard deviation of the chips' means; 0 for one chip.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
    """

    mean: float
    std: float
    low: float
    high: float


def estimate(scores: Scores, shared: bool) -> Estimate:
    """Mean accuracy with its 95 % interval, clipped to [0, 1].

    Args:
        scores: Scores from 0 to 1, shape (chips, samples).
        shared: Whether all chips were tested on the same samples.
    """
    return _estimate(np.asarray(scores, np.float64), shared, wilson, 0.0)


def difference(scores: Scores, others: Scores, shared: bool) -> Estimate:
    """Difference of the accuracies of two trainings of the same chips on the same samples, with its 95 % interval.

    Answers are paired, so that what both have in common (seed, hard and easy samples) does not widen the interval,
    which is clipped to [-1, 1].

    Args:
        scores: Scores of the first training, from 0 to 1, shape (chips, samples).
        others: Scores of the second training, of the same shape.
        shared: Whether all chips were tested on the same samples.
    """
    return _estimate(np.asarray(scores, np.float64) - np.asarray(others, np.float64), shared, bonett_price, -1.0)


def _estimate(values: np.ndarray, shared: bool, of_sampling: _OfSampling, lowest: float) -> Estimate:
    of_chips, (chips, samples) = values.mean(1), values.shape
    mean, squares, std = float(of_chips.mean()), 0.0, 0.0
    if chips > 1:
        std = float(of_chips.std(ddof=1))
        squares = stdtrit(chips - 1, _UPPER) ** 2 * std**2 / chips
        if shared and samples > 1:
            squares += ndtri(_UPPER) ** 2 * _common(values) / samples
    if squares > _ROUNDING:
        low, high = mean - squares**0.5, mean + squares**0.5
    else:
        low, high = of_sampling(values.mean(0) if shared else values.ravel())
    return Estimate(mean, std, max(float(low), lowest), min(float(high), 1.0))


_UPPER = (1 + LEVEL) / 2
_ROUNDING = 1e-24
"""Squared half width below which it is rounding error of float64."""


def _common(values: np.ndarray) -> float:
    """Variance of the sample effect: the mean covariance of two chips over the samples, not below 0."""
    chips = len(values)
    of_each, of_sum = values.var(1, ddof=1).sum(), chips**2 * values.mean(0).var(ddof=1)
    return max(float(of_sum - of_each) / (chips * (chips - 1)), 0.0)


def wilson(scores: Float[np.ndarray, "samples"]) -> tuple[float, float]:
    """Wilson's interval of a proportion from independent samples: low and high.

    With all answers right it is samples / (samples + z^2) to 1.
    """
    n, share, z = len(scores), scores.mean(), ndtri(_UPPER)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def bonett_price(differences: Float[np.ndarray, "samples"]) -> tuple[float, float]:
    """Bonett and Price's interval of a mean difference of paired scores: low and high.

    One more sample is counted as better, and one as worse.
    """
    n, z = len(differences) + 2, ndtri(_UPPER)
    better, worse = (np.maximum(differences, 0).sum() + 1) / n, (np.maximum(-differences, 0).sum() + 1) / n
    half = z * np.sqrt((better + worse - (better - worse) ** 2) / n)
    return float(better - worse - half), float(better - worse + half)
