"""Oracle: automatic differentiation, in double precision, of the settled loss and of the energy written out again."""

from typing import get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradients import distance

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
from ohmgrad.networks.settling import Order
from ohmgrad.rules import ActivityDifference
from ohmgrad.synapses import Convolution, Ideal

KEY = jax.random.key(0)
SWEEPS = 120
STRENGTHS = (8e-4, 4e-4)  # so weak that no neuron reaches or leaves its rail and no window changes its winner
NETWORKS = {
    "max": ConvolutionalHopfield((8, 8, 2), (4, 5), 3),
    "max, hard-sigmoid output": ConvolutionalHopfield((8, 8, 2), (4, 5), 3, output_neuron=HARD_SIGMOID),
    "average": ConvolutionalHopfield((8, 8, 2), (4, 5), 3, pooling=AveragePooling()),
    "soft": ConvolutionalHopfield((8, 8, 2), (4, 5), 3, pooling=SoftPooling(2.0)),
    "max, five by five unpadded": ConvolutionalHopfield((8, 8, 1), (6,), 3, size=5, padding=0),
    "max, skips past unpooled layers": ConvolutionalHopfield(
        (8, 8, 2), (4, 5, 3, 4), 3, unpooled=(2, 3, 4), skips=((1, 3), (1, 4))
    ),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


pytestmark = pytest.mark.usefixtures("double_precision")


def problem(network, seed=2):
    """Weights with biases, images, targets: no two places of a window are alike; deep networks settle in time."""
    keys = jax.random.split(jax.random.key(seed), 8)
    weights = []
    for (rows, columns), key in zip(network.shapes, keys, strict=False):
        w = (0.3 if network.skips else 1.1) / np.sqrt(rows) * jax.random.normal(key, (rows, columns), jnp.float64)
        weights.append(w.at[-1].set(0.2 * jax.random.normal(keys[7], (columns,))))
    x = jax.random.uniform(keys[5], (3, *network.image), jnp.float64)
    return weights, x, jax.random.uniform(keys[6], (3, network.outputs), jnp.float64)


@eqx.filter_jit
def settle(network, weights, x, push, state=None, order: Order = "odd-even"):
    synapses = network.mounted([Ideal(w) for w in weights])
    feed, _ = network.feed(synapses, x, KEY)
    return network.settle(synapses, feed, push, state or network.start(x), Settling(SWEEPS, order=order), KEY)


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
    total, below, last = jnp.zeros(len(x)), x, len(network.kernels)
    for layer, (w, s) in enumerate(zip(weights[:last], activities[:-1], strict=True), start=1):
        kernels = w[:-1].reshape(network.size, network.size, below.shape[-1], -1)
        maps = jax.lax.conv_general_dilated(
            below, kernels, (1, 1), [(network.padding,) * 2] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        taken = maps if layer in network.unpooled else pooled(network.pooling, maps)
        total += (jnp.square(s) / 2 - (taken + w[-1].reshape(1, 1, 1, -1)) * s).sum((1, 2, 3))
        below = s
    for w, (lower, upper) in zip(weights[last + 1 :], network.skips, strict=True):
        total -= ((activities[lower - 1] @ w[:-1] + w[-1:]) * activities[upper - 1]).sum((1, 2, 3))
    output = activities[-1]
    drive = below.reshape(len(x), -1) @ weights[last][:-1] + weights[last][-1]
    return total + (jnp.square(output) / 2 - drive * output).sum(1)


@eqx.filter_jit
def estimate(rule, weights, x, target):
    """The gradient that the rule's writes descend."""
    synapses = rule.mounted([Ideal(w) for w in weights])
    writes, _, _ = rule.learn(synapses, x, target, KEY)
    written = [synapse.write(*write, KEY)[0] for synapse, write in zip(synapses, writes, strict=True)]
    return [w - new.weights for w, new in zip(weights, written, strict=True)]


@pytest.mark.parametrize(
    ("name", "side", "order"),
    [("max", "positive", 1), *((name, "centered", 2) for name in NETWORKS if name != "max, hard-sigmoid output")],
)
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
        errors.append(distance(estimate(rule, weights, x, target), exact))
    assert errors[-1] < 0.001
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


@every_network
@pytest.mark.parametrize("strength", [0.0, 0.4, -0.4])
def test_settled_state_is_a_minimum_of_the_pushed_energy_on_the_box(name, strength):
    network = NETWORKS[name]
    weights, x, target = problem(network)
    activities = network.activities(settle(network, weights, x, Nudge(target, jnp.array(strength))).state)

    def pushed_energy(activities):
        push = strength / 2 * jnp.square(activities[-1] - target).sum(1)
        return (energy(network, weights, x, activities) + push).sum()

    bounded = [True] * (len(activities) - 1) + [network.output_neuron == HARD_SIGMOID]
    for s, slope, rails in zip(activities, jax.grad(pushed_energy)(activities), bounded, strict=True):
        inside = (s > 0) & (s < 1) | (not rails)
        assert np.abs(np.where(inside, slope, 0)).max() < 1e-9
        assert not rails or ((s >= 0) & (s <= 1)).all()
        assert (np.where(~inside & (s == 1), slope, 0) <= 1e-9).all()
        assert (np.where(~inside & (s == 0), slope, 0) >= -1e-9).all()


def test_all_orders_settle_where_odd_even_does():
    """From the same start to the same minimum, here where the couplings are so weak that there is one only."""
    network = NETWORKS["max"]
    weights, x, _ = problem(network)
    states = [
        network.activities(settle(network, [0.5 * w for w in weights], x, Free(), order=order).state)
        for order in get_args(Order)
    ]
    for state in states[1:]:
        for ours, other in zip(states[0], state, strict=True):
            np.testing.assert_allclose(ours, other, atol=1e-9)


@every_network
def test_energy_is_what_it_says(name):
    network = NETWORKS[name]
    weights, x, _ = problem(network)
    start = network.start(x)
    layers = [jax.random.uniform(jax.random.key(s.size), s.shape, s.dtype) for s in network.activities(start)]
    state = (*(old._replace(activity=new) for old, new in zip(start[:-1], layers[:-1], strict=True)), layers[-1])
    np.testing.assert_allclose(network.energy(weights, x, state), energy(network, weights, x, layers), rtol=1e-12)


def test_kernels_held_in_another_form_settle_where_plain_sums_do():
    """Layers of many channels: single precision against the minimum in double precision, found without `held`."""
    network = ConvolutionalHopfield((8, 8, 32), (32, 33), 3)
    weights, x, target = problem(network)
    synapses, push, order = (
        network.mounted([Ideal(w) for w in weights]),
        Nudge(target, 0.3),
        Settling(1, order="odd-even"),
    )
    feed, _ = network.feed(synapses, x, KEY)
    plain = jax.lax.fori_loop(
        0, SWEEPS, lambda _, s: network.sweep(synapses, feed, push, s, order, KEY)[0], network.start(x)
    )
    assert not any(isinstance(s, Convolution) and s.products is not None for s in synapses)
    single = [w.astype(jnp.float32) for w in weights]
    held = settle(network, single, x.astype(jnp.float32), Nudge(target.astype(jnp.float32), jnp.float32(0.3)))
    for ours, reference in zip(network.activities(held.state), network.activities(plain), strict=True):
        np.testing.assert_allclose(ours, reference, atol=1e-5)


def test_images_that_cannot_be_pooled_are_named():
    with pytest.raises(InputError, match="images of 7 x 7 give maps of 7 x 7"):
        ConvolutionalHopfield((28, 28, 1), (4, 4, 4), 10)
