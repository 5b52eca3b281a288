"""Intervals against scipy, statsmodels, an analysis of variance, and simulations whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from ohmgrad import intervals

Z = stats.norm.ppf(0.975)


@pytest.fixture
def random():
    return np.random.default_rng(1)


def test_chips_on_their_own_samples_are_a_t_interval_over_their_means(random):
    scores = random.random((5, 400)) < 0.7
    found = intervals.estimate(scores, shared=False)
    means = scores.mean(1)
    expected = stats.t.interval(0.95, 4, means.mean(), stats.sem(means))
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.mean, found.std) == pytest.approx((means.mean(), np.std(means, ddof=1)))


def test_a_difference_is_a_paired_t_test_over_chips(random):
    one, other = random.random((2, 6, 300)) < 0.8
    found = intervals.difference(one, other, shared=False)
    expected = stats.ttest_rel(one.mean(1), other.mean(1)).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("right", [0, 3, 40, 97, 100])
def test_one_chip_has_wilsons_interval(right):
    scores = np.arange(100)[None] < right
    found = intervals.estimate(scores, shared=False)
    expected = stats.binomtest(right, 100).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.std == 0
    assert intervals.estimate(scores, shared=True) == found


def test_chips_that_are_all_right_have_wilsons_interval_of_their_samples():
    own, shared = (intervals.estimate(np.ones((3, 50), bool), shared=each) for each in (False, True))
    assert own[:] == pytest.approx((1, 0, 150 / (150 + Z**2), 1))
    assert shared[:] == pytest.approx((1, 0, 50 / (50 + Z**2), 1))


@pytest.mark.parametrize("better, worse", [(7, 2), (0, 0), (30, 0)])
def test_one_chips_difference_has_the_interval_of_bonett_and_price(better, worse):
    """Their formula 3, with counts of discordant pairs."""
    one, other = np.zeros((2, 1, 80), bool)
    one[0, :better] = other[0, better : better + worse] = True
    found = intervals.difference(one, other, shared=False)
    p12, p21 = (better + 1) / 82, (worse + 1) / 82
    half = Z * np.sqrt((p12 + p21 - (p12 - p21) ** 2) / 82)
    assert (found.low, found.high) == pytest.approx((p12 - p21 - half, p12 - p21 + half))
    assert found.mean == pytest.approx((better - worse) / 80)
    assert -1 <= found.low < found.high <= 1


def test_shared_samples_add_the_variance_that_chips_have_in_common(random):
    """The parts from statsmodels' two-way analysis of variance: (MS_samples - MS_rest) / (chips samples) is added."""
    chips, samples = 4, 60
    scores = random.random((chips, samples)) < expit(1 + 2 * random.normal(size=samples))
    chip, sample = np.indices(scores.shape).reshape(2, -1)
    frame = pd.DataFrame({"y": scores.ravel().astype(float), "chip": chip, "sample": sample})
    table = anova_lm(ols("y ~ C(chip) + C(sample)", frame).fit())
    of_chips, of_samples, rest = table["mean_sq"]
    found = intervals.estimate(scores, shared=True)
    squares = stats.t.ppf(0.975, chips - 1) ** 2 * of_chips + Z**2 * (of_samples - rest)
    half = np.sqrt(squares / (chips * samples))
    assert of_samples > 2 * rest
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))
    assert half > 1.5 * (intervals.estimate(scores, shared=False).high - found.mean)


def test_samples_on_which_chips_disagree_more_than_by_chance_add_nothing():
    """Every sample is right on two of four chips: their covariance is below 0."""
    scores = np.array([[1, 0, 1, 0, 1], [0, 1, 0, 1, 1], [1, 0, 0, 1, 0], [0, 1, 1, 0, 0]], bool)
    assert intervals.estimate(scores, shared=True) == intervals.estimate(scores, shared=False)


def test_intervals_stay_within_what_can_be():
    scores = np.ones((2, 100), bool)
    scores[0, :20] = False
    found = intervals.estimate(scores, shared=False)
    assert found.high == 1 and 0 <= found.low < 0.9
    turned = intervals.difference(scores, ~scores, shared=False)
    assert turned.high == 1 and turned.low >= -1


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("chips", [3, 10])
@pytest.mark.parametrize("logit, of_chips", [(1.0, 0.2), (5.0, 0.1)])
def test_they_hold_the_truth_in_95_of_100_experiments(shared, chips, logit, of_chips):
    """2,000 experiments with chips and samples of unequal difficulty: accuracies of 0.68 and 0.98.

    The truth is a Gauss-Hermite integral. Coverage lies within 93 to 97 %, less or more what 2,000 draws make of it,
    and a little above it where three chips share their samples: their t is taken for what is partly a known variance.
    """
    random, experiments, samples, of_samples = np.random.default_rng(3), 2000, 250, 1.5
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    spread = np.hypot(of_chips, of_samples)
    truths = [(weight / weight.sum()) @ expit(mean + spread * z) for mean in (logit, logit - 0.3)]
    held = np.zeros(2)
    for _ in range(experiments):
        logits = logit + of_chips * random.normal(size=(chips, 1))
        logits = logits + of_samples * random.normal(size=(1 if shared else chips, samples))
        one, other = (
            random.random((chips, samples)) < expit(logits),
            random.random((chips, samples)) < expit(logits - 0.3),
        )
        found = intervals.estimate(one, shared), intervals.difference(one, other, shared)
        truth = truths[0], truths[0] - truths[1]
        held += [each.low <= true <= each.high for each, true in zip(found, truth, strict=True)]
    noise = 3 * np.sqrt(0.05 * 0.95 / experiments)
    assert (held / experiments > 0.93 - noise).all() and (held / experiments < 0.97 + noise).all()


def test_the_share_of_one_chip_is_held_for_that_chip():
    """Its samples alone are drawn anew: the interval is of this chip, 0.9 right."""
    random = np.random.default_rng(4)
    found = [intervals.estimate(random.random((1, 200)) < 0.9, shared=True) for _ in range(2000)]
    assert np.mean([each.low <= 0.9 <= each.high for each in found]) == pytest.approx(0.95, abs=0.015)
