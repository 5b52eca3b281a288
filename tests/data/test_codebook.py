"""Oracle: likelihoods computed word by word; binomial statistics of the channel."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.data import Channel, Codebook, best_decoder, braille_words


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
