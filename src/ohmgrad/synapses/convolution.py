"""A convolution as verbs: its kernels unrolled on arrays, one read per patch of the image."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.synapses.synapse import Synapse

Images = Float[Array, "batch height width channels"]


class Convolution(eqx.Module):
    """Kernels of `size` x `size` on images of `channels` channels, standing in `synapse` as a matrix.

    The synapse has size x size x channels rows, channel after channel, and one column per kernel. Images are padded
    with `padding` zeros on every side and patches lie `stride` apart.
    """

    synapse: Synapse
    size: int = eqx.field(static=True)
    channels: int = eqx.field(static=True)
    stride: int = eqx.field(static=True, default=1)
    padding: int = eqx.field(static=True, default=0)

    def patches(self, images: Images) -> Float[Array, "batch down across rows"]:
        """What each position of a kernel sees, in the order of the rows."""
        return jax.lax.conv_general_dilated_patches(
            images,
            (self.size, self.size),
            (self.stride, self.stride),
            [(self.padding, self.padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )

    def read(self, images: Images, key: PRNGKeyArray) -> tuple[Float[Array, "batch down across kernels"], Counts]:
        """The convolution: one vector per patch."""
        patches = self.patches(images)
        out, counts = self.synapse.read(patches.reshape(-1, patches.shape[-1]), key)
        return out.reshape(*patches.shape[:3], -1), counts

    def read_transposed(
        self, maps: Float[Array, "batch down across kernels"], shape: tuple[int, int], key: PRNGKeyArray
    ) -> tuple[Images, Counts]:
        """The transposed convolution, onto images of a height and a width: overlapping patches add up in digital."""
        patches, counts = self.synapse.read_transposed(maps.reshape(-1, maps.shape[-1]), key)
        images = jax.ShapeDtypeStruct((len(maps), *shape, self.channels), maps.dtype)
        fold = jax.linear_transpose(self.patches, images)
        return fold(patches.reshape(*maps.shape[:3], -1))[0], counts

    def write(
        self, images: Images, maps: Float[Array, "batch down across kernels"], key: PRNGKeyArray
    ) -> tuple["Convolution", Counts]:
        """Kernels += what patches of the images and the maps at their places have in common, summed."""
        patches = self.patches(images)
        synapse, counts = self.synapse.write(
            patches.reshape(-1, patches.shape[-1]), maps.reshape(-1, maps.shape[-1]), key
        )
        return eqx.tree_at(lambda c: c.synapse, self, synapse), counts
