"""Winograd convolution with 3 x 3 kernels: 16 products per window and channel where the plain sum takes 36.

Winograd's F(2 x 2, 3 x 3) (Lavin & Gray 2016, arXiv:1509.09308). A window of 2 x 2 outputs depends on a tile of 4 x 4
pixels. Tiles and kernels are transformed to a basis in which the convolution is one product per entry of the tile, so
that the whole convolution is 16 matrix products. With coefficients 0, 1/4, 1/2 and 1, it rounds like the plain sum.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_TILE = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
_KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_WINDOW = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
_WINDOWS = 1024
"""Windows computed at a time, so that the products of a typical layer fit into a cache of some megabytes."""

Kernels = Float[Array, "16 channels kernels"]


def transformed(kernels: Float[Array, "3 3 channels kernels"]) -> Kernels:
    """Transform kernels to the basis of the products."""
    basis = jnp.asarray(_KERNEL, kernels.dtype)
    return jnp.einsum("ia,jb,abck->ijck", basis, basis, kernels).reshape(16, *kernels.shape[2:])


def convolve(
    images: Float[Array, "batch height width channels"], kernels: Kernels
) -> Float[Array, "batch height width kernels"]:
    """Convolve images, padded with one zero on every side.

    Args:
        images: Images of even height and width.
        kernels: Result of `transformed`.
    """
    batch, height, width, _ = images.shape
    windows = height * width // 4
    chunks = next(n for n in range(1, batch + 1) if n == batch or (batch % n == 0 and batch // n * windows <= _WINDOWS))
    if chunks == 1:
        return _convolve(images, kernels)
    cut = images.reshape(chunks, -1, *images.shape[1:])
    return jax.lax.map(lambda chunk: _convolve(chunk, kernels), cut).reshape(batch, height, width, -1)


def _convolve(images, kernels):
    batch, height, width, channels = images.shape
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows = _combined(_TILE, [padded[:, i : i + height : 2] for i in range(4)])
    tiles = [_combined(_TILE, [row[:, :, j : j + width : 2] for j in range(4)]) for row in rows]
    entries = jnp.stack([entry for row in tiles for entry in row]).reshape(16, -1, channels)
    products = jnp.einsum("ptc,pck->ptk", entries, kernels).reshape(4, 4, batch, height // 2, width // 2, -1)
    windows = [_combined(_WINDOW, [*row]) for row in _combined(_WINDOW, [*products])]
    return jnp.stack([jnp.stack(pair, 3) for pair in windows], 2).reshape(batch, height, width, -1)


def _combined(matrix, terms) -> list[Any]:
    """Product of a small matrix of mostly zeros and signs with a list of arrays."""
    return [sum(float(factor) * term for factor, term in zip(row, terms, strict=True) if factor) for row in matrix]
