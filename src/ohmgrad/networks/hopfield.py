"""Layered Hopfield network: adjacent layers, and layers joined by skips, are coupled both ways by one matrix."""

import abc
from collections.abc import Sequence
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.network import LayerNetwork, Pair, State, check_skips, with_bias
from ohmgrad.networks.neurons import HARD_TANH, NEURONS, Neuron
from ohmgrad.parts import COUNT, Number, cast, given, number, part, setting
from ohmgrad.synapses import Synapse


class CoupledLayers(LayerNetwork):
    """Base class of networks with the energy E = sum_l rho(s_l) - sum_l [s_{l-1}, 1] W_l s_l, with s_0 = x.

    rho is the neurons' self-energy. The energy is convex in one layer with the others fixed. A sweep of exact
    minimisations therefore never raises it, in any order in which neighbours do not move at once (block coordinate
    descent). The drive of the first layer by the input is read once per batch.
    """

    inputs: int = given()
    hidden: tuple[int, ...] = setting(meaning="neurons of each hidden layer", min_length=1, **COUNT)
    outputs: int = given()
    hidden_neuron: Neuron = part(HARD_TANH, "activation of hidden neurons", named=NEURONS)

    @property
    @abc.abstractmethod
    def noise(self) -> Number | None:
        """Standard deviation of the noise on every neuron's drive; None: no noise."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons of each layer of the energy, the input first."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def couplings(self) -> tuple[tuple[int, int], ...]:
        """The layers that each weight matrix of the energy couples, the input being 0."""
        return tuple((layer, layer + 1) for layer in range(len(self.layers) - 1))

    @property
    def shapes(self):
        return tuple((self.layers[below] + 1, self.layers[above]) for below, above in self.couplings)

    def neuron(self, layer: int) -> Neuron:
        """The neurons of a layer, counted from 0 without the input."""
        return self.hidden_neuron

    def start(self, x):
        return tuple(jnp.zeros((len(x), neurons), x.dtype) for neurons in self.layers[1:])

    def feed(self, synapses, x, key):
        return synapses[0].read(with_bias(x), key)

    def drive(
        self,
        synapses: Sequence[Synapse],
        feed: Inexact[Array, "batch neurons"],
        state: State,
        layer: int,
        key: PRNGKeyArray,
        bias: float = 1.0,
    ) -> tuple[Inexact[Array, "batch _"], Counts]:
        """Drive (summed input) of a layer by the input or the layers coupled to it, plus noise.

        Args:
            synapses: One per coupling.
            feed: Drive of the first layer by the input.
            state: Activities of all layers.
            layer: The driven layer, counted from 0.
            key: Random key for the noise of synapses and drive.
            bias: Activity of the bias rows.

        Returns:
            The drive, and counts.
        """
        *keys, noise_key = jax.random.split(key, 4 + len(self.couplings) - len(self.layers))
        drives, counts = [feed] if layer == 0 else [], Counts()
        for synapse, (below, above) in zip(synapses, self.couplings, strict=True):
            if above == layer + 1 and below > 0:
                drive, read = synapse.read(with_bias(state[below - 1], bias), keys[len(drives)])
            elif below == layer + 1:
                back, read = synapse.read_transposed(state[above - 1], keys[len(drives)])
                drive = back[:, :-1]
            else:
                continue
            drives, counts = [*drives, drive], counts.plus(read)
        drive = sum(drives[1:], drives[0])
        if self.noise is not None:
            kicks = noise.normal(noise_key, drive.shape).astype(drive.dtype)
            drive = drive + cast(self.noise, drive) * kicks
        # A complex activity counts as two numbers.
        return drive, counts._replace(neuron_updates=float(drive.size * (1 + jnp.iscomplexobj(drive))))

    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        layers = (x, *state)
        return [Pair(with_bias(layers[below]), layers[above]) for below, above in self.couplings]

    def energy(self, weights, x, state):
        energy = jnp.zeros(len(x), x.dtype)
        for layer, s in enumerate(state):
            energy += self.neuron(layer).self_energy(s).sum(1)
        for w, (pre, post) in zip(weights, CoupledLayers.pairs(self, x, state), strict=True):
            energy -= ((pre @ w) * post).sum(1)
        return energy


class LayeredHopfield(CoupledLayers):
    """Inputs, hidden layers and outputs, each coupled to the next both ways.

    E = sum_l rho(s_l) - sum_l [s_{l-1}, 1] W_l s_l with s_0 = x, where rho is the neurons' self-energy.

    A skip (a, b) couples layer a to a later layer b, with the input as layer 0. It adds a matrix with a bias row, after
    the others, and an energy term -[s_a, 1] W s_b (as in the Hopfield-ResNet of arXiv:2509.26003). With b - a odd,
    odd-even sweeps remain exact; with b - a even, use forward or backward order.

    Raises:
        InputError: if a field is out of range, or a skip does not lead past a layer.
    """

    kind: ClassVar[str] = "layered-hopfield"
    output_neuron: Neuron = part(HARD_TANH, "activation of output neurons", named=NEURONS)
    drive_noise: Number | None = number(
        None,
        "standard deviation of noise added to every neuron's drive (summed input) in every sweep",
        off=0.0,
        ge=0,
        le=10,
    )
    skips: tuple[tuple[int, int], ...] = setting(
        (), "[a, b]: skip connection from hidden layer a, counted from 1, to a later layer b", **COUNT
    )

    def __check_init__(self):
        check_skips(self.skips, len(self.layers) - 1)

    @property
    def couplings(self):
        return (*super().couplings, *self.skips)

    @property
    def noise(self):
        return self.drive_noise

    @property
    def one_pass(self):
        return FeedForward(self.inputs, self.hidden, self.outputs, self.hidden_neuron, self.output_neuron)

    def neuron(self, layer):
        return self.output_neuron if layer == len(self.hidden) else self.hidden_neuron

    def update(self, synapses, feed, push, state, layer, key):
        drive, counts = self.drive(synapses, feed, state, layer, key)
        neuron = self.neuron(layer)
        return push(neuron, drive, state[layer]) if layer == len(self.hidden) else neuron(drive), counts
