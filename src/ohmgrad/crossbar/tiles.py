"""A matrix of any size cut into tiles of one array size, unused cells at the edge filled with zeros.

Cells that hold no weight are open. Lines far beyond a matrix that fits on one tile are left out of the simulation.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def count(length: int, size: int) -> int:
    """Tiles of `size` lines that `length` lines need."""
    return -(-length // size)


def simulated(length: int, size: int) -> int:
    """Lines of a tile of `size` that are simulated for `length` lines of a matrix.

    All where one tile is not enough, else up to the next multiple of 64: the lines beyond hold no cell that conducts.
    """
    return min(size, count(length, _BLOCK) * _BLOCK)


_BLOCK = 64


def used(length: int, size: int) -> Bool[Array, "tiles size"]:
    """Which lines of tiles of `size` lines each are among the first `length`."""
    return (jnp.arange(count(length, size) * size) < length).reshape(-1, size)


def used_cells(shape: tuple[int, int], size: tuple[int, int]) -> Bool[Array, "row_tiles column_tiles 1 rows columns"]:
    """Which cells of tiles of `size` hold weights of a matrix of this shape."""
    return used(shape[0], size[0])[:, None, None, :, None] & used(shape[1], size[1])[None, :, None, None, :]


def cut_vector(x: Float[Array, "*batch length"], size: int) -> Float[Array, "*batch tiles size"]:
    pad = count(x.shape[-1], size) * size - x.shape[-1]
    padded = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, pad)])
    return padded.reshape(*x.shape[:-1], -1, size)


def cut_matrix(
    m: Float[Array, "height width"], rows: int, columns: int
) -> Float[Array, "row_tiles column_tiles rows columns"]:
    by_columns = cut_vector(m, columns)
    by_rows = cut_vector(jnp.moveaxis(by_columns, 0, -1), rows)
    return jnp.transpose(by_rows, (2, 0, 3, 1))


def join_matrix(
    tiles: Float[Array, "row_tiles column_tiles rows columns"], height: int, width: int
) -> Float[Array, "height width"]:
    row_tiles, column_tiles, rows, columns = tiles.shape
    joined = jnp.transpose(tiles, (0, 2, 1, 3)).reshape(row_tiles * rows, column_tiles * columns)
    return joined[:height, :width]
