"""Oracle: likelihoods computed word by word; binomial statistics of the channel."""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from ohmgrad.data import Channel, Codebook, best_decoder, braille_words
from ohmgrad.errors import InputError
from ohmgrad.variants import numbers


def exact_optimum(words: np.ndarray, flips: float) -> float:
    """Accuracy of the maximum-likelihood decoder, summed over every possible received word."""
    dots = words.shape[1]
    total = 0.0
    for received in itertools.product((-1, 1), repeat=dots):
        distance = (words != np.array(received)).sum(1)
        likelihood = flips**distance * (1 - flips) ** (dots - distance)
        total += likelihood.max() / len(words)
    return total


@pytest.mark.parametrize("flips", [0.05, 0.2, 0.4])
def test_best_decoder_reaches_the_maximum_likelihood_optimum(flips):
    words = np.array(
        [[1, 1, 1, 1, 1, 1], [1, 1, -1, -1, 1, 1], [-1, 1, -1, 1, -1, 1], [-1, -1, -1, -1, 1, 1]], np.float32
    )
    task = Codebook(jnp.array(words), "name", Channel(), 1)
    x, index = task.test(Channel(flips=flips), 50_000, jax.random.key(1))
    optimum = exact_optimum(words, flips)
    standard_error = np.sqrt(optimum * (1 - optimum) / len(index))
    assert best_decoder(words, np.asarray(x), np.asarray(index)).mean() == pytest.approx(
        optimum, abs=4 * standard_error
    )


def test_best_decoder_shares_ties():
    words = np.array([[1.0, 1.0], [1.0, -1.0]])
    assert best_decoder(words, np.array([[1.0, 0.0]]), np.array([0])) == [0.5]


def test_channel_flips_and_blanks_independently_at_the_stated_rates():
    n = 400_000
    y = np.asarray(Channel(flips=0.1, unreadable=0.2)(jnp.ones(n), jax.random.key(0)))
    blank, flipped = (y == 0).mean(), (y[y != 0] == -1).mean()
    assert blank == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / n))
    assert flipped == pytest.approx(0.1, abs=5 * np.sqrt(0.09 / (0.8 * n)))


def test_an_epoch_shows_every_word_equally_often_and_never_the_same_corruption_twice():
    task = braille_words(copies=3)
    order, _ = task.epoch(jax.random.key(0), 32)
    assert order.shape == (6, 32)
    assert (np.bincount(np.asarray(order).ravel()) == 3).all()
    x, _ = task.batch((order[0], jax.random.key(1)))
    again, _ = task.batch((order[0], jax.random.key(2)))
    assert (np.asarray(x) != np.asarray(again)).any()


def test_a_batch_that_does_not_divide_the_epoch_is_filled_up():
    order, keys = braille_words(copies=1).epoch(jax.random.key(0), 48)
    assert order.shape == (2, 48) and len(keys) == 2
    assert len(np.unique(order)) == 64


def test_right_asks_for_the_word_or_for_every_dot():
    naming, restoring = braille_words(), braille_words(restore=True)
    index = jnp.array([3, 5])
    assert naming.right(jax.nn.one_hot(jnp.array([3, 6]), 64), index).tolist() == [True, False]
    one_dot_wrong = restoring.words[index].at[1, 17].multiply(-1)
    assert restoring.right(one_dot_wrong, index).tolist() == [True, False]


def labelled(share: float | None, samples: int = 40_000):
    """Words, the words that they are said to be, and the inputs, of a batch."""
    task = braille_words(["owl", "cat", "dog", "hen", "ant"], wrong_labels=share or 0.0)
    index = jnp.arange(samples) % 5
    x, target = task.batch((index, jax.random.key(3)))
    return np.asarray(index), np.asarray(target).argmax(1), np.asarray(x), task


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_wrong_labels_are_other_words_at_the_stated_rate(share):
    index, said, _, task = labelled(share)
    wrong = said != index
    assert stats.binomtest(int(wrong.sum()), len(index), share).pvalue > 1e-3
    assert stats.chisquare(np.bincount((said - index)[wrong] % 5, minlength=5)[1:]).pvalue > 1e-3
    again = task.batch((jnp.asarray(index), jax.random.key(4)))[1].argmax(1)
    assert ((np.asarray(again) != index) != wrong).any(), "drawn anew for every batch"


def test_wrong_labels_leave_the_dots_and_the_tests_as_they_are():
    index, said, x, right = labelled(None)
    assert (said == index).all()
    _, wrong_said, same, wrong = labelled(0.4)
    np.testing.assert_array_equal(x, same)
    # Whether a label is wrong says nothing of the dots that were flipped.
    flips = (x != np.asarray(right.words)[index]).sum(1)
    where = wrong_said != index
    independent: Any = stats.ttest_ind(flips[where], flips[~where])
    assert independent.pvalue > 1e-3
    for draw in ("test_set", "validation_set"):
        drawn = (getattr(task, draw)(jax.random.key(1)) for task in (right, wrong))
        for one, other in zip(*drawn, strict=True):
            np.testing.assert_array_equal(one, other)


def test_words_to_test_and_to_validate_are_drawn_by_the_key_with_the_flips_of_the_training():
    task = braille_words(flips=0.2, copies=20)
    x, index = task.validation_set(jax.random.key(1))
    flipped = np.asarray(x) != np.asarray(task.words)[np.asarray(index)]
    assert (np.bincount(index) == 20).all() and stats.binomtest(int(flipped.sum()), flipped.size, 0.2).pvalue > 1e-3
    assert (np.asarray(task.test_set(jax.random.key(2))[0]) != np.asarray(x)).any()


def test_the_share_of_wrong_labels_is_a_number_and_compiles_once():
    traced = []

    @eqx.filter_jit
    def batch(task):
        traced.append(1)
        return task.batch((jnp.arange(64), jax.random.key(0)))[1]

    for share in (0.1, 0.3):
        batch(numbers(braille_words(wrong_labels=share)))
    assert len(traced) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"wrong_labels": 0.1, "restore": True}, "wrong_labels.*allowed: with answer name"),
        ({"wrong_labels": 1.0}, "less than 1"),
    ],
)
def test_labels_cannot_be_wrong_where_there_are_none_nor_all_of_them(options, said):
    with pytest.raises(InputError, match=said):
        braille_words(**options)
