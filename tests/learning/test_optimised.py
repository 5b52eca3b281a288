"""Oracle: optax by itself, on the same gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ohmgrad import data, training
from ohmgrad.networks import FeedForward
from ohmgrad.rules import Backpropagation
from ohmgrad.runs import checkpoint
from ohmgrad.synapses import Adam, Ideal, Optimised, Sgd

OPTIMISERS = {
    "momentum": (Sgd(0.9), lambda rate: optax.sgd(rate, momentum=0.9)),
    "adam": (Adam(), optax.adam),
    "weight decay": (Sgd(None, 0.1), lambda rate: optax.chain(optax.add_decayed_weights(0.1), optax.sgd(rate))),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_three_writes_equal_three_steps_of_optax(name):
    rate, (ours, make) = 0.05, OPTIMISERS[name]
    keys = jax.random.split(jax.random.key(0), 7)
    weights = jax.random.normal(keys[0], (6, 4))
    synapse, matrix, optimiser = Optimised.begin(weights, ours), weights, make(rate)
    state = optimiser.init(matrix)
    for step in range(3):
        pre, post = jax.random.normal(keys[2 * step + 1], (5, 6)), jax.random.normal(keys[2 * step + 2], (5, 4))
        synapse, counts = synapse.write(pre, post, rate=rate)
        updates, state = optimiser.update(-jnp.einsum("vr,vc->rc", pre, post), state, matrix)
        matrix = jnp.asarray(optax.apply_updates(matrix, updates))
        np.testing.assert_allclose(synapse.weights, matrix, rtol=1e-5, atol=1e-6)
        assert (counts.calls, counts.macs) == (1, 5 * 6 * 4)
    x, y = jnp.ones((2, 6)), jnp.ones((2, 4))
    np.testing.assert_allclose(synapse.read(x)[0], Ideal(matrix).read(x)[0], rtol=1e-5)
    np.testing.assert_allclose(synapse.read_transposed(y)[0], Ideal(matrix).read_transposed(y)[0], rtol=1e-4)


def test_no_write_takes_a_weight_below_its_lowest():
    """Weights of 1 and a step of 5 at every second row: up by it, down to 0.5 and no further."""
    synapse = Optimised.begin(jnp.ones((4, 3)), Sgd(), low=0.5)
    synapse, _ = synapse.write(jnp.array([[1.0, -1.0, 1.0, -1.0]]), jnp.full((1, 3), 5.0))
    assert np.asarray(synapse.weights).T.tolist() == [[6.0, 0.5, 6.0, 0.5]] * 3


def test_plain_descent_by_optax_is_training_ideal_weights():
    rule, task, keys = Backpropagation(FeedForward(60, (20,), 64)), data.braille_words(copies=2), training.keys([0, 1])
    weights = []
    for optimiser in (None, Sgd()):
        start = training.Progress.start(training.ideal_chips(rule, [0.5, 0.5], keys, optimiser))
        end = training.train(rule, task, start, keys, learning_rates=[0.1, 0.1], epochs=2, batch=32)
        weights.append([np.asarray(synapse.matrix) for synapse in end.chips])  # type: ignore[attr-defined]
    for ideal, optimised in zip(*weights, strict=True):
        np.testing.assert_allclose(optimised, ideal, atol=1e-6)


def test_a_training_with_adam_continues_from_its_checkpoint_to_the_same_bits(tmp_path):
    rule, task, keys = Backpropagation(FeedForward(60, (20,), 64)), data.braille_words(copies=2), training.keys([0, 1])
    optimiser = Adam()

    def to(epochs, progress):
        return training.train(rule, task, progress, keys, learning_rates=[0.01] * 2, epochs=epochs, batch=32)

    fresh = training.Progress.start(training.ideal_chips(rule, [0.5, 0.5], keys, optimiser))
    through = to(4, fresh)
    # The schedule depends on the number of epochs, so the first half is taken from the whole training.
    halves = []
    training.train(rule, task, fresh, keys, learning_rates=[0.01] * 2, epochs=4, batch=32, after_epoch=halves.append)
    checkpoint.save_arms(tmp_path, "here", {"ideal": (halves[1], [])})
    restored = checkpoint.load_arms(tmp_path, "here", lambda _: fresh.chips)["ideal"][0]
    assert restored.epoch == 2
    for a, b in zip(jax.tree.leaves(to(4, restored).chips), jax.tree.leaves(through.chips), strict=True):
        assert (np.asarray(a) == np.asarray(b)).all()
