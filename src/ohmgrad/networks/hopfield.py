"""Layered Hopfield network: each layer coupled to the next, and by skips to later ones, both ways by one array."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks.network import LayerNetwork, Pair, State, with_bias
from ohmgrad.networks.neurons import HARD_TANH, Neuron
from ohmgrad.synapses import Synapse


class LayeredHopfield(LayerNetwork):
    """E = sum_l rho(s_l) - sum_l [s_{l-1}, 1] W_l s_l with s_0 = x, rho being the neurons' self-energy.

    The energy is convex in one layer with the others held, so a sweep of exact minimisations, in any order in which
    neighbours take turns, never raises it (block coordinate descent). `layers` counts neurons: inputs, hidden ...,
    outputs. What the input sends is read once and held. `drive_noise` is the standard deviation of fresh noise on every
    neuron's drive in every sweep.

    A skip (a, b) couples layer a to layer b, counted from the input as 0, past those between them: one more matrix with
    a bias row, after the others, and one more term - [s_a, 1] W s_b (as in the Hopfield-ResNet of arXiv:2509.26003).
    Over an odd number of layers it leaves odd-even sweeps exact; over an even number, take forward or backward order.
    """

    layers: tuple[int, ...] = eqx.field(static=True)
    hidden: Neuron = HARD_TANH
    output: Neuron = HARD_TANH
    drive_noise: float = eqx.field(static=True, default=0.0)
    skips: tuple[tuple[int, int], ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        last = len(self.layers) - 1
        for below, above in self.skips:
            if not 1 <= below < above - 1 < last:
                raise InputError(
                    f"skips: ({below}, {above}) must lead from a hidden layer past at least one other; allowed: from 1 "
                    f"to {last - 2}, to at most {last}"
                )

    @property
    def couplings(self) -> tuple[tuple[int, int], ...]:
        """Per weight matrix the layers that it couples, the input being 0."""
        return (*((layer, layer + 1) for layer in range(len(self.layers) - 1)), *self.skips)

    @property
    def shapes(self):
        return tuple((self.layers[below] + 1, self.layers[above]) for below, above in self.couplings)

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
        *keys, noise_key = jax.random.split(key, 3 + len(self.skips))
        heard, counts = [feed] if layer == 0 else [], Counts()
        for synapse, (below, above) in zip(synapses, self.couplings, strict=True):
            if above == layer + 1 and below > 0:
                forward, more = synapse.read(with_bias(state[below - 1], bias), keys[len(heard)])
            elif below == layer + 1:
                backward, more = synapse.read_transposed(state[above - 1], keys[len(heard)])
                forward = backward[:, :-1]
            else:
                continue
            heard, counts = [*heard, forward], counts.plus(more)
        drive = sum(heard[1:], heard[0])
        if self.drive_noise:
            drive = drive + self.drive_noise * noise.normal(noise_key, drive.shape).astype(drive.dtype)
        # A complex activity is two numbers.
        return drive, counts._replace(neuron_updates=float(drive.size * (1 + jnp.iscomplexobj(drive))))

    def neuron(self, layer: int) -> Neuron:
        """Of a layer, counted from 0."""
        return self.output if layer == len(self.layers) - 2 else self.hidden

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        layers = (x, *state)
        return [Pair(with_bias(layers[below]), layers[above]) for below, above in self.couplings]

    def energy(self, weights, x, state):
        energy = jnp.zeros(len(x), x.dtype)
        for layer, s in enumerate(state):
            energy += self.neuron(layer).self_energy(s).sum(1)
        for w, (pre, post) in zip(weights, self.pairs(x, state), strict=True):
            energy -= ((pre @ w) * post).sum(1)
        return energy
