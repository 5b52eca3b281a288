"""Layered Hopfield network: every layer coupled to the next in both directions by the same array."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.networks.network import LayerNetwork, Pair, State, with_bias
from ohmgrad.networks.neurons import HARD_TANH, Neuron


class LayeredHopfield(LayerNetwork):
    """E = sum_l rho(s_l) - sum_l [s_{l-1}, 1] W_l s_l with s_0 = x, rho being the neurons' self-energy.

    The energy is convex in one layer with the others held, so a sweep of exact minimisations, in any order in which
    neighbours take turns, never raises it (block coordinate descent). `layers` counts neurons: inputs, hidden ...,
    outputs. What the input sends is read once and held. `drive_noise` is the standard deviation of fresh noise on every
    neuron's drive in every sweep.
    """

    layers: tuple[int, ...] = eqx.field(static=True)
    hidden: Neuron = HARD_TANH
    output: Neuron = HARD_TANH
    drive_noise: float = eqx.field(static=True, default=0.0)

    @property
    def shapes(self):
        return tuple((below + 1, above) for below, above in zip(self.layers, self.layers[1:], strict=False))

    def start(self, x):
        return tuple(jnp.zeros((len(x), neurons), x.dtype) for neurons in self.layers[1:])

    def feed(self, synapses, x, key):
        return synapses[0].read(with_bias(x), key)

    def update(self, synapses, feed, push, state, layer, key):
        forward_key, backward_key, noise_key = jax.random.split(key, 3)
        last = layer == len(state) - 1
        counts = Counts(neuron_updates=float(state[layer].size))
        drive, more = (feed, Counts()) if layer == 0 else synapses[layer].read(with_bias(state[layer - 1]), forward_key)
        if not last:
            feedback, backward = synapses[layer + 1].read_transposed(state[layer + 1], backward_key)
            drive, more = drive + feedback[:, :-1], more.plus(backward)
        if self.drive_noise:
            drive = drive + self.drive_noise * noise.normal(noise_key, drive.shape).astype(drive.dtype)
        new = push(self.output, drive, state[layer]) if last else self.hidden(drive)
        return new, counts.plus(more)

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        return [Pair(with_bias(below), above) for below, above in zip((x, *state), state, strict=False)]

    def energy(self, weights, x, state):
        neurons = [self.hidden] * (len(state) - 1) + [self.output]
        energy = jnp.zeros(len(x), x.dtype)
        for w, s, neuron, (pre, post) in zip(weights, state, neurons, self.pairs(x, state), strict=True):
            energy += neuron.self_energy(s).sum(1) - ((pre @ w) * post).sum(1)
        return energy
