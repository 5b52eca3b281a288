"""Layered Hopfield network: every layer coupled to the next in both directions by the same array."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.networks.network import LayerNetwork, Pair, State, with_bias
from ohmgrad.networks.neurons import HARD_TANH, Neuron
from ohmgrad.synapses import Synapse


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
        drive, counts = self.drive(synapses, feed, state, layer, key)
        last = layer == len(state) - 1
        return push(self.output, drive, state[layer]) if last else self.hidden(drive), counts

    def drive(
        self,
        synapses: Sequence[Synapse],
        feed: Inexact[Array, "batch neurons"],
        state: State,
        layer: int,
        key: PRNGKeyArray,
        bias: float = 1.0,
    ) -> tuple[Inexact[Array, "batch _"], Counts]:
        """What a layer (counted from 0) hears from its neighbours, noise included."""
        forward_key, backward_key, noise_key = jax.random.split(key, 3)
        drive, counts = feed, Counts()
        if layer > 0:
            drive, counts = synapses[layer].read(with_bias(state[layer - 1], bias), forward_key)
        if layer < len(state) - 1:
            feedback, more = synapses[layer + 1].read_transposed(state[layer + 1], backward_key)
            drive, counts = drive + feedback[:, :-1], counts.plus(more)
        if self.drive_noise:
            drive = drive + self.drive_noise * noise.normal(noise_key, drive.shape).astype(drive.dtype)
        # A complex activity is two numbers.
        return drive, counts._replace(neuron_updates=float(drive.size * (1 + jnp.iscomplexobj(drive))))

    def neuron(self, layer: int) -> Neuron:
        """Of a layer, counted from 0."""
        return self.output if layer == len(self.layers) - 2 else self.hidden

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        return [Pair(with_bias(below), above) for below, above in zip((x, *state), state, strict=False)]

    def energy(self, weights, x, state):
        energy = jnp.zeros(len(x), x.dtype)
        for layer, (w, s, (pre, post)) in enumerate(zip(weights, state, self.pairs(x, state), strict=True)):
            energy += self.neuron(layer).self_energy(s).sum(1) - ((pre @ w) * post).sum(1)
        return energy
