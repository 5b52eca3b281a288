"""Oracle: counting what differs from the arrays that went in; binomial and normal statistics."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from ohmgrad.data import conditions
from ohmgrad.errors import InputError

RANDOM = np.random.default_rng(7)
CLASSES = RANDOM.integers(0, 5, 4000).astype(np.int32)
IMAGES = RANDOM.integers(1, 255, (4000, 6, 7, 3), np.uint8)
SIGNALS = RANDOM.uniform(-0.9, 0.9, (4000, 1, 40, 1)).astype(np.float32)


def test_the_first_of_each_class_are_taken_in_order():
    few = conditions.first_of_each(CLASSES, 30, tuple("abcde"))
    assert (np.bincount(CLASSES[few]) == 30).all() and (np.diff(few) > 0).all()
    for each in range(5):  # none that was left out precedes one that was taken
        assert few[CLASSES[few] == each].tolist() == [i for i, c in enumerate(CLASSES) if c == each][:30]


def test_a_class_with_too_few_samples_is_named():
    with pytest.raises(InputError, match=r"data\.per_class: 3 is above the 2 .* class 'b'; allowed: 1 to 2"):
        conditions.first_of_each(np.array([0, 0, 0, 1, 1]), 3, ("a", "b"))


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_wrong_labels_are_as_many_as_asked_and_evenly_other_classes(share):
    wrong = conditions.mislabelled(CLASSES, share, 5)
    changed = wrong != CLASSES
    assert changed.sum() == share * 4000
    assert set(np.unique(wrong)) == set(range(5))
    step = (wrong - CLASSES)[changed] % 5  # uniform over 1 to 4 where each other class is equally likely
    assert stats.chisquare(np.bincount(step, minlength=5)[1:]).pvalue > 1e-3
    # Which ones are wrong does not depend on the class.
    independent: Any = stats.chi2_contingency([np.bincount(CLASSES[changed]), np.bincount(CLASSES[~changed])])
    assert independent.pvalue > 1e-3


def test_what_is_wrong_at_a_low_level_is_wrong_at_a_higher_one():
    some, more = (conditions.mislabelled(CLASSES, share, 5) for share in (0.1, 0.3))
    assert (more[some != CLASSES] == some[some != CLASSES]).all()
    few, many = (conditions.erased(IMAGES, share) == 0 for share in (0.1, 0.3))
    assert many[few].all()


@pytest.mark.parametrize("samples", [IMAGES, SIGNALS], ids=["images", "signals"])
def test_the_share_of_missing_pixels_is_as_asked_and_others_stay(samples):
    seen = conditions.erased(samples, 0.3)
    missing = (seen == 0).all(-1)  # a pixel is missing in all channels
    assert ((seen == 0).any(-1) == missing).all() and seen.dtype == samples.dtype
    assert stats.binomtest(int(missing.sum()), missing.size, 0.3).pvalue > 1e-3
    np.testing.assert_array_equal(seen[~missing], samples[~missing])
    assert len(np.unique(missing.reshape(len(samples), -1), axis=0)) > 0.99 * len(samples), "others in every sample"


def test_noise_has_the_deviation_asked_for_in_units_of_the_full_scale():
    grey = np.full((3000, 4, 4, 1), 128, np.uint8)
    added = conditions.noisy(grey, 0.05, (0, 255)).astype(float) - 128
    # Rounding to whole bytes adds a variance of 1/12; the relative error of a deviation is 1 / sqrt(2 n).
    assert added.std() == pytest.approx(np.hypot(0.05 * 255, np.sqrt(1 / 12)), rel=4 / np.sqrt(2 * added.size))
    assert added.mean() == pytest.approx(0, abs=4 * 0.05 * 255 / np.sqrt(added.size))
    still = np.zeros((3000, 1, 40, 1), np.float32)
    added = conditions.noisy(still, 0.1, (-1, 1))
    assert added.dtype == np.float32
    assert added.std() == pytest.approx(0.1, rel=4 / np.sqrt(2 * added.size))
    assert stats.kstest(added[::10].ravel(), "norm", (0, 0.1)).pvalue > 1e-3


def test_noise_is_clipped_to_the_range_and_never_wraps_around():
    edges = np.repeat(np.array([0, 255], np.uint8), 5000).reshape(2, 50, 100, 1)
    black, white = conditions.noisy(edges, 0.1, (0, 255)).reshape(2, -1)
    assert black.max() < 255 and white.min() > 0
    for clipped in (black == 0, white == 255):  # half of the noise, and what is rounded there
        share = float(stats.norm.cdf(0.5 / 25.5))
        assert stats.binomtest(int(clipped.sum()), clipped.size, share).pvalue > 1e-3
    loud = conditions.noisy(SIGNALS, 3.0, (-1, 1))
    assert loud.min() == -1 and loud.max() == 1


def test_the_data_are_the_same_every_time_and_for_the_first_samples():
    for change in (lambda x: conditions.noisy(x, 0.2, (0, 255)), lambda x: conditions.erased(x, 0.2)):
        np.testing.assert_array_equal(change(IMAGES), change(IMAGES))
        np.testing.assert_array_equal(change(IMAGES)[:1500], change(IMAGES[:1500]))
    once, again = (conditions.mislabelled(CLASSES, 0.2, 5) for _ in range(2))
    np.testing.assert_array_equal(once, again)
