"""Tiles: a matrix of any size cut into pieces of the size of an array; unused cells are filled with zeros."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def count(length: int, size: int) -> int:
    """Number of tiles of `size` lines for `length` lines of a matrix."""
    return -(-length // size)


def simulated(length: int, size: int) -> int:
    """Number of lines of a tile of `size` lines that are simulated for `length` lines of a matrix.

    All of them, unless the matrix fits on one tile: then up to the next multiple of 64. The cells beyond are open.
    """
    return min(size, count(length, _BLOCK) * _BLOCK)


_BLOCK = 64


def used(length: int, size: int) -> Bool[Array, "tiles size"]:
    """Which lines of tiles of `size` lines belong to a matrix of `length` lines."""
    return (jnp.arange(count(length, size) * size) < length).reshape(-1, size)


def used_cells(shape: tuple[int, int], size: tuple[int, int]) -> Bool[Array, "row_tiles column_tiles 1 rows columns"]:
    """Which cells of tiles of `size` (rows, columns) hold weights of a matrix of this shape."""
    return used(shape[0], size[0])[:, None, None, :, None] & used(shape[1], size[1])[None, :, None, None, :]


def cut_vector(x: Float[Array, "*batch length"], size: int) -> Float[Array, "*batch tiles size"]:
    """Cut vectors into tiles, filling up the last one with zeros."""
    pad = count(x.shape[-1], size) * size - x.shape[-1]
    padded = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, pad)])
    return padded.reshape(*x.shape[:-1], -1, size)


def cut_matrix(
    m: Float[Array, "height width"], rows: int, columns: int
) -> Float[Array, "row_tiles column_tiles rows columns"]:
    """Cut a matrix into tiles, filling them up with zeros."""
    by_columns = cut_vector(m, columns)
    by_rows = cut_vector(jnp.moveaxis(by_columns, 0, -1), rows)
    return jnp.transpose(by_rows, (2, 0, 3, 1))


def join_matrix(
    tiles: Float[Array, "row_tiles column_tiles rows columns"], height: int, width: int
) -> Float[Array, "height width"]:
    """Join tiles to a matrix: the inverse of `cut_matrix`."""
    row_tiles, column_tiles, rows, columns = tiles.shape
    joined = jnp.transpose(tiles, (0, 2, 1, 3)).reshape(row_tiles * rows, column_tiles * columns)
    return joined[:height, :width]
