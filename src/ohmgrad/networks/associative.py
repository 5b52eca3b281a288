"""Associative memory on one array: dots and hidden neurons that drive each other until the word is whole."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.networks.network import LayerNetwork, Pair, State, with_bias
from ohmgrad.networks.neurons import HARD_TANH


class Associative(LayerNetwork):
    """E = |v|^2 / 2 + |h|^2 / 2 - [v, 1] W [h, 1]^T - gain x v, with v and h in [-1, 1].

    A bidirectional associative memory (Kosko 1988) with hidden neurons: one array carries the dots v to the hidden
    neurons h by `read` and the hidden neurons back to the dots by `read_transposed`. The input is a steady current of
    `gain` per dot, so an unreadable dot (0) leaves its neuron to the others; the state of the dots is the output. Each
    half of a sweep minimises the energy exactly, so a sweep never raises it.
    """

    dots: int = eqx.field(static=True)
    hidden: int = eqx.field(static=True)
    gain: float = eqx.field(static=True, default=0.5)

    @property
    def shapes(self):
        return ((self.dots + 1, self.hidden + 1),)

    def start(self, x):
        return (jnp.zeros((len(x), self.hidden), x.dtype), HARD_TANH(self.gain * x))

    def feed(self, synapses, x, key):
        return self.gain * x, Counts()

    def update(self, synapses, feed, push, state, layer, key):
        h, v = state
        if layer == 0:
            drive, counts = synapses[0].read(with_bias(v), key)
            return HARD_TANH(drive[:, :-1]), counts._replace(neuron_updates=float(h.size))
        back, counts = synapses[0].read_transposed(with_bias(h), key)
        return push(HARD_TANH, feed + back[:, :-1], v), counts._replace(neuron_updates=float(v.size))

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        h, v = state
        return [Pair(with_bias(v), with_bias(h))]

    def energy(self, weights, x, state):
        (w,) = weights
        h, v = state
        coupling = ((with_bias(v) @ w) * with_bias(h)).sum(1) + self.gain * (x * v).sum(1)
        return (jnp.square(v).sum(1) + jnp.square(h).sum(1)) / 2 - coupling
