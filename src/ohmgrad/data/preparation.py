"""Preparation and augmentation of batches of images, inside compiled code.

As in Scellier, Ernoult, Kendall and Kumar (NeurIPS 2023, arXiv:2312.15103) and the code published with it: 28 x 28
images padded to 32 x 32 by zeros; random crops whose border repeats the edge; flips; each channel normalised. Crops and
flips are applied to bytes, before `scaled`, because that takes a quarter of the memory.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, PRNGKeyArray, Shaped, UInt8


def scaled(images: UInt8[Array, "*shape"]) -> Float32[Array, "*shape"]:
    """Convert bytes to numbers from 0 to 1."""
    return images.astype(jnp.float32) / 255


def normalised(
    images: Float[Array, "*batch channels"],
    mean: Float[Array | np.ndarray, "channels"],
    deviation: Float[Array | np.ndarray, "channels"],
) -> Float[Array, "*batch channels"]:
    """Subtract the mean of each channel and divide by its standard deviation."""
    each = (1,) * (images.ndim - 1) + (-1,)
    return (images - mean.reshape(each)) / deviation.reshape(each)


def padded(
    images: Shaped[Array, "batch height width channels"], pixels: int = 2
) -> Shaped[Array, "batch tall wide channels"]:
    """Pad with zeros on every side: with 2 pixels, 28 x 28 becomes 32 x 32."""
    return jnp.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)))


def cropped(
    images: Shaped[Array, "batch height width channels"], key: PRNGKeyArray, pixels: int = 4
) -> Shaped[Array, "batch height width channels"]:
    """Shift each image at random by up to `pixels` in both directions; its edge pixels fill the border."""
    batch, height, width, _ = images.shape
    down, right = jax.random.randint(key, (2, batch, 1), -pixels, pixels + 1)
    # Beyond the border the nearest index is the edge pixel: the padding needs no memory.
    rows = jnp.clip(jnp.arange(height)[None] + down, 0, height - 1)
    columns = jnp.clip(jnp.arange(width)[None] + right, 0, width - 1)
    return images[jnp.arange(batch)[:, None, None], rows[:, :, None], columns[:, None, :]]


def flipped(
    images: Shaped[Array, "batch height width channels"], key: PRNGKeyArray
) -> Shaped[Array, "batch height width channels"]:
    """Mirror each image left to right with probability 1/2."""
    mirrored = jax.random.bernoulli(key, shape=(images.shape[0], 1, 1, 1))
    return jnp.where(mirrored, images[:, :, ::-1], images)
