"""A matrix of any size cut into tiles of one array size, unused cells at the edge filled with zeros."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def count(length: int, size: int) -> int:
    """Tiles of `size` lines that `length` lines need."""
    return -(-length // size)


def cut_vector(x: Float[Array, "*batch length"], size: int) -> Float[Array, "*batch tiles size"]:
    pad = count(x.shape[-1], size) * size - x.shape[-1]
    padded = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, pad)])
    return padded.reshape(*x.shape[:-1], -1, size)


def cut_matrix(
    m: Float[Array, "pair height width"], rows: int, columns: int
) -> Float[Array, "row_tiles column_tiles pair rows columns"]:
    by_columns = cut_vector(m, columns)
    by_rows = cut_vector(jnp.moveaxis(by_columns, 1, -1), rows)
    return jnp.transpose(by_rows, (3, 1, 0, 4, 2))


def join_matrix(
    tiles: Float[Array, "row_tiles column_tiles pair rows columns"], height: int, width: int
) -> Float[Array, "pair height width"]:
    row_tiles, column_tiles, pair, rows, columns = tiles.shape
    joined = jnp.transpose(tiles, (2, 0, 3, 1, 4)).reshape(pair, row_tiles * rows, column_tiles * columns)
    return joined[:, :height, :width]
