"""Convolutions on arrays: each kernel is one column, each patch of an image one read."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from ohmgrad.synapses import winograd
from ohmgrad.synapses.ideal import Digital
from ohmgrad.synapses.synapse import Synapse, counted

Images = Inexact[Array, "batch height width channels"]
Maps = Inexact[Array, "batch down across kernels"]
_WINOGRAD_CHANNELS = 32
"""Smallest number of channels and kernels for which Winograd's algorithm is faster."""


class Convolution(Synapse):
    """A convolution whose kernels are the columns of a synapse.

    The verbs are those of any synapse, with images for x and feature maps for y. The synapse has one column per kernel
    and size x size x channels + 1 rows: pixels of a patch row by row, the channels of each, then the bias. The verbs
    drive the bias row with 1 and remove it from transposed reads.

    Attributes:
        synapse: Holds the kernels as a matrix.
        shape: Height, width and channels of the images.
        size: Height and width of a kernel.
        stride: Distance between patches.
        padding: Zeros added on every side of the images.
        products: Winograd-transformed kernels and transposed kernels, in a copy made by `cached`.
    """

    synapse: Synapse
    shape: tuple[int, int, int] = eqx.field(static=True)
    size: int = eqx.field(static=True)
    stride: int = eqx.field(static=True, default=1)
    padding: int = eqx.field(static=True, default=0)
    products: tuple[Float[Array, "16 _ _"], Float[Array, "16 _ _"]] | None = None

    @property
    def weights(self):
        return self.synapse.weights

    def supports(self, precision):
        return self.synapse.supports(precision)

    def aged(self, seconds):
        return replace(self, synapse=self.synapse.aged(seconds))

    def cached(self):
        # Winograd's algorithm needs 3 x 3 kernels and images of even size, and is no faster for few channels.
        height, width, channels = self.shape
        fitting = (self.size, self.stride, self.padding) == (3, 1, 1) and height % 2 == width % 2 == 0
        enough = min(channels, self.weights.shape[-1]) >= _WINOGRAD_CHANNELS
        if not (isinstance(self.synapse, Digital) and fitting and enough):
            return self
        products = winograd.transformed(self._kernels), winograd.transformed(_transposed(self._kernels))
        return replace(self, products=products)

    def read(self, x: Images, key):
        """Convolve images: one read per patch. Results as in `Synapse.read`."""
        if not isinstance(self.synapse, Digital):
            patches = self._patches(x)
            out, counts = self.synapse.read(patches.reshape(-1, patches.shape[-1]), key)
            return out.reshape(*patches.shape[:3], -1), counts
        if self.products:
            maps = winograd.convolve(x, self.products[0])
        else:
            maps = _convolved(x, self._kernels, [(self.padding, self.padding)] * 2, self.stride)
        return maps + self.weights[-1].reshape(1, 1, 1, -1), self._counted("read", maps)

    def read_transposed(self, y: Maps, key):
        """Transposed convolution; overlapping patches are added in digital. Results as in `Synapse.read_transposed`."""
        if self.products:
            return winograd.convolve(y, self.products[1]), self._counted("read_transposed", y)
        if isinstance(self.synapse, Digital):
            return self._transposed_convolution(y), self._counted("read_transposed", y)
        patches, counts = self.synapse.read_transposed(y.reshape(-1, y.shape[-1]), key)
        images = jax.ShapeDtypeStruct((len(y), *self.shape), y.dtype)
        fold = jax.linear_transpose(self._unbiased_patches, images)
        return fold(patches[:, :-1].reshape(*y.shape[:3], -1))[0], counts

    def _transposed_convolution(self, y: Maps) -> Images:
        """Transposed convolution with ideal weights: several times faster on a CPU than JAX's derivative."""
        (height, width, channels), size, step = self.shape, self.size, self.stride
        down, across = y.shape[1:3]
        if step == 1 and down * across >= height * width:
            return _convolved(y, _transposed(self._kernels), [(size - 1 - self.padding,) * 2] * 2)
        # Where maps are smaller than images, a convolution would waste products with the zeros around them.
        padding = self.padding
        images = jnp.zeros((len(y), height + 2 * padding, width + 2 * padding, channels), y.dtype)
        for i, j in self._places:
            part = y @ self._kernels[i, j].T
            images = images.at[:, i : i + step * down : step, j : j + step * across : step].add(part)
        return images[:, padding : padding + height, padding : padding + width]

    def write(self, pre: Images, post: Maps, key, rate=1.0):
        """Add the outer products of patches and maps, summed over places and images, times rate, to the kernels."""
        patches = self._patches(pre)
        vectors = patches.reshape(-1, patches.shape[-1]), post.reshape(-1, post.shape[-1])
        synapse, counts = self.synapse.write(*vectors, key, rate)
        return replace(self, synapse=synapse, products=None), counts

    @property
    def _kernels(self) -> Float[Array, "size size channels kernels"]:
        return self.weights[:-1].reshape(self.size, self.size, self.shape[-1], -1)

    @property
    def _places(self) -> list[tuple[int, int]]:
        """Rows and columns of the pixels of a kernel."""
        return [(i, j) for i in range(self.size) for j in range(self.size)]

    def _unbiased_patches(self, images):
        """Patches of images, their pixels in the order of the synapse's rows, without the bias."""
        padded = jnp.pad(images, ((0, 0), (self.padding,) * 2, (self.padding,) * 2, (0, 0)))
        ends = [length + 2 * self.padding - self.size + 1 for length in self.shape[:2]]
        step = self.stride
        return jnp.concatenate([padded[:, i : i + ends[0] : step, j : j + ends[1] : step] for i, j in self._places], -1)

    def _patches(self, images):
        patches = self._unbiased_patches(images)
        return jnp.concatenate([patches, jnp.ones_like(patches[..., :1])], -1)

    def _counted(self, kind, maps):
        return counted(kind, maps.size // maps.shape[-1], *self.weights.shape)


def _convolved(images, kernels, padding, stride=1):
    return jax.lax.conv_general_dilated(
        images,
        kernels,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def _transposed(kernels):
    """Kernels of the transposed convolution."""
    return jnp.flip(kernels, (0, 1)).swapaxes(2, 3)
