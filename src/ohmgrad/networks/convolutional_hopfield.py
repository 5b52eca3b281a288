"""Convolutional Hopfield network: kernels and pooling between layers of images, settling in both directions."""

from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.image_sizes import layer_sizes
from ohmgrad.networks.network import Pair, SettlingNetwork, State, check_skips, with_bias
from ohmgrad.networks.neurons import HARD_SIGMOID, LINEAR, NEURONS, Neuron
from ohmgrad.networks.pooling import MaxPooling, Pooling, Unpooled
from ohmgrad.parts import COUNT, given, part, setting
from ohmgrad.synapses import Convolution


class Layer(NamedTuple):
    """State of a layer of images."""

    activity: Float[Array, "batch height width kernels"]
    shares: Any
    """Shares of the positions of the maps below in the layer's drive (see `Pooling`), at its last update."""


class ConvolutionalHopfield(SettlingNetwork):
    """Layers of images coupled by kernels and pooling both ways, and a dense coupling to the outputs.

    E = sum_l rho(s_l) - sum_l <pool(conv(s_{l-1}; W_l)), s_l> - [s_n, 1] W_o o, where rho is the neurons' self-energy.

    Scellier, Ernoult, Kendall & Kumar (NeurIPS 2023, arXiv:2312.15103). `image` is the height, width and channels of
    the input. Convolution l has `kernels[l]` kernels of `size` x `size`, each with a bias, on images padded with
    `padding` zeros, and is followed by 2 x 2 pooling. A dense coupling leads to `outputs` neurons. A layer moves to the
    minimum of the energy with the other layers fixed and the pooling of the maps above it linearised. With convex
    pooling and non-negative hidden neurons this never raises the energy, in any order in which neighbours do not move
    at once (concave-convex procedure). The shares of the pooling are computed with the drive of the layer above and
    stored in the state, so a sweep convolves once in each direction per coupling.

    `unpooled` lists layers, counted from 1, without pooling. A skip (a, b) couples layer a to a later layer b with
    images of the same height and width, by 1 x 1 kernels. It adds a matrix with a bias row, after the others, and an
    energy term -<conv(s_a; W), s_b> (as in the Hopfield-ResNet of arXiv:2509.26003). With b - a odd, odd-even sweeps
    remain exact; with b - a even, use forward or backward order.

    Raises:
        InputError: if a field is out of range, maps cannot be pooled, or a skip does not lead past a layer or leads to
            images of another size.
    """

    kind: ClassVar[str] = "convolutional-hopfield"
    image: tuple[int, int, int] = given()
    kernels: tuple[int, ...] = setting(meaning="number of kernels of each convolution", min_length=1, **COUNT)
    outputs: int = given()
    size: int = setting(3, "height and width of a kernel", ge=1, le=15)
    padding: int = setting(1, "rows and columns of zeros around the images of every layer", ge=0, le=8)
    pooling: Pooling = part(MaxPooling())
    hidden_neuron: Neuron = part(HARD_SIGMOID, "activation of the neurons of image layers", named=NEURONS)
    output_neuron: Neuron = part(LINEAR, "activation of output neurons", named=NEURONS)
    unpooled: tuple[int, ...] = setting((), "layers without pooling, counted from 1", **COUNT)
    skips: tuple[tuple[int, int], ...] = setting(
        (), "[a, b]: skip connection by 1 x 1 kernels from layer a to a later layer b of the same image size", **COUNT
    )

    def __check_init__(self):
        last = len(self.kernels)
        check_skips(self.skips, last)
        if self.unpooled and max(self.unpooled) > last:
            raise InputError(f"network.unpooled: {max(self.unpooled)} is no layer of images; allowed: 1 to {last}")
        layer_sizes(self.image, self.kernels, self.size, self.padding, self.unpooled)
        for below, above in self.skips:
            if self._images[below][:2] != self._images[above][:2]:
                sides = ", ".join(f"{height} x {width}" for height, width, _ in self._images[1:])
                raise InputError(
                    f"network.skips: [{below}, {above}] must lead to a layer of as high and wide images; those of "
                    f"layers 1 to {last} are {sides}"
                )

    @property
    def one_pass(self):
        return replace(self, skips=())

    @property
    def _images(self) -> tuple[tuple[int, int, int], ...]:
        """Height, width and channels of the input and of each layer of images."""
        return tuple(layer_sizes(self.image, self.kernels, self.size, self.padding, self.unpooled))

    def _pooling(self, layer: int) -> Pooling:
        """The pooling of a layer of images, counted from 0."""
        return Unpooled() if layer + 1 in self.unpooled else self.pooling

    @property
    def shapes(self):
        layers = self._images
        height, width, channels = layers[-1]
        patches = (self.size**2 * channels + 1 for _, _, channels in layers)
        unrolled = zip(patches, self.kernels, strict=False)
        skips = ((layers[below][2] + 1, layers[above][2]) for below, above in self.skips)
        return (*unrolled, (height * width * channels + 1, self.outputs), *skips)

    def mounted(self, synapses):
        unrolled, dense, skips = self._parts(synapses)
        layers = self._images
        return (
            *(
                Convolution(synapse, image, self.size, padding=self.padding)
                for synapse, image in zip(unrolled, layers, strict=False)
            ),
            dense,
            *(Convolution(synapse, layers[below], 1) for synapse, (below, _) in zip(skips, self.skips, strict=True)),
        )

    def _parts(self, matrices):
        """Split matrices into those of convolutions, the dense coupling, and skips."""
        last = len(self.kernels)
        return matrices[:last], matrices[last], matrices[last + 1 :]

    def start(self, x):
        layers = []
        for layer, (height, width, kernels) in enumerate(self._images[1:]):
            window = 1 if layer + 1 in self.unpooled else 2
            maps = jnp.zeros((len(x), window * height, window * width, kernels), x.dtype)
            layers.append(Layer(*self._pooling(layer)(maps)))
        return (*layers, jnp.zeros((len(x), self.outputs), x.dtype))

    def activities(self, state):
        return (*(layer.activity for layer in state[:-1]), state[-1])

    def feed(self, synapses, x, key):
        maps, counts = synapses[0].read(x, key)
        return self._pooling(0)(maps), counts

    def sweep(self, synapses, feed, push, state, settling, key):
        keys, total = jax.random.split(key, (len(state), 3)), Counts()
        for turn in settling.turns(len(state)):
            new = list(state)
            # From the top, so that neighbours that move at once share a convolution of the lower layer's activities.
            for layer in reversed(turn):
                new[layer], counts = self._moved(synapses, feed, push, state, new, layer, settling, keys[layer])
                total = total.plus(counts)
            state = tuple(new)
        return state, total

    def _moved(self, synapses, feed, push, state, new, layer, settling, keys):
        """The new state of one layer; `new` holds the layers above that move at the same time."""
        before = self.activities(state)[layer]
        drive, shares, counts = self._drive(synapses, feed, state, layer, keys[0])
        if layer == len(state) - 1:
            minimum = push(self.output_neuron, drive, before)
        else:
            back, back_counts = self._feedback(synapses, state, new, layer, keys[1])
            skips, skip_counts = self._skip_drives(synapses, state, layer, keys[2])
            minimum = self.hidden_neuron(sum(skips, drive + back))
            counts = counts.plus(back_counts).plus(skip_counts)
        after = settling.toward(before, minimum)
        counts = counts._replace(neuron_updates=float(after.size))
        return after if layer == len(state) - 1 else Layer(after, shares), counts

    def _drive(self, synapses, feed, state, layer, key):
        """Drive of a layer from below, and the shares of the positions of its maps."""
        if layer == 0:
            return *feed, Counts()
        below = state[layer - 1].activity
        if layer == len(state) - 1:
            drive, counts = synapses[layer].read(with_bias(below.reshape(len(below), -1)), key)
            return drive, None, counts
        maps, counts = synapses[layer].read(below, key)
        return *self._pooling(layer)(maps), counts

    def _skip_drives(self, synapses, state, layer, key):
        """Drives of a layer by its skips."""
        drives, total = [], Counts()
        *_, skips = self._parts(synapses)
        keys = jax.random.split(key, len(skips))
        for synapse, (below, above), skip_key in zip(skips, self.skips, keys, strict=True):
            if above == layer + 1:
                drive, counts = synapse.read(state[below - 1].activity, skip_key)
            elif below == layer + 1:
                drive, counts = synapse.read_transposed(state[above - 1].activity, skip_key)
            else:
                continue
            drives, total = [*drives, drive], total.plus(counts)
        return drives, total

    def _feedback(self, synapses, state, new, layer, key):
        """Drive of a layer from above, by the transposed pooling and convolution."""
        if layer == len(state) - 2:
            back, counts = self._parts(synapses)[1].read_transposed(state[-1], key)
            return back[:, :-1].reshape(state[layer].activity.shape), counts
        spread = self._pooling(layer + 1).spread(state[layer + 1].activity, new[layer + 1].shares)
        return synapses[layer + 1].read_transposed(spread, key)

    def pairs(self, x: Float[Array, "batch height width channels"], state: State) -> list[Pair]:
        below, pairs = x, []
        for layer, (activity, shares) in enumerate(state[:-1]):
            pairs.append(Pair(below, self._pooling(layer).spread(activity, shares)))
            below = activity
        skips = [Pair(state[below - 1].activity, state[above - 1].activity) for below, above in self.skips]
        return [*pairs, Pair(with_bias(below.reshape(len(x), -1)), state[-1]), *skips]

    def energy(self, weights, x, state):
        unrolled, dense, skips = self._parts(weights)
        below, energy = x, self.output_neuron.self_energy(state[-1]).sum(1)
        for layer, (w, (s, _)) in enumerate(zip(unrolled, state[:-1], strict=True)):
            pooled, _ = self._pooling(layer)(_maps(w, below, self.size, self.padding))
            energy += (self.hidden_neuron.self_energy(s) - pooled * s).sum((1, 2, 3))
            below = s
        for w, (lower, upper) in zip(skips, self.skips, strict=True):
            energy -= (_maps(w, state[lower - 1].activity, 1, 0) * state[upper - 1].activity).sum((1, 2, 3))
        return energy - ((with_bias(below.reshape(len(x), -1)) @ dense) * state[-1]).sum(1)


def _maps(w, below, size, padding):
    """The convolution with a matrix of kernels and biases, computed by jax.lax independently of synapses."""
    kernels = w[:-1].reshape(size, size, below.shape[-1], -1)
    maps = jax.lax.conv_general_dilated(
        below, kernels, (1, 1), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return maps + w[-1].reshape(1, 1, 1, -1)
