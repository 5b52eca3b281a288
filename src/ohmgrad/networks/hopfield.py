"""Layered Hopfield network: every layer coupled to the next in both directions by the same array."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.networks.network import Network, Pair, State, bounded, with_bias


class LayeredHopfield(Network):
    """E = sum_l |s_l|^2 / 2 - sum_l [s_{l-1}, 1] W_l s_l with s_0 = x and every s_l in [-1, 1].

    The energy is quadratic in one layer with the others held, so a sweep of exact minimisations, hidden layers first,
    never raises it (block coordinate descent). `layers` counts neurons: inputs, hidden ..., outputs.
    """

    layers: tuple[int, ...] = eqx.field(static=True)

    @property
    def shapes(self):
        return tuple((below + 1, above) for below, above in zip(self.layers, self.layers[1:], strict=False))

    def start(self, x):
        return tuple(jnp.zeros((len(x), neurons), x.dtype) for neurons in self.layers[1:])

    def sweep(self, synapses, x, push, state, keys):
        states = [x, *state]
        total = Counts(neuron_updates=float(len(x) * sum(self.layers[1:])))
        last = len(synapses)
        for layer, (forward_key, backward_key) in enumerate(keys, start=1):
            drive, counts = synapses[layer - 1].read(with_bias(states[layer - 1]), forward_key)
            total = total.plus(counts)
            if layer < last:
                feedback, counts = synapses[layer].read_transposed(states[layer + 1], backward_key)
                drive, total = drive + feedback[:, :-1], total.plus(counts)
            else:
                drive = push(drive)
            states[layer] = bounded(drive)
        return tuple(states[1:]), total

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        return [(with_bias(below), above) for below, above in zip((x, *state), state, strict=False)]

    def energy(self, weights, x, state):
        energy = jnp.zeros(len(x), x.dtype)
        for w, s, (pre, post) in zip(weights, state, self.pairs(x, state), strict=True):
            energy += jnp.square(s).sum(1) / 2 - ((pre @ w) * post).sum(1)
        return energy
