"""An array on resistive wires, solved exactly and directly.

The array is cut into blocks of cells, and neighbouring blocks are joined until one is left (nested dissection of
multiports): O(n^3) operations for n x n cells, nearly all of them products of matrices, whatever the wires' resistance.
"""

from typing import Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from ohmgrad.crossbar import multiport
from ohmgrad.crossbar.multiport import COLUMNS, ROWS, Block, Joint, Sizes, dot, transposed

Ends = Literal["one", "both"]
BASE = 7  # cells along the side of the largest block that is solved as a whole


class Wires(eqx.Module):
    """Resistance of each segment of a row and of a column, of each row's driver and of each column's sense amplifier.

    A row runs from its driver on the left, one segment before each cell; a column to its sense amplifier at the bottom,
    one segment behind each cell. Lines with both ends have one more segment and driver or sense amplifier at the other.
    """

    row_ohms: float = eqx.field(static=True)
    column_ohms: float = eqx.field(static=True)
    driver_ohms: float = eqx.field(static=True, default=0.0)
    sense_ohms: float = eqx.field(static=True, default=0.0)
    row_ends: Ends = eqx.field(static=True, default="one")
    column_ends: Ends = eqx.field(static=True, default="one")


class Ports(NamedTuple):
    """An array as its drivers and sense amplifiers see it, in siemens; a line's two ends count together."""

    transfer: Float[Array, "*chips rows columns"]
    """Current out of each column per volt on each row, and by reciprocity out of each row per volt on each column."""
    row_admittance: Float[Array, "*chips rows rows"]
    """Current into the rows per volt on the rows; v^T A v is the power that the rows deliver."""
    column_admittance: Float[Array, "*chips columns columns"]
    """Current into the columns per volt on the columns."""


class Solution(NamedTuple):
    """Currents of every vector, in amperes, and how well they obey Kirchhoff's and Ohm's laws."""

    cells: Float[Array, "*chips batch rows columns"]
    """From row to column through each cell."""
    rows: Float[Array, "*chips batch rows"]
    """Into the array, both ends of a row together."""
    columns: Float[Array, "*chips batch columns"]
    """Out of the array, both ends of a column together."""
    residual: Float[Array, "*chips batch"]
    """Norm of g (V - U) - I over all cells relative to that of g (v - u), with V and U at the cells, v and u at the ends."""
    converged: Bool[Array, "*chips batch"]
    """Whether the residual is within the tolerance; False, too, where anything is not a finite number."""


def ports(g: Float[Array, "*chips rows columns"], wires: Wires) -> Ports:
    """What an array with cells of `g` siemens is at its ends. Differentiable in g."""
    rows, columns = g.shape[-2:]
    block = _fold(g, wires).block
    across = block.part([ROWS], [COLUMNS])[..., :rows, :columns]
    along = block.part([ROWS], [ROWS])[..., :rows, :rows]
    return Ports(-across[..., ::-1, :], along[..., ::-1, ::-1], block.part([COLUMNS], [COLUMNS])[..., :columns, :columns])


def solve(
    g: Float[Array, "*chips rows columns"],
    wires: Wires,
    row_volts: Float[Array, "*chips batch rows"],
    column_volts: Float[Array, "*chips batch columns"],
    tolerance: float = 1e-6,
) -> Solution:
    """Every current in an array with cells of `g` siemens, its lines' sources at the given voltages.

    Differentiable in g and in the voltages.
    """
    rows, columns = g.shape[-2:]
    folded = _fold(g, wires)
    near = [_pad(row_volts[..., ::-1], folded.block.sizes[0]), _pad(column_volts, folded.block.sizes[1])]
    amperes = _unfold(folded, transposed(jnp.concatenate(near, -1)))[..., :rows, :columns][..., ::-1, :]
    driven = row_volts[..., :, None] - column_volts[..., None, :]
    lost = dot(amperes, _common_ohms(columns, wires.row_ohms, wires.driver_ohms, wires.row_ends))
    column_ohms = _common_ohms(rows, wires.column_ohms, wires.sense_ohms, wires.column_ends)[::-1, ::-1]
    lost += dot(column_ohms, amperes)
    siemens = g[..., None, :, :]
    norm = lambda i: jnp.sqrt(jnp.square(i).sum((-2, -1)))  # noqa: E731
    residual = norm(siemens * (driven - lost) - amperes) / norm(siemens * driven)
    return Solution(amperes, amperes.sum(-1), amperes.sum(-2), residual, residual <= tolerance)


def _pad(x: Array, length: int) -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])])


def _common_ohms(length: int, ohms: float, end_ohms: float, ends: Ends) -> Float[np.ndarray, "length length"]:
    """Volts lost at each cell of a line per ampere at each other, cells being counted from the near end."""
    near = end_ohms + ohms * np.arange(1.0, length + 1)
    lost = np.minimum.outer(near, near)
    whole = 2 * end_ohms + (length + 1) * ohms
    if ends == "both" and whole > 0:
        lost *= 1 - np.maximum.outer(near, near) / whole
    return lost.astype(np.float32)


def _cut(length: int, ohms: float, end_ohms: float) -> Float[np.ndarray, "blocks cells"]:
    """Ohms from the near end of each stretch of a line to each of its cells.

    The stretches are 2^k of equal length; what that adds to a line has neither cells nor resistance.
    """
    blocks = 1
    while -(-length // blocks) > BASE:
        blocks *= 2
    each = np.zeros((blocks, -(-length // blocks)), np.float32)
    each.flat[:length] = ohms
    each[0, 0] += end_ohms
    return np.cumsum(each, 1)


class _Folded(NamedTuple):
    """The array as one block, and what it takes to get from its ports back to its cells."""

    block: Block
    joints: list[tuple[Joint, Sizes]]
    drawn: list[Float[Array, "*chips lines ports"]]
    cells_per_port: Float[Array, "*chips down across cells ports"]
    cells: tuple[int, int]


def _fold(g: Float[Array, "*chips rows columns"], wires: Wires) -> _Folded:
    """Joins the array's blocks in pairs. Rows are counted from the bottom, where the columns' near ends are."""
    rows, columns = g.shape[-2:]
    row_ohms = _cut(columns, wires.row_ohms, wires.driver_ohms)
    column_ohms = _cut(rows, wires.column_ohms, wires.sense_ohms)
    (across, width), (down, height) = row_ohms.shape, column_ohms.shape
    pad = [(0, 0)] * (g.ndim - 2) + [(0, down * height - rows), (0, across * width - columns)]
    grid = jnp.pad(g[..., ::-1, :], pad).reshape(*g.shape[:-2], down, height, across, width)
    block, cells_per_port = multiport.cells(
        jnp.swapaxes(grid, -3, -2), jnp.asarray(row_ohms), jnp.asarray(column_ohms[:, None])
    )
    siemens = {
        ROWS: _far_siemens(wires.row_ohms + wires.driver_ohms, wires.row_ends),
        COLUMNS: _far_siemens(wires.column_ohms + wires.sense_ohms, wires.column_ends),
    }
    joints, drawn = [], []
    while max(block.matrix.shape[-4:-2]) > 1:
        *_, down, across, _, _ = block.matrix.shape
        lines = COLUMNS if across == 1 or (down > 1 and block.sizes[ROWS] <= block.sizes[COLUMNS]) else ROWS
        last = (down if lines == COLUMNS else across) == 2
        sizes = block.sizes
        block, joint = multiport.join(*_pairs(block, lines), lines, keep_far=siemens[lines] > 0 or not last)
        joints.append((joint, sizes))
    block = block._replace(matrix=block.matrix[..., 0, 0, :, :])
    for lines in (ROWS, COLUMNS):
        block, far = multiport.close(block, lines, siemens[lines])
        drawn.append(far)
    return _Folded(block, joints, drawn, cells_per_port, (height, width))


def _pairs(block: Block, lines: int) -> tuple[Block, Block]:
    """Every other block along the `lines`, and their neighbours."""
    along = -3 if lines == ROWS else -4
    length = block.matrix.shape[along]
    take = lambda start: lax.slice_in_dim(block.matrix, start, length, 2, along)  # noqa: E731
    return block._replace(matrix=take(0)), block._replace(matrix=take(1))


def _far_siemens(ohms: float, ends: Ends) -> float:
    """Conductance at a line's far end; feeding a line without any resistance from there, too, changes nothing."""
    return 1 / ohms if ends == "both" and ohms > 0 else 0.0


def _unfold(folded: _Folded, x: Float[Array, "*chips ports batch"]) -> Float[Array, "*chips batch rows columns"]:
    """Amperes through every cell, given volts at the near ends."""
    near = sum(folded.block.sizes)
    for drawn in reversed(folded.drawn):
        x = jnp.concatenate([x[..., :near, :], dot(drawn, x), x[..., near:, :]], -2)
    x = x[..., None, None, :, :]
    for joint, sizes in reversed(folded.joints):
        pair = multiport.split(joint, x, sizes)
        along = x.ndim - (3 if joint.lines == ROWS else 4)
        x = jnp.stack(pair, along + 1)
        x = x.reshape(*x.shape[:along], -1, *x.shape[along + 2 :])
    height, width = folded.cells
    amperes = dot(folded.cells_per_port, x)
    *chips, down, across, _, batch = amperes.shape
    amperes = jnp.moveaxis(amperes.reshape(*chips, down, across, height, width, batch), -1, -5)
    return jnp.swapaxes(amperes, -3, -2).reshape(*chips, batch, down * height, across * width)
