"""Oracle: what a chip must keep of its network and of its own draw, solved from the weights that a training leaves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import data, training
from ohmgrad.errors import InputError
from ohmgrad.networks import HARD_TANH, LINEAR, FeedForward, LayeredHopfield, Logistic, Settling
from ohmgrad.parts import given
from ohmgrad.rules import (
    ActivityDifference,
    Backpropagation,
    DirectFeedbackAlignment,
    DirectRandomTargetProjection,
    FeedbackAlignment,
    HolomorphicEquilibriumPropagation,
    RecurrentBackpropagation,
    TruncatedBackpropagation,
)
from ohmgrad.synapses import Ideal

WORDS = ["ohm", "volt", "ampere"]
KEYS = training.keys([0, 1, 2])


def weights(chips):
    """Of the first layer, on every chip."""
    return np.asarray(jax.vmap(lambda synapse: synapse.weights)(chips[0]))


class OfOnes(LayeredHopfield):
    """A network, without the hidden layer that recipes have, whose weights start at 1 and may not fall below 0.9."""

    hidden: tuple[int, ...] = given()

    @property
    def low(self):
        return 0.9

    def initial(self, gains, key):
        return [jnp.ones(shape) for shape in self.shapes]


@pytest.mark.parametrize(
    "rule",
    [
        ActivityDifference(OfOnes(60, (), 3, HARD_TANH, LINEAR), free=Settling(3), pushed=Settling(3)),
        HolomorphicEquilibriumPropagation(OfOnes(60, (), 3, Logistic(), LINEAR), free=Settling(3), pushed=Settling(3)),
        RecurrentBackpropagation(OfOnes(60, (), 3, HARD_TANH, LINEAR), free=Settling(3), adjoint=Settling(3)),
        TruncatedBackpropagation(OfOnes(60, (), 3, HARD_TANH, LINEAR), free=Settling(3), depth=2),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_weights_start_and_are_bounded_as_the_network_wants_them(rule):
    task = data.braille_words(WORDS, flips=0.0, copies=1)
    chips = training.ideal_chips(rule, [0.5], KEYS)
    assert weights(chips).tolist() == np.ones((3, 61, 3)).tolist()
    start = training.Progress.start(chips)
    done = training.train(rule, task, start, KEYS, learning_rates=[1e3], epochs=1, batch=3)
    assert weights(done.chips).min() == np.float32(0.9)


def feedback_of(weights, rates, rows):
    """What the errors of a network without output weights must have gone through to make these first weights."""
    words = np.asarray(data.braille_words(WORDS).words, np.float64)
    driven = np.column_stack([words, np.ones(3)]).T @ np.eye(3)[:, :rows]
    found, *_ = np.linalg.lstsq(sum(rates) / 3 * driven, np.asarray(weights, np.float64))
    np.testing.assert_allclose(sum(rates) / 3 * driven @ found, weights, atol=1e-5)
    return found


@pytest.mark.parametrize("kind", [FeedbackAlignment, DirectFeedbackAlignment, DirectRandomTargetProjection])
def test_every_chip_has_a_feedback_of_its_own_for_all_its_life(kind):
    """Linear neurons and no output weights: the error is the target, and stays it, so the writes show the feedback."""
    rule, task = kind(FeedForward(60, (400,), 3, LINEAR, LINEAR)), data.braille_words(WORDS, flips=0.0, copies=1)
    progress = training.Progress.start(training.ideal_chips(rule, [0.0, 0.0], KEYS))
    settings = {"learning_rates": [1.0, 0.0], "batch": 3, "schedule": training.exponential(0.5)}
    feedbacks = []
    for epochs, rates in ((1, [1]), (3, [1, 0.5, 0.25])):
        progress = training.train(rule, task, progress, KEYS, epochs=epochs, **settings)
        feedbacks.append([feedback_of(chip, rates, 3) for chip in weights(progress.chips)])
    np.testing.assert_allclose(feedbacks[0], feedbacks[1], atol=1e-5)
    drawn = np.ravel(feedbacks[0])
    assert np.square(drawn).mean() == pytest.approx(1 / 3, rel=5 * np.sqrt(2 / len(drawn)))
    alike = np.corrcoef([np.ravel(chip) for chip in feedbacks[0]])
    assert np.abs(alike[np.triu_indices(3, 1)]).max() < 5 / np.sqrt(1200)


def test_a_rule_whose_feedback_is_not_drawn_says_so():
    rule = FeedbackAlignment(FeedForward(60, (5,), 3))
    chip = [Ideal(jnp.ones(shape)) for shape in rule.shapes]
    with pytest.raises(InputError, match=r"rule.on_chip\(key\) draws"):
        rule.learn(chip, jnp.ones((1, 60)), jnp.ones((1, 3)), KEYS[0])


def test_feedback_that_is_given_is_that_of_every_chip():
    given = jax.random.normal(jax.random.key(9), (3, 5))
    rule = DirectFeedbackAlignment(FeedForward(60, (5,), 3), feedback=(Ideal(given),))
    assert rule.on_chip(KEYS[0]).feedback[0].weights is given


def test_counts_above_two_to_the_24_are_off_by_rounding_alone():
    """A batch's multiply-accumulates are a sum of five numbers: two reads, one read_transposed, two writes."""
    rule, task = Backpropagation(FeedForward(60, (1023,), 3)), data.braille_words(WORDS, copies=67)
    start = training.Progress.start(training.ideal_chips(rule, [1.0, 1.0], KEYS[:1]))
    done = training.train(rule, task, start, KEYS[:1], learning_rates=[0.0, 0.0], epochs=7, batch=201)
    first, second = 201 * 61 * 1023, 201 * 1024 * 3
    exact = 7 * (2 * first + 3 * second)
    assert exact / 7 > 2**24
    assert float(done.counts.macs[0]) == pytest.approx(exact, rel=5 * 2**-24)
    assert float(done.counts.edge_inputs[0]) == 7 * 201 * 63


def test_a_batch_above_the_samples_of_an_epoch_is_refused():
    rule, task = Backpropagation(FeedForward(60, (5,), 3)), data.braille_words(WORDS, copies=2)
    start = training.Progress.start(training.ideal_chips(rule, [1.0, 1.0], KEYS))
    with pytest.raises(InputError, match=r"^training.batch: 7 is above the 6 samples of an epoch; allowed: 1 to 6$"):
        training.train(rule, task, start, KEYS, learning_rates=[0.1, 0.1], epochs=1, batch=7)
    training.train(rule, task, start, KEYS, learning_rates=[0.1, 0.1], epochs=1, batch=6)
