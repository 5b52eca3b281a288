"""Statistics of scores in blocks: how good, how much better, how sure.

A *block* is one condition (network, task, device, ...), in which each method has scores of one or more runs. `Blocks`
is one array of runs per block; blocks may have different numbers of runs. Functions that the bootstrap resamples also
take arrays with leading axes, (..., runs), and return a value for each.

Aggregates and their bootstrap are those of Agarwal et al. (NeurIPS 2021, the library rliable); ranks over blocks those
of Demšar (J. Mach. Learn. Res. 7, 1, 2006). Intervals hold for other runs in the same blocks, not for other blocks.
With few runs a percentile bootstrap is too narrow: on normal data and one block, 95 % cover 74 % for 3 runs, 82 % for
5, 90 % for 10. Differences of paired runs therefore take Student's t, which covers 95 % there.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import stdtrit

from ohmgrad.errors import InputError
from ohmgrad.intervals import LEVEL

__all__ = [
    "RESAMPLES",
    "Blocks",
    "Friedman",
    "Interval",
    "Value",
    "breaks_at",
    "cliffs_delta",
    "cohens_d",
    "friedman",
    "interquartile_mean",
    "paired_difference",
    "pareto_front",
    "performance_profile",
    "probability_of_improvement",
    "stratified_bootstrap",
]
RESAMPLES = 2000
Blocks = Sequence[np.ndarray]
"""Scores, one array of runs per block."""
Value = float | np.ndarray
"""A number, or an array of them."""


class Interval(NamedTuple):
    """A value with its 95 % interval, whose ends are NaN where no block has two runs.

    Attributes:
        value: The value.
        low: Lower end.
        high: Upper end.
    """

    value: Value
    low: Value
    high: Value


def interquartile_mean(scores: Blocks) -> Value:
    """Mean of the middle half of all runs of all blocks; a quarter of them, rounded down, is cut off at each end.

    Args:
        scores: Scores (..., runs) of each block.
    """
    runs = np.sort(np.concatenate(scores, axis=-1), axis=-1)
    count = runs.shape[-1]
    return runs[..., count // 4 : count - count // 4].mean(axis=-1)


def probability_of_improvement(scores: Blocks, others: Blocks) -> Value:
    """Probability that a run scores higher than one of another method in the same block, mean over blocks.

    In a block it is the statistic of Mann and Whitney divided by the number of pairs; a tie counts half.

    Args:
        scores: Scores (..., runs) of each block.
        others: Scores of the other method in the same blocks.
    """
    return np.array([_wins(*pair) for pair in zip(scores, others, strict=True)]).mean(axis=0)


def _wins(scores: np.ndarray, others: np.ndarray) -> Value:
    first, second = scores[..., :, None], others[..., None, :]
    pairs = scores.shape[-1] * others.shape[-1]
    at_least = np.count_nonzero(first >= second, axis=(-2, -1))
    return (at_least + np.count_nonzero(first > second, axis=(-2, -1))) / (2 * pairs)


def performance_profile(scores: Blocks, thresholds: np.ndarray) -> np.ndarray:
    """Share of all runs that score higher than each threshold, shape (..., thresholds).

    Args:
        scores: Scores (..., runs) of each block.
        thresholds: Thresholds, rising.
    """
    runs = np.concatenate(scores, axis=-1)
    passed = np.searchsorted(thresholds, runs).reshape(-1, runs.shape[-1])  # how many thresholds lie below the score
    bins = len(thresholds) + 1
    rows = np.arange(len(passed))[:, None] * bins
    counts = np.bincount((passed + rows).ravel(), minlength=len(passed) * bins).reshape(-1, bins)
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return (above / runs.shape[-1]).reshape(*runs.shape[:-1], len(thresholds))


def stratified_bootstrap(
    statistic: Callable[..., Value], *scores: Blocks, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """A statistic with its percentile interval: runs are drawn with replacement within each block.

    Args:
        statistic: Function of the blocks of one or more methods, which keeps leading axes.
        *scores: Blocks of each method, which are drawn independently.
        resamples: How often to draw.
        seed: Seed of the draws.
    """
    value = statistic(*scores)
    if all(block.shape[-1] < 2 for blocks in scores for block in blocks):
        return Interval(value, *np.full((2, *np.shape(value)), np.nan))
    rng = np.random.default_rng(seed)
    at_once = max(_HELD // sum(block.shape[-1] for blocks in scores for block in blocks), 1)
    drawn = [
        statistic(*([_draw(rng, block, min(at_once, resamples - done)) for block in blocks] for blocks in scores))
        for done in range(0, resamples, at_once)
    ]
    tail = (1 - LEVEL) / 2
    return Interval(value, *np.quantile(np.concatenate(drawn), [tail, 1 - tail], axis=0))


_HELD = 2_000_000
"""Scores drawn at once, which bounds the memory."""


def _draw(rng: np.random.Generator, block: np.ndarray, times: int) -> np.ndarray:
    return block[rng.integers(len(block), size=(times, len(block)))]


def paired_difference(differences: Blocks) -> Interval:
    """Mean over blocks of the mean difference of paired runs, with its interval by Student's t.

    The variances of the blocks' means add up; degrees of freedom are those of Welch and Satterthwaite. A block with one
    pair takes the pooled variance of the others.

    Args:
        differences: Differences of paired runs (same seed, same block), for each block.
    """
    mean = float(np.mean([block.mean() for block in differences]))
    several = [block for block in differences if len(block) > 1]
    if not several:
        return Interval(mean, np.nan, np.nan)
    freedom = np.array([len(block) - 1 for block in several])
    alone = len(differences) - len(several)
    weights = 1 / (freedom + 1) + alone * freedom / freedom.sum()  # the pooled variance is made of theirs
    parts = weights * [block.var(ddof=1) for block in several]
    if not parts.any():
        return Interval(mean, mean, mean)
    of_all = parts.sum() ** 2 / (parts**2 / freedom).sum()
    half = float(stdtrit(of_all, (1 + LEVEL) / 2) * np.sqrt(parts.sum()) / len(differences))
    return Interval(mean, mean - half, mean + half)


def cliffs_delta(scores: Blocks, others: Blocks) -> float:
    """Probability that a run scores higher than one of another method, less that of lower, mean over blocks.

    Args:
        scores: Scores of each block.
        others: Scores of the other method in the same blocks.
    """
    return float(2 * probability_of_improvement(scores, others) - 1)


def cohens_d(scores: Blocks, others: Blocks) -> float:
    """Difference of two methods, mean over blocks, in standard deviations of runs, pooled over methods and blocks.

    NaN where runs do not differ, or no block has two.

    Args:
        scores: Scores of each block.
        others: Scores of the other method in the same blocks.
    """
    difference = np.mean([one.mean() - other.mean() for one, other in zip(scores, others, strict=True)])
    groups = [*scores, *others]
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(np.square(group - group.mean()).sum() for group in groups)
    return float(difference / np.sqrt(squares / freedom)) if squares > 0 else float("nan")


class Friedman(NamedTuple):
    """Friedman's test whether methods rank alike over blocks, and Nemenyi's critical difference of their mean ranks.

    Attributes:
        statistic: Friedman's statistic, corrected for ties.
        p: Probability of at least this statistic if all methods are equal.
        mean_ranks: Mean rank of each method; 1 is the best.
        critical_difference: Mean ranks that lie less apart are not different at 5 %.
        not_different: Pairs of methods, by their position, that are not different.
    """

    statistic: float
    p: float
    mean_ranks: np.ndarray
    critical_difference: float
    not_different: list[tuple[int, int]]


def friedman(scores: np.ndarray) -> Friedman:
    """Friedman's test with Nemenyi's comparison of all pairs.

    Args:
        scores: One score of each method in each block, shape (blocks, methods).

    Returns:
        Test and comparison.

    Raises:
        InputError: The test cannot be made.
    """
    blocks, methods = scores.shape
    if methods < 3:
        raise InputError(f"Friedman's test compares three methods or more, and `scores` have {methods}")
    if blocks < 2:
        raise InputError(f"Friedman's test needs two blocks or more that all methods share, and `scores` have {blocks}")
    if not np.ptp(scores, axis=1).any():
        raise InputError("Friedman's test ranks methods, and in every block `scores` of all are equal")
    statistic, p = stats.friedmanchisquare(*scores.T)
    ranks = stats.rankdata(-scores, axis=1).mean(axis=0)
    quantile = stats.studentized_range.ppf(LEVEL, methods, np.inf) / np.sqrt(2)
    critical = float(quantile * np.sqrt(methods * (methods + 1) / (6 * blocks)))
    pairs = zip(*np.triu_indices(methods, 1), strict=True)
    near = [(int(i), int(j)) for i, j in pairs if abs(ranks[i] - ranks[j]) < critical]
    return Friedman(float(statistic), float(p), ranks, critical, near)


def breaks_at(levels: Sequence, scores: Sequence[float], reference: float, drop: float):
    """The first level, from the mild end, whose score lies at least `drop` below a reference; None if there is none.

    The mild end is the end of the levels with the higher score; the first where both are equal.

    Args:
        levels: Levels of a limit, from mild to harsh or from harsh to mild.
        scores: Score at each level; NaN where there is none.
        reference: Score without the limit.
        drop: Difference to the reference that counts.
    """
    known = [(level, score) for level, score in zip(levels, scores, strict=True) if np.isfinite(score)]
    if known and known[-1][1] > known[0][1]:
        known.reverse()
    return next((level for level, score in known if score <= reference - drop + _ROUNDING), None)


_ROUNDING = 1e-9
"""Rounding error of scores."""


def pareto_front(error: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Which points no other point beats: none is as good in both error and cost, and better in one.

    Args:
        error: Error of each point; lower is better.
        cost: Cost of each point; lower is better.
    """
    costs, group = np.unique(cost, return_inverse=True)
    lowest = np.full(len(costs), np.inf)
    np.minimum.at(lowest, group, error)
    cheaper = np.minimum.accumulate(np.concatenate([[np.inf], lowest]))[:-1]
    return (error == lowest[group]) & (error < cheaper[group])
