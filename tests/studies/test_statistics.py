"""Statistics of studies against rliable, SciPy, scikit-posthocs, published figures, counting, and simulated truth.

The figures of rliable 1.2.0 (with arch 7.2.0, pandas 2.3.3, numpy 2.4.6, scipy 1.17.1) are the output of:

    import numpy as np
    from rliable import library, metrics
    rng = np.random.default_rng(7)
    x = np.round(rng.beta(8, 2, (7, 5)), 2)  # runs, blocks
    y = np.round(rng.beta(7, 3, (7, 5)), 2)
    np.random.seed(11)
    print(metrics.aggregate_iqm(x), metrics.aggregate_iqm(y), metrics.probability_of_improvement(x, y))
    iqm = lambda s: np.array([metrics.aggregate_iqm(s)])
    print(library.get_interval_estimates({"x": x, "y": y}, iqm, reps=50000))
    poi = lambda a, b: np.array([metrics.probability_of_improvement(a, b)])
    print(library.get_interval_estimates({"xy": [x, y]}, poi, reps=20000))
    print(library.create_performance_profile({"x": x}, np.array([0.5, 0.7, 0.8, 0.9]), reps=50000))
"""

from functools import partial

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from ohmgrad.errors import InputError
from ohmgrad.studies import statistics

OF_DRAWING = 0.006
"""Difference of the ends of two bootstrap intervals by their draws."""


@pytest.fixture
def random():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def pair():
    """The scores that rliable got, by block."""
    rng = np.random.default_rng(7)
    return tuple(list(np.round(rng.beta(a, b, (7, 5)), 2).T) for a, b in ((8, 2), (7, 3)))


@pytest.mark.parametrize(
    ("which", "value", "low", "high"),
    [(0, 0.7963157894736842, 0.75631579, 0.83736842), (1, 0.7194736842105263, 0.67052632, 0.77210526)],
)
def test_interquartile_mean_is_that_of_rliable(pair, which, value, low, high):
    found = statistics.stratified_bootstrap(statistics.interquartile_mean, pair[which])
    assert found.value == pytest.approx(value, rel=1e-12)
    assert (found.low, found.high) == pytest.approx((low, high), abs=OF_DRAWING)


def test_probability_of_improvement_is_that_of_rliable(pair):
    found = statistics.stratified_bootstrap(statistics.probability_of_improvement, *pair, resamples=10_000)
    assert found.value == pytest.approx(0.6653061224489797, rel=1e-12)
    assert (found.low, found.high) == pytest.approx((0.53469388, 0.78979592), abs=OF_DRAWING)


def test_performance_profile_is_that_of_rliable(pair):
    profile = partial(statistics.performance_profile, thresholds=np.array([0.5, 0.7, 0.8, 0.9]))
    found = statistics.stratified_bootstrap(profile, pair[0])
    one_run = 1 / 35
    assert found.value == pytest.approx([0.94285714, 0.8, 0.48571429, 0.25714286])
    assert found.low == pytest.approx([0.85714286, 0.65714286, 0.34285714, 0.14285714], abs=1.01 * one_run)
    assert found.high == pytest.approx([1.0, 0.91428571, 0.62857143, 0.4], abs=1.01 * one_run)


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([[8, 1, 7, 2], [6, 3, 5, 4]], 4.5),  # of 1 to 8, 3 to 6 are left
        ([[0, 0, 0, 100]], 0),
        ([[1, 2, 6]], 3),  # a quarter of three runs is none
        ([[5]], 5),
        ([[0, 1], [2, 3, 4, 90, -90]], 2),  # one of seven is cut off at each end: -90 and 90
    ],
)
def test_interquartile_mean_of_known_lists(blocks, expected):
    assert statistics.interquartile_mean([np.array(block, float) for block in blocks]) == pytest.approx(expected)


@pytest.mark.parametrize("runs", [1, 2, 5, 8, 11, 102])
def test_interquartile_mean_is_the_trimmed_mean_of_scipy(random, runs):
    scores = random.normal(size=(3, runs))
    expected = stats.trim_mean(scores, 0.25, axis=1)
    assert statistics.interquartile_mean([scores]) == pytest.approx(expected)


def wins(scores, others):
    return [(one > other) + (one == other) / 2 for one in scores for other in others]


def test_probability_of_improvement_and_cliffs_delta_by_counting_pairs(random):
    scores = [random.integers(0, 6, n).astype(float) for n in (3, 7, 1)]
    others = [random.integers(0, 6, n).astype(float) for n in (5, 2, 4)]
    expected = np.mean([np.mean(wins(one, other)) for one, other in zip(scores, others, strict=True)])
    assert statistics.probability_of_improvement(scores, others) == pytest.approx(expected)
    signs = [np.mean([np.sign(a - b) for a in x for b in y]) for x, y in zip(scores, others, strict=True)]
    assert statistics.cliffs_delta(scores, others) == pytest.approx(np.mean(signs))


def test_cohens_d_of_a_known_case():
    """Means 5 and 2; squares 2, 8 and 2, 2 with 1, 2, 1 and 1 degrees of freedom, so a variance of 14 / 5."""
    scores, others = [[5, 7], [2, 4, 6]], [[1, 3], [1, 3]]
    found = statistics.cohens_d([np.array(x, float) for x in scores], [np.array(x, float) for x in others])
    assert found == pytest.approx(3 / (14 / 5) ** 0.5)


def test_cohens_d_is_unknown_where_runs_do_not_differ():
    assert np.isnan(statistics.cohens_d([np.array([0.9])], [np.array([0.8])]))
    assert np.isnan(statistics.cohens_d([np.array([0.9, 0.9])], [np.array([0.8, 0.8])]))


def test_profile_by_counting(random):
    scores = [random.integers(0, 10, (2, 3, n)) / 10 for n in (4, 6)]
    thresholds = np.linspace(0, 1, 11)
    runs = np.concatenate(scores, -1)
    expected = [[[np.mean(runs[i, j] > tau) for tau in thresholds] for j in range(3)] for i in range(2)]
    assert statistics.performance_profile(scores, thresholds) == pytest.approx(np.array(expected))


def test_runs_are_drawn_within_their_block():
    """Two blocks without spread have no uncertainty, however far apart they are."""
    found = statistics.stratified_bootstrap(_mean, [np.zeros(3), np.ones(9)])
    assert found == (0.5, 0.5, 0.5)


def test_the_number_of_draws_is_kept_where_they_are_made_in_parts():
    drawn = []

    def mean(blocks):
        drawn.append(blocks[0].shape)
        return blocks[0].mean(-1)

    statistics.stratified_bootstrap(mean, [np.arange(3000.0)], resamples=1500)
    assert drawn[0] == (3000,) and len(drawn) > 2
    assert sum(times for times, _ in drawn[1:]) == 1500


def test_one_run_in_each_block_has_no_interval():
    found = statistics.stratified_bootstrap(statistics.interquartile_mean, [np.array([0.5]), np.array([0.7])])
    assert found.value == pytest.approx(0.6) and np.isnan(found.low) and np.isnan(found.high)
    found = statistics.paired_difference([np.array([0.5]), np.array([0.7])])
    assert found.value == pytest.approx(0.6) and np.isnan(found.low) and np.isnan(found.high)


@pytest.mark.parametrize(("runs", "blocks", "expected"), [(3, 1, 0.74), (5, 1, 0.82), (10, 1, 0.90), (10, 10, 0.94)])
def test_how_often_the_bootstrap_covers_the_truth(random, runs, blocks, expected):
    """The figures of the module, by an independent bootstrap. For ten blocks, resampling shrinks the standard error by
    sqrt(9 / 10), so 1.96 of them are 1.86, which cover 94 %."""
    inside = []
    for trial in range(600):
        scores = list(random.normal(size=(blocks, runs)))
        found = statistics.stratified_bootstrap(_mean, scores, resamples=400, seed=trial)
        inside.append(found.low <= 0 <= found.high)
    assert np.mean(inside) == pytest.approx(expected, abs=3.5 * (expected * (1 - expected) / 600) ** 0.5)


def _mean(blocks):
    return np.mean([block.mean(-1) for block in blocks], axis=0)


@pytest.mark.parametrize("runs", [(3,), (3, 3, 3, 3), (2, 10, 4)])
def test_a_paired_difference_covers_the_truth(random, runs):
    inside = []
    for _ in range(1500):
        found = statistics.paired_difference([random.normal(0, i + 1, n) for i, n in enumerate(runs)])
        inside.append(found.low <= 0 <= found.high)
    assert 0.93 < np.mean(inside) < 0.985


def test_a_paired_difference_is_the_t_test_and_over_two_blocks_that_of_welch(random):
    one, other = random.normal(3, 1, 6), random.normal(1, 4, 4)
    found = statistics.paired_difference([one])
    assert found[1:] == pytest.approx(tuple(stats.ttest_1samp(one, 0).confidence_interval(0.95)))
    found = statistics.paired_difference([one, -other])  # half the difference of the means
    welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (2 * found.low, 2 * found.high) == pytest.approx(tuple(welch))


def test_a_block_with_one_pair_takes_the_variance_of_the_others():
    """Variance 2 for both, from one degree of freedom: that of the mean is (2 / 2 + 2 / 1) / 4."""
    found = statistics.paired_difference([np.array([1.0, 3.0]), np.array([6.0])])
    half = stats.t.ppf(0.975, 1) * (3 / 4) ** 0.5
    assert found == pytest.approx((4, 4 - half, 4 + half))


DEMSAR = """
.763 .768 .771 .798  .599 .591 .590 .569  .954 .971 .968 .967  .628 .661 .654 .657  .882 .888 .886 .898
.936 .931 .916 .931  .661 .668 .609 .685  .583 .583 .563 .625  .775 .838 .866 .875  1 1 1 1
.940 .962 .965 .962  .619 .666 .614 .669  .972 .981 .9751 .975  .957 .978 .946 .970
"""
"""Area under the curve of four variants of C4.5 on 14 data sets (Demšar 2006, table 6, whose ranks tell the last two
variants apart on the 13th data set, where the printed figures are equal)."""


def test_friedman_and_nemenyi_of_the_published_example():
    """Printed there: mean ranks; Friedman's statistic 9.28, which does not correct for ties (a pair in three data sets
    and all four in one); a critical value of 2.569, so that the difference 3.143 - 1.964 is not critical."""
    found = statistics.friedman(np.array(DEMSAR.split(), float).reshape(14, 4))
    assert found.mean_ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    ties = 1 - (3 * (2**3 - 2) + (4**3 - 4)) / (14 * (4**3 - 4))
    assert found.statistic * ties == pytest.approx(9.28, abs=5e-3)
    assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 3))
    assert found.critical_difference == pytest.approx(2.569 * (4 * 5 / (6 * 14)) ** 0.5, abs=5e-4)
    assert len(found.not_different) == 6


@pytest.mark.parametrize(("blocks", "methods"), [(4, 3), (12, 5), (40, 8)])
def test_pairs_are_those_of_scikit_posthocs(random, blocks, methods):
    scores = random.normal(size=(blocks, methods)) + 0.3 * np.arange(methods)
    p = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    expected = [(i, j) for i in range(methods) for j in range(i + 1, methods) if p[i, j] > 0.05]
    assert statistics.friedman(scores).not_different == expected


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (np.ones((5, 2)), "three methods or more, .* have 2"),
        (np.arange(3.0)[None], "two blocks or more .* have 1"),
        (np.zeros((0, 3)), "two blocks or more .* have 0"),
        (np.full((4, 3), 0.5), "of all are equal"),
    ],
)
def test_why_methods_cannot_be_ranked(scores, reason):
    with pytest.raises(InputError, match=reason):
        statistics.friedman(scores)


@pytest.mark.parametrize(
    ("levels", "scores", "expected"),
    [
        ([8, 6, 4, 2], [0.9, 0.88, 0.85, 0.3], 4),  # exactly 5 points below 0.9
        ([2, 4, 6, 8], [0.3, 0.85, 0.88, 0.9], 4),
        ([8, 6, 4, 2], [0.9, 0.7, 0.89, 0.3], 6),
        (["off", "mild", "harsh"], [0.91, 0.9, 0.6], "harsh"),
        ([1, 2], [0.5, 0.5], 1),
        ([1, 2], [0.9, 0.86], None),
        ([1, 2, 3], [np.nan, 0.89, 0.2], 3),
        ([1, 2], [np.nan, np.nan], None),
        ([], [], None),
    ],
)
def test_where_a_method_breaks(levels, scores, expected):
    assert statistics.breaks_at(levels, scores, 0.9, 0.05) == expected


def test_nothing_breaks_without_a_reference():
    assert statistics.breaks_at([1, 2], [0.5, 0.4], np.nan, 0.05) is None


def test_pareto_front_of_known_points():
    error = np.array([0.1, 0.2, 0.2, 0.3, 0.1, 0.4])
    cost = np.array([5.0, 3.0, 4.0, 1.0, 5.0, 1.0])
    assert statistics.pareto_front(error, cost).tolist() == [True, True, False, True, True, False]


def test_pareto_front_by_definition(random):
    error, cost = random.integers(0, 8, (2, 60)).astype(float)
    points = list(zip(error, cost, strict=True))
    beaten = [any(a <= e and b <= c and (a, b) != (e, c) for a, b in points) for e, c in points]
    assert statistics.pareto_front(error, cost).tolist() == [not each for each in beaten]
