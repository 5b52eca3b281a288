"""Convolutional Hopfield network: kernels and pooling between layers of images, settling in both directions."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks.network import Network, Pair, State, with_bias
from ohmgrad.networks.neurons import HARD_SIGMOID, LINEAR, Neuron
from ohmgrad.networks.pooling import MaxPooling, Pooling
from ohmgrad.synapses import Convolution


class Layer(NamedTuple):
    """A layer of images."""

    activity: Float[Array, "batch height width kernels"]
    shares: Any
    """Of each place of the maps below in what drives the layer, as they were when it last moved (`Pooling`)."""


class ConvolutionalHopfield(Network):
    """E = sum_l rho(s_l) - sum_l <pool(conv(s_{l-1}; W_l)), s_l> - [s_n, 1] W_o o, rho being the neurons' self-energy.

    Scellier, Ernoult, Kendall & Kumar (NeurIPS 2023, arXiv:2312.15103). `image` is the height, width
    and channels of the input; convolution l has `kernels[l]` kernels of `size` x `size` with a bias each, on images
    padded with `padding` zeros, followed by 2 x 2 pooling; a dense coupling leads to `outputs` neurons. A layer moves
    to the minimum of the energy with the others held and the pooling of the maps above it linearised: with a convex
    pooling and hidden neurons that are never negative this never raises the energy, in any order in which neighbours
    take turns (the concave-convex procedure). Which places won the pooling is worked out with the drive of the layer
    above and kept in the state, so that a sweep convolves once in each direction per coupling.
    """

    image: tuple[int, int, int] = eqx.field(static=True)
    kernels: tuple[int, ...] = eqx.field(static=True)
    outputs: int = eqx.field(static=True)
    size: int = eqx.field(static=True, default=3)
    padding: int = eqx.field(static=True, default=1)
    pooling: Pooling = MaxPooling()
    hidden: Neuron = HARD_SIGMOID
    output: Neuron = LINEAR

    def __check_init__(self):
        for height, width, _ in self._images[:-1]:
            maps = [length + 2 * self.padding - self.size + 1 for length in (height, width)]
            if any(length < 2 or length % 2 for length in maps):
                raise InputError(
                    f"image: maps must have an even height and width of at least 2 to be pooled; images of {height} x "
                    f"{width} give maps of {maps[0]} x {maps[1]}."
                )

    @property
    def _images(self) -> tuple[tuple[int, int, int], ...]:
        """Height, width and channels of the input and of each layer of images."""
        images = [self.image]
        for kernels in self.kernels:
            down, across = ((length + 2 * self.padding - self.size + 1) // 2 for length in images[-1][:2])
            images.append((down, across, kernels))
        return tuple(images)

    @property
    def shapes(self):
        height, width, channels = self._images[-1]
        patches = (self.size**2 * channels + 1 for _, _, channels in self._images)
        return (*zip(patches, self.kernels, strict=False), (height * width * channels + 1, self.outputs))

    def mounted(self, synapses):
        *unrolled, dense = synapses
        return (
            *(
                Convolution(synapse, image, self.size, padding=self.padding)
                for synapse, image in zip(unrolled, self._images, strict=False)
            ),
            dense,
        )

    def start(self, x):
        layers = []
        for height, width, kernels in self._images[1:]:
            maps = jnp.zeros((len(x), 2 * height, 2 * width, kernels), x.dtype)
            layers.append(Layer(*self.pooling(maps)))
        return (*layers, jnp.zeros((len(x), self.outputs), x.dtype))

    def activities(self, state):
        return (*(layer.activity for layer in state[:-1]), state[-1])

    def feed(self, synapses, x, key):
        maps, counts = synapses[0].read(x, key)
        return self.pooling(maps), counts

    def sweep(self, synapses, feed, push, state, settling, key):
        keys, total = jax.random.split(key, (len(state), 2)), Counts()
        for turn in settling.turns(len(state)):
            new = list(state)
            # From the top: neighbours that move at once share one convolution of what the lower one was.
            for layer in reversed(turn):
                before = self.activities(state)[layer]
                drive, shares, counts = self._drive(synapses, feed, state, layer, keys[layer, 0])
                if layer < len(state) - 1:
                    back, more = self._feedback(synapses, state, new, layer, keys[layer, 1])
                    after, counts = self.hidden(drive + back), counts.plus(more)
                else:
                    after = push(self.output, drive, before)
                if settling.step != 1:
                    after = before + settling.step * (after - before)
                new[layer] = after if layer == len(state) - 1 else Layer(after, shares)
                total = total.plus(counts._replace(neuron_updates=float(after.size)))
            state = tuple(new)
        return state, total

    def _drive(self, synapses, feed, state, layer, key):
        """What the layer below sends up, and the shares of the places of its maps."""
        if layer == 0:
            return *feed, Counts()
        below = state[layer - 1].activity
        if layer == len(state) - 1:
            drive, counts = synapses[layer].read(with_bias(below.reshape(len(below), -1)), key)
            return drive, None, counts
        maps, counts = synapses[layer].read(below, key)
        return *self.pooling(maps), counts

    def _feedback(self, synapses, state, new, layer, key):
        """What the layer above sends down through the places that this layer drives it from."""
        if layer == len(state) - 2:
            back, counts = synapses[-1].read_transposed(state[-1], key)
            return back[:, :-1].reshape(state[layer].activity.shape), counts
        spread = self.pooling.spread(state[layer + 1].activity, new[layer + 1].shares)
        return synapses[layer + 1].read_transposed(spread, key)

    def pairs(self, x: Float[Array, "batch height width channels"], state: State) -> list[Pair]:
        below, pairs = x, []
        for activity, shares in state[:-1]:
            pairs.append(Pair(below, self.pooling.spread(activity, shares)))
            below = activity
        return [*pairs, Pair(with_bias(below.reshape(len(x), -1)), state[-1])]

    def energy(self, weights, x, state):
        below, energy = x, self.output.self_energy(state[-1]).sum(1)
        for w, image, (s, _) in zip(weights, self._images, state[:-1], strict=False):
            kernels = w[:-1].reshape(self.size, self.size, image[-1], -1)
            maps = jax.lax.conv_general_dilated(
                below, kernels, (1, 1), [(self.padding, self.padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            pooled, _ = self.pooling(maps + w[-1])
            energy += (self.hidden.self_energy(s) - pooled * s).sum((1, 2, 3))
            below = s
        return energy - ((with_bias(below.reshape(len(x), -1)) @ weights[-1]) * state[-1]).sum(1)
