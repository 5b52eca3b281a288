"""Associative memory on one array: dots and hidden neurons that drive each other until the word is whole."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.networks.network import Network, Pair, State, bounded, with_bias


class Associative(Network):
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
        return (jnp.zeros((len(x), self.hidden), x.dtype), jnp.zeros_like(x))

    def sweep(self, synapses, x, push, state, keys):
        h, v = state
        back, counts = synapses[0].read_transposed(with_bias(h), keys[0, 1])
        v = bounded(push(self.gain * x + back[:, :-1]))
        forward, more = synapses[0].read(with_bias(v), keys[0, 0])
        h = bounded(forward[:, :-1])
        return (h, v), counts.plus(more)._replace(neuron_updates=float(h.size + v.size))

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        h, v = state
        return [(with_bias(v), with_bias(h))]

    def energy(self, weights, x, state):
        (w,) = weights
        h, v = state
        coupling = ((with_bias(v) @ w) * with_bias(h)).sum(1) + self.gain * (x * v).sum(1)
        return (jnp.square(v).sum(1) + jnp.square(h).sum(1)) / 2 - coupling
