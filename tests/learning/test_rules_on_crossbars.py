"""Every rule on devices: the same as on ideal weights where these are ideal, each verb counted, chips apart."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import data, devices, training
from ohmgrad.crossbar import Hardware
from ohmgrad.networks import HARD_TANH, LINEAR, FeedForward, Tanh
from ohmgrad.networks.initial import gaussian
from ohmgrad.rules import (
    Backpropagation,
    DirectFeedbackAlignment,
    DirectRandomTargetProjection,
    FeedbackAlignment,
    ForwardForward,
    NodePerturbation,
    PredictiveCoding,
    WeightPerturbation,
)
from ohmgrad.synapses import Ideal, Synapse

NETWORK = FeedForward(6, (5, 4), 3, Tanh(), LINEAR)
BATCH, LAYERS, STEPS = 7, 3, 4
RULES = {
    "backpropagation": Backpropagation(NETWORK, loss="cross-entropy"),
    "feedback alignment": FeedbackAlignment(NETWORK, loss="cross-entropy").on_chip(jax.random.key(0)),
    "direct feedback alignment": DirectFeedbackAlignment(NETWORK, dropout=0.2).on_chip(jax.random.key(0)),
    "direct random target projection": DirectRandomTargetProjection(NETWORK).on_chip(jax.random.key(0)),
    "predictive coding": PredictiveCoding(NETWORK, steps=STEPS),
    "forward-forward": ForwardForward(FeedForward(6, (5, 4, 4), 3), threshold=0.3),
    "node perturbation": NodePerturbation(NETWORK, size=0.1),
    "weight perturbation": WeightPerturbation(FeedForward(6, (5, 4), 3, HARD_TANH, HARD_TANH), size=0.1),
}
VECTORS = {  # through each array on the way up, on the way down, per sample
    "backpropagation": ([1, 1, 1], [0, 1, 1]),
    "feedback alignment": ([1, 1, 1], [0, 0, 0]),
    "direct feedback alignment": ([1, 1, 1], [0, 0, 0]),
    "direct random target projection": ([1, 1, 1], [0, 0, 0]),
    "predictive coding": ([1, 1 + STEPS, 1 + STEPS], [0, STEPS, STEPS]),
    "forward-forward": ([3, 3, 3], [0, 0, 0]),
    "node perturbation": ([2, 2, 2], [0, 0, 0]),
    "weight perturbation": ([2, 2, 2], [0, 0, 0]),
}
every_rule = pytest.mark.parametrize("name", RULES)
HARDWARE = Hardware(devices.preset("taox-1t1r"), rows=16, columns=16)


def samples():
    x = jax.random.uniform(jax.random.key(1), (BATCH, 6), minval=-1)
    return x, jax.nn.one_hot(jnp.arange(BATCH) % 3, 3)


@functools.cache
def chips(shapes, hardware):
    """Two of them, for any rule with matrices of these shapes."""
    settings = [1.0] * LAYERS, training.keys([4, 5]), hardware, [3.0] * LAYERS, [1e-3] * LAYERS
    rule = next(rule for rule in RULES.values() if rule.shapes == shapes)
    return training.crossbar_chips(rule, *settings)[0]


def one(chips, number=0):
    return jax.tree.map(lambda leaf: leaf[number], chips)


@eqx.filter_jit
def learn(rule, chip, key):
    """What one batch would have written, what was answered, what that took."""
    writes, inference, counts = rule.learn(chip, *samples(), key)
    return writes, [pre.T @ post for pre, post in writes], inference, counts


@eqx.filter_jit
def written(chip, writes, key):
    return [s.write(*w, key, 0.1)[0].weights for s, w in zip(chip, writes, strict=True)]


@every_rule
def test_a_rule_writes_on_a_crossbar_with_every_effect_off_what_it_writes_on_ideal_weights(name):
    rule, key = RULES[name], jax.random.key(3)
    crossbars = one(chips(rule.shapes, HARDWARE.only()))
    ideal = one(training.ideal_chips(rule, [1.0] * LAYERS, training.keys([4])))
    (writes, ours, answer, _), (wanted, theirs, expected, _) = (learn(rule, chip, key) for chip in (crossbars, ideal))
    ours, theirs = ours + written(crossbars, writes, key), theirs + written(ideal, wanted, key)
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(np.asarray(b)).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * np.abs(np.asarray(b)).max())
    np.testing.assert_allclose(answer.output, expected.output, rtol=1e-3, atol=1e-5)


class Witness(Synapse):
    """Ideal weights that remember how many vectors each verb was given."""

    ideal: Ideal
    seen: list = eqx.field(static=True)

    @property
    def weights(self):
        return self.ideal.weights

    def read(self, x, key):
        self.seen.append(("read", len(x)))
        return self.ideal.read(x)

    def read_transposed(self, y, key):
        self.seen.append(("read_transposed", len(y)))
        return self.ideal.read_transposed(y)

    def write(self, pre, post, key, rate=1.0):
        raise AssertionError("a rule leaves writing to the training")


@every_rule
def test_the_verbs_are_those_of_the_algorithm_and_the_counts_say_so(name):
    rule = RULES[name]
    weights = gaussian(rule.shapes, [1.0] * LAYERS, jax.random.key(0))
    witnesses = [Witness(Ideal(w), []) for w in weights]
    with jax.disable_jit():
        rule.learn(witnesses, *samples(), jax.random.key(3))
    for verb, per_sample in zip(("read", "read_transposed"), VECTORS[name], strict=True):
        found = [sum(vectors for v, vectors in witness.seen if v == verb) for witness in witnesses]
        assert found == [BATCH * each for each in per_sample]

    counts = learn(rule, one(chips(rule.shapes, HARDWARE)), jax.random.key(3))[3]
    assert float(counts.reads) == BATCH * np.sum(VECTORS[name])
    up, down = (BATCH * np.array(each) for each in VECTORS[name])
    rows, columns = np.array(rule.shapes).T
    assert float(counts.dac_conversions) == 2 * (up @ rows + down @ columns)
    np.testing.assert_array_equal(counts.adc_conversions, up * columns + down * rows)  # of each matrix

    ideal = learn(rule, [Ideal(w) for w in weights], jax.random.key(3))[3]
    around = {  # arithmetic of matrices that are no chips
        "feedback alignment": 3 * 4 + 4 * 5,
        "direct feedback alignment": 3 * 5 + 3 * 4,
        "direct random target projection": 3 * 5 + 3 * 4,
        "weight perturbation": sum(rows) + sum(columns),
    }.get(name, 0)
    assert float(ideal.macs) == (up + down) @ (rows * columns) + BATCH * around
    assert float(ideal.reads) == 0


@every_rule
def test_chips_side_by_side_learn_what_each_learns_alone(name):
    rule, key = RULES[name], jax.random.key(3)
    # A converter could turn a last bit into a whole step.
    both = chips(rule.shapes, HARDWARE.without("dac", "adc"))
    together = jax.vmap(lambda chip: learn(rule, chip, key)[1])(both)
    alone = [learn(rule, one(both, number), key)[1] for number in range(2)]
    for layer, matrices in enumerate(together):
        assert np.abs(np.asarray(matrices[0] - matrices[1])).max() > 0
        for number in range(2):
            np.testing.assert_allclose(matrices[number], alone[number][layer], rtol=1e-4, atol=1e-5)


def test_a_training_logs_the_loss_that_its_rule_descends():
    rule, task = (
        Backpropagation(FeedForward(60, (32,), 64, HARD_TANH, LINEAR), loss="cross-entropy"),
        data.braille_words(flips=0.0),
    )
    ideal, keys = training.ideal_chips(rule, [1.0, 1.0], training.keys([0])), training.keys([0])
    start = training.Progress.start(ideal)
    logged = training.train(rule, task, start, keys, learning_rates=[0.0, 0.0], epochs=1, batch=64).loss
    below, above = (synapse.weights[:-1] for synapse in one(ideal))
    drive = jnp.clip(task.words @ below, -1, 1) @ above
    shares = jnp.exp(drive) / jnp.exp(drive).sum(1, keepdims=True)
    assert logged[0, 0] == pytest.approx(float(-jnp.log(jnp.diagonal(shares)).mean()), rel=1e-4)
