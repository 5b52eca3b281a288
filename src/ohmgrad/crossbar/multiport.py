"""Blocks of cells on wires as multiports: hybrid matrices of blocks, and how to join two blocks to one.

Every line of a block has a near end, where its voltage is given, and a far end, where the current drawn is given. The
symmetric hybrid matrix of a block exists for any wire resistance, including 0, because no conductance of a wire is
formed. Rows and columns are treated alike; only the sign of the cells' currents differs.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.crossbar.inverse import inverse
from ohmgrad.parts import Number

Lines = Literal["rows", "columns"]


class Block(NamedTuple):
    """Blocks of cells as hybrid matrices.

    Currents at near ends count into the block, currents at far ends out of it.

    Attributes:
        matrix: Symmetric matrix from (near volts, far amperes) to (near amperes, far volts).
        sizes: Numbers of ports, in the order of the matrix: near ends of `lines`, near and far ends of the other lines,
            far ends of `lines`. Ends to which nothing will be joined may be left out.
        lines: Direction in which the block is joined next.
    """

    matrix: Float[Array, "*blocks ports ports"]
    sizes: tuple[int, int, int, int]
    lines: Lines


class Joint(NamedTuple):
    """The connection of two blocks, the first of which is nearer to the source of the connecting lines.

    With values x1 and x2 at the other ports, the first block alone would put a = `first` x1 volts on the connecting
    lines, and the second alone would draw b = `second` x2 amperes. Connected, the lines carry `admittance` a +
    `gain`^T b amperes at `gain` a - `resistance` b volts.

    Attributes:
        first: Volts on the connecting lines per unit at the ports of the first block.
        second: Amperes of the connecting lines per unit at the ports of the second block.
        admittance: Matrix of the connected lines, in siemens.
        gain: Matrix of the connected lines, without unit.
        resistance: Matrix of the connected lines, in ohms.
        lines: Direction of the connecting lines.
        pieces: Numbers of ports of the pair: near, other near, other far of the first block; other near, other far, far
            of the second.
        order: Order of the pieces in the joined block.
    """

    first: Float[Array, "*blocks lines ports1"]
    second: Float[Array, "*blocks lines ports2"]
    admittance: Float[Array, "*blocks lines lines"]
    gain: Float[Array, "*blocks lines lines"]
    resistance: Float[Array, "*blocks lines lines"]
    lines: Lines
    pieces: tuple[int, ...]
    order: tuple[int, ...]


def dot(a: Array, b: Array) -> Array:
    """Matrix product in full float32 precision."""
    return jnp.matmul(a, b, precision="highest")


def transposed(a: Array) -> Array:
    """Transpose of the last two axes."""
    return jnp.swapaxes(a, -1, -2)


def _as_deep(a: Array | np.ndarray, axes: int) -> Array:
    """Add leading axes of length 1 up to this number of axes."""
    return jnp.asarray(a).reshape((1,) * (axes - a.ndim) + a.shape)


def _eye(like: Array) -> Array:
    """Identity matrix that broadcasts against square matrices of many blocks."""
    return _as_deep(jnp.eye(like.shape[-1], dtype=like.dtype), like.ndim)


def _pieces(x: Array, sizes: tuple[int, ...], axis: int) -> list[Array]:
    return jnp.split(x, np.cumsum(sizes)[:-1].tolist(), axis)


def _reorder(symmetric: Array, sizes: tuple[int, ...], order: tuple[int, ...]) -> Array:
    """Permute the pieces, of these sizes, of a symmetric matrix."""
    for _ in range(2):  # XLA compiles a transposition much faster than a concatenation of columns
        pieces = _pieces(symmetric, sizes, -2)
        symmetric = transposed(jnp.concatenate([pieces[k] for k in order], -2))
    return symmetric


def join(first: Block, second: Block, keep_far: bool, then: Lines) -> tuple[Block, Joint]:
    """Connect the far ends of a block to the near ends of the next one.

    This is the Schur complement of the connecting lines. Their matrix 1 + Z Y, with the resistance Z of the first and
    the admittance Y of the second block, has no eigenvalue below 1 and is never singular.

    Args:
        first: The blocks nearer to the source of the connecting lines.
        second: Their neighbours.
        keep_far: Keep the far ends of the second block as ports of the joined block.
        then: Direction in which the joined block is joined next.

    Returns:
        The joined blocks, and the connections.
    """
    (near, near1, far1, between), (_, near2, far2, far) = first.sizes, second.sizes
    end1, end2 = near + near1 + far1, between + near2 + far2 + (far if keep_far else 0)
    h1, h2 = first.matrix, second.matrix[..., :end2, :end2]
    a, z = h1[..., end1:, :end1], -h1[..., end1:, end1:]
    b, y = h2[..., :between, between:], h2[..., :between, :between]
    loop = dot(z, y)
    gain = inverse(_eye(loop) + loop)
    admittance, resistance = dot(y, gain), dot(gain, z)
    corner1 = h1[..., :end1, :end1] + dot(transposed(a), dot(admittance, a))
    corner2 = h2[..., between:, between:] - dot(transposed(b), dot(resistance, b))
    across = dot(transposed(dot(gain, a)), b)
    upper, lower = jnp.concatenate([corner1, across], -1), jnp.concatenate([transposed(across), corner2], -1)
    pieces = (near, near1, far1, near2, far2, end2 - between - near2 - far2)
    order = (0, 1, 3, 2, 4, 5) if then == first.lines else (1, 3, 0, 5, 2, 4)
    sizes = (near, near1 + near2, far1 + far2, pieces[5])
    matrix = _reorder(jnp.concatenate([upper, lower], -2), pieces, order)
    block = Block(matrix, sizes if then == first.lines else (sizes[1], sizes[0], sizes[3], sizes[2]), then)
    return block, Joint(a, b, admittance, gain, resistance, first.lines, pieces, order)


def split(
    joint: Joint, x: Float[Array, "*blocks ports batch"], far: int, inside: tuple[Array, Array] | None = None
) -> tuple[Array, Array]:
    """Compute the values at the ports of both blocks from those at the ports of the joined block.

    Args:
        joint: The connection of the blocks.
        x: Volts (near ends) and amperes (far ends) at the ports of the joined block.
        far: Number of far ends of the second block; those that are no ports of the joined block draw nothing.
        inside: Amperes and volts that sources inside the blocks add on the connecting lines, from `rise`.

    Returns:
        The values at the ports of the first and of the second block.
    """
    in_order = _pieces(x, tuple(joint.pieces[k] for k in joint.order), -2)
    piece = [in_order[joint.order.index(k)] for k in range(6)]
    x1, x2 = jnp.concatenate(piece[:3], -2), jnp.concatenate(piece[3:], -2)
    amperes, volts = _carried(joint, dot(joint.first, x1), dot(joint.second, x2))
    if inside is not None:
        amperes, volts = amperes + inside[0], volts + inside[1]
    undrawn = jnp.zeros((*x2.shape[:-2], far - joint.pieces[5], x2.shape[-1]), x.dtype)
    return jnp.concatenate([x1, amperes], -2), jnp.concatenate([volts, x2, undrawn], -2)


def rise(
    joint: Joint, y1: Float[Array, "*blocks ports1 batch"], y2: Float[Array, "*blocks ports2 batch"]
) -> tuple[Float[Array, "*blocks ports batch"], tuple[Array, Array]]:
    """Compute the effect of sources inside two blocks on the ports of the joined block, which are not driven.

    Args:
        joint: The connection of the blocks.
        y1: Effect of the sources on the ports of the first block alone.
        y2: Effect of the sources on the ports of the second block alone.

    Returns:
        The effect on the ports of the joined block; the amperes and volts on the connecting lines.
    """
    between = joint.gain.shape[-1]
    end1, end2 = joint.first.shape[-1], between + joint.second.shape[-1]
    inside = _carried(joint, y1[..., end1:, :], y2[..., :between, :])
    above = y1[..., :end1, :] + dot(transposed(joint.first), inside[0])
    below = y2[..., between:end2, :] + dot(transposed(joint.second), inside[1])
    pieces = _pieces(jnp.concatenate([above, below], -2), joint.pieces, -2)
    return jnp.concatenate([pieces[k] for k in joint.order], -2), inside


def _carried(joint: Joint, a: Array, b: Array) -> tuple[Array, Array]:
    amperes = dot(joint.admittance, a) + dot(transposed(joint.gain), b)
    return amperes, dot(joint.gain, a) - dot(joint.resistance, b)


class Closure(NamedTuple):
    """Currents at far ends that are fed from near ends.

    Attributes:
        per_port: Current per unit at the other ports.
        per_volt: Current per volt between feed and far end.
    """

    per_port: Float[Array, "*blocks far rest"]
    per_volt: Float[Array, "*blocks far far"]


def close(
    matrix: Float[Array, "*blocks ports ports"], near: int, far: int, siemens: Number
) -> tuple[Float[Array, "*blocks rest rest"], Closure]:
    """Feed the last ports of a block from its near ends, and eliminate them. Near currents then include both ends.

    Args:
        matrix: Matrix of the block.
        near: Index of the first of the near ends.
        far: Number of far ends: the last ports.
        siemens: Conductance between feed and far end; 0: open.

    Returns:
        The matrix of the other ports, and the currents at the far ends.
    """
    rest = matrix.shape[-1] - far
    drive = matrix[..., rest:, :rest] - _as_deep(jnp.eye(far, rest, near, dtype=matrix.dtype), matrix.ndim)
    load = matrix[..., rest:, rest:]
    per_volt = siemens * inverse(_eye(load) - siemens * load)
    per_port = dot(per_volt, drive)
    return matrix[..., :rest, :rest] + dot(transposed(drive), per_port), Closure(per_port, per_volt)


class Cells(NamedTuple):
    """Currents and voltages of the cells of blocks.

    Attributes:
        per_port: Current through each cell per unit at the ports.
        per_source: Current through each cell per ampere of a source parallel to a cell.
        volts: Volts across each cell, if all cells were open, per unit at the ports.
    """

    per_port: Float[Array, "*grid cells ports"]
    per_source: Float[Array, "*grid cells cells"]
    volts: Float[Array, "*grid cells ports"]


def cells(
    g: Float[Array, "*grid rows columns"],
    row_ohms: Float[Array, "*#grid columns"],
    column_ohms: Float[Array, "*#grid rows"],
    lines: Lines,
) -> tuple[Block, Cells]:
    """Build the hybrid matrices of blocks of cells.

    The currents of the cells are (1 + g R)^-1 g V, with the volts V across open cells and the resistances R that two
    cells share.

    Args:
        g: Conductances in siemens.
        row_ohms: Resistance from the near end of a row to each of its cells.
        column_ohms: Resistance from the near end of a column to each of its cells.
        lines: Direction in which the blocks are joined next.
    """
    *grid, rows, columns = g.shape
    row, column = np.kron(np.eye(rows), np.ones((columns, 1))), np.kron(np.ones((rows, 1)), np.eye(columns))
    row, column = (_as_deep(each.astype(g.dtype), g.ndim) for each in (row, column))
    row_ohms, column_ohms = (_as_deep(each, g.ndim - 1) for each in (row_ohms, column_ohms))
    drop_row, drop_column = jnp.tile(row_ohms, rows)[..., None], jnp.repeat(column_ohms, columns, -1)[..., None]
    near, far = [row, -column], [-drop_row * row, drop_column * column]
    ohms, sizes = [row_ohms[..., -1:], column_ohms[..., -1:]], [rows, columns]
    if lines == "columns":
        near, far, ohms, sizes = near[::-1], far[::-1], ohms[::-1], sizes[::-1]
    parts = [*near, *far[::-1]]
    volts = jnp.concatenate([jnp.broadcast_to(v, (*grid, *v.shape[-2:])).astype(g.dtype) for v in parts], -1)
    shared_row, shared_column = (jnp.minimum(x[..., :, None], x[..., None, :]) for x in (row_ohms, column_ohms))
    r = jnp.einsum("ik,...jl->...ijkl", np.eye(rows, dtype=row_ohms.dtype), shared_row)
    r = r + jnp.einsum("...ik,jl->...ijkl", shared_column, np.eye(columns, dtype=row_ohms.dtype))
    r = r.reshape(*r.shape[:-4], rows * columns, rows * columns)
    siemens = g.reshape(*grid, rows * columns, 1)
    per_source = inverse(_eye(r) + siemens * r)
    per_port = dot(per_source, siemens * volts)
    ports = (sizes[0], sizes[1], sizes[1], sizes[0])
    block = Block(_bare(ports, *ohms) + dot(transposed(volts), per_port), ports, lines)
    return block, Cells(per_port, per_source, volts)


def _bare(sizes: tuple[int, int, int, int], ohms: Array, other_ohms: Array) -> Array:
    """Matrix of a block whose cells are all open: currents drawn at far ends enter at near ends."""
    grid = np.broadcast_shapes(ohms.shape[:-1], other_ohms.shape[:-1])
    far = [jnp.broadcast_to(x, (*grid, size)) for x, size in ((other_ohms, sizes[2]), (ohms, sizes[3]))]
    drops = jnp.concatenate([jnp.zeros((*grid, sizes[0] + sizes[1]), ohms.dtype), *far], -1)
    ports = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    one = jnp.eye(sum(sizes), dtype=ohms.dtype)
    turned, one = (_as_deep(matrix, drops.ndim + 1) for matrix in (one[np.concatenate(ports[::-1])], one))
    return turned - drops[..., None] * one


def pairs(x: Float[Array, "*chips down across _ _"], lines: Lines) -> tuple[Array, Array]:
    """Divide a grid of blocks, along `lines`, into every other block and their neighbours."""
    along = -3 if lines == "rows" else -4
    every_other = x.reshape(*x.shape[:along], -1, 2, *x.shape[along + 1 :])
    return jnp.take(every_other, 0, along), jnp.take(every_other, 1, along)


def interleave(first: Array, second: Array, lines: Lines) -> Array:
    """Inverse of `pairs`."""
    along = first.ndim - (3 if lines == "rows" else 4)
    x = jnp.stack([first, second], along + 1)
    return x.reshape(*x.shape[:along], -1, *x.shape[along + 2 :])
