"""Oracle: the same network settled in float32, from which 8 bits may differ by their rounding and no more."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.crossbar import Hardware
from ohmgrad.devices import preset
from ohmgrad.errors import InputError
from ohmgrad.networks import HARD_SIGMOID, LINEAR, ConvolutionalHopfield, Free, LayeredHopfield, Settling, Tanh
from ohmgrad.rules import (
    ActivityDifference,
    HolomorphicEquilibriumPropagation,
    RecurrentBackpropagation,
    TruncatedBackpropagation,
)
from ohmgrad.synapses import Complex, Crossbar, Ideal

FULL, HALF = Settling(30, order="odd-even"), Settling(30, order="odd-even", precision="bfloat16")
KEY = jax.random.key(0)
NETWORKS = {
    "layered": LayeredHopfield(10, (8, 7), 4, HARD_SIGMOID, LINEAR),
    "convolutional": ConvolutionalHopfield((8, 8, 1), (3, 4), 4),
}


def problem(network):
    weights = network.initial([0.5] * len(network.shapes), KEY)
    shape = network.image if isinstance(network, ConvolutionalHopfield) else network.layers[:1]
    x = jax.random.uniform(jax.random.key(1), (6, *shape))
    return network.mounted([Ideal(w) for w in weights]), x, jax.nn.one_hot(jnp.arange(6) % 4, 4)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_settles_where_full_precision_does_to_its_bits(name):
    network = NETWORKS[name]
    synapses, x, _ = problem(network)
    feed, _ = network.feed(synapses, x, KEY)
    full, half = (network.settle(synapses, feed, Free(), network.start(x), s, KEY) for s in (FULL, HALF))
    pairs = list(zip(network.activities(full.state), network.activities(half.state), strict=True))
    assert all(h.dtype == jnp.float32 for _, h in pairs)
    apart = max(float(jnp.abs(f - h).max()) for f, h in pairs)
    assert 1e-5 < apart < 0.05


@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_in_the_direction_of_full_precision(name):
    network = NETWORKS[name]
    synapses, x, target = problem(network)

    def change(settling):
        rule = ActivityDifference(network, strength=0.5, free=settling, pushed=settling)
        writes, _, _ = rule.learn(synapses, x, target, KEY)
        written = (synapse.write(*write, KEY)[0] for synapse, write in zip(synapses, writes, strict=True))
        return np.concatenate([np.ravel(new.weights - old.weights) for new, old in zip(written, synapses, strict=True)])

    full, half = change(FULL), change(HALF)
    assert full @ half / np.linalg.norm(full) / np.linalg.norm(half) > 0.97


def test_what_has_no_short_form_is_refused():
    network = LayeredHopfield(4, (3,), 2, Tanh(), LINEAR)
    weights, x, target = network.initial([0.5, 0.5], KEY), jnp.ones((1, 4)), jnp.ones((1, 2))
    crossbars = [Crossbar.program(w, Hardware(preset("taox-1t1r")), 1.0, 1e-4, KEY)[0] for w in weights]
    with pytest.raises(InputError, match="ideal weights and real activities"):
        ActivityDifference(network, free=HALF, pushed=HALF).learn(crossbars, x, target, KEY)
    with pytest.raises(InputError, match="ideal weights and real activities"):
        network.settle([Complex(Ideal(w)) for w in weights], x[:, :3] * 1j, Free(), network.start(x * 1j), HALF, KEY)
    with pytest.raises(InputError, match=r"pushed\.precision 'bfloat16' is for rule.kind 'activity-difference'"):
        HolomorphicEquilibriumPropagation(network, free=FULL, pushed=HALF)
    with pytest.raises(InputError, match=r"adjoint\.precision 'bfloat16' is for"):
        RecurrentBackpropagation(network, FULL, HALF)
    with pytest.raises(InputError, match=r"free\.precision 'bfloat16' is for"):
        TruncatedBackpropagation(network, HALF)
