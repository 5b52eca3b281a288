"""Oracle: automatic differentiation, in double precision, of the settled loss and of the energy written out again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.errors import InputError
from ohmgrad.networks import (
    HARD_SIGMOID,
    AveragePooling,
    ConvolutionalHopfield,
    Free,
    MaxPooling,
    Nudge,
    Settling,
    SoftPooling,
)
from ohmgrad.rules import ActivityDifference
from ohmgrad.synapses import Ideal

KEY = jax.random.key(0)
SWEEPS = 120
STRENGTHS = (8e-4, 4e-4, 2e-4)  # so weak that no neuron reaches or leaves its rail and no window changes its winner
NETWORKS = {
    "max": ConvolutionalHopfield((8, 8, 2), (4, 5), 3),
    "max, hard-sigmoid output": ConvolutionalHopfield((8, 8, 2), (4, 5), 3, output=HARD_SIGMOID),
    "average": ConvolutionalHopfield((8, 8, 2), (4, 5), 3, pooling=AveragePooling()),
    "soft": ConvolutionalHopfield((8, 8, 2), (4, 5), 3, pooling=SoftPooling(2.0)),
    "max, five by five unpadded": ConvolutionalHopfield((8, 8, 1), (6,), 3, size=5, padding=0),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def problem(network, seed=2):
    """Weights with biases, images, targets: no two places of a window are alike."""
    keys = jax.random.split(jax.random.key(seed), 8)
    weights = []
    for (rows, columns), key in zip(network.shapes, keys, strict=False):
        w = 1.2 / np.sqrt(rows) * jax.random.normal(key, (rows, columns), jnp.float64)
        weights.append(w.at[-1].set(0.2 * jax.random.normal(keys[7], (columns,))))
    x = jax.random.uniform(keys[5], (3, *network.image), jnp.float64)
    return weights, x, jax.random.uniform(keys[6], (3, network.outputs), jnp.float64)


def settle(network, weights, x, push, state=None, order="odd-even"):
    synapses = network.mounted([Ideal(w) for w in weights])
    feed, _ = network.feed(synapses, x, KEY)
    return network.settle(synapses, feed, push, state or network.start(x), Settling(SWEEPS, order=order), KEY)[0]


def pooled(pooling, maps):
    """Pooling, by the definition, of windows as one axis."""
    batch, height, width, kernels = maps.shape
    windows = maps.reshape(batch, height // 2, 2, width // 2, 2, kernels).transpose(0, 1, 3, 5, 2, 4)
    windows = windows.reshape(*windows.shape[:4], 4)
    if isinstance(pooling, MaxPooling):
        return windows.max(-1)
    if isinstance(pooling, AveragePooling):
        return windows.mean(-1)
    return jnp.log(jnp.exp(pooling.sharpness * windows).mean(-1)) / pooling.sharpness


def energy(network, weights, x, activities):
    """Scellier et al. (arXiv:2312.15103), written out once more."""
    total, below = jnp.zeros(len(x)), x
    for w, s in zip(weights[:-1], activities[:-1], strict=True):
        kernels = w[:-1].reshape(network.size, network.size, below.shape[-1], -1)
        maps = jax.lax.conv_general_dilated(
            below, kernels, (1, 1), [(network.padding,) * 2] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        total += (jnp.square(s) / 2 - (pooled(network.pooling, maps) + w[-1]) * s).sum((1, 2, 3))
        below = s
    output = activities[-1]
    drive = below.reshape(len(x), -1) @ weights[-1][:-1] + weights[-1][-1]
    return total + (jnp.square(output) / 2 - drive * output).sum(1)


def distance(a, b):
    flat = [np.concatenate([np.ravel(m) for m in matrices]) for matrices in (a, b)]
    return np.linalg.norm(flat[0] - flat[1]) / np.linalg.norm(flat[1])


@every_network
@pytest.mark.parametrize(("side", "order"), [("positive", 1), ("centered", 2)])
def test_update_tends_to_the_gradient_of_the_settled_loss_at_the_order_it_claims(name, side, order):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    free = settle(network, weights, x, Free())
    assert free.residual.max() < 1e-12
    assert all(0 < np.mean((s > 0) & (s < 1)) < 1 for s in network.activities(free.state)[:-1]), "some on their rails"

    @jax.jit
    def loss(weights):
        return jnp.square(settle(network, weights, x, Free()).state[-1] - target).sum(1).mean() / 2

    exact, errors = jax.grad(loss)(weights), []
    for strength in STRENGTHS:
        settling = Settling(SWEEPS, order="odd-even")
        rule = ActivityDifference(network, strength=strength, side=side, free=settling, pushed=settling)
        synapses = network.mounted([Ideal(w) for w in weights])
        writes, _, _ = rule.learn(synapses, x, target, KEY)
        written = [synapse.write(*write, KEY)[0] for synapse, write in zip(synapses, writes, strict=True)]
        errors.append(distance([w - new.weights for w, new in zip(weights, written, strict=True)], exact))
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert errors[-1] < 0.001
    assert orders == pytest.approx(order, abs=0.15)


@every_network
@pytest.mark.parametrize("strength", [0.0, 0.4, -0.4])
def test_settled_state_is_a_minimum_of_the_pushed_energy_on_the_box(name, strength):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    activities = network.activities(settle(network, weights, x, Nudge(target, strength)).state)

    def pushed_energy(activities):
        push = strength / 2 * jnp.square(activities[-1] - target).sum(1)
        return (energy(network, weights, x, activities) + push).sum()

    neurons = [network.hidden] * (len(activities) - 1) + [network.output]
    for s, slope, neuron in zip(activities, jax.grad(pushed_energy)(activities), neurons, strict=True):
        inside = (s > neuron.low) & (s < neuron.high)
        assert np.abs(np.where(inside, slope, 0)).max() < 1e-9
        assert (np.where(s == neuron.high, slope, 0) <= 1e-9).all()
        assert (np.where(s == neuron.low, slope, 0) >= -1e-9).all()


@every_network
def test_all_orders_settle_where_odd_even_does(name):
    """From the same start to the same minimum, here where the couplings are weak enough for it to be the only one."""
    network = NETWORKS[name]
    weights, x, _ = problem(network)
    states = [
        network.activities(settle(network, [0.5 * w for w in weights], x, Free(), order=order).state)
        for order in ("odd-even", "forward", "backward", "synchronous")
    ]
    for state in states[1:]:
        for ours, other in zip(states[0], state, strict=True):
            np.testing.assert_allclose(ours, other, atol=1e-9)


@every_network
def test_energy_is_what_it_says(name):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    state = settle(network, weights, x, Nudge(target, 0.3)).state
    np.testing.assert_allclose(
        network.energy(weights, x, state), energy(network, weights, x, network.activities(state)), rtol=1e-12
    )


def test_images_that_cannot_be_pooled_are_named():
    with pytest.raises(InputError, match="images of 7 x 7 give maps of 7 x 7"):
        ConvolutionalHopfield((28, 28, 1), (4, 4, 4), 10)
