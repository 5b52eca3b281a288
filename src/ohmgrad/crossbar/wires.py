"""An array on resistive wires, solved exactly and directly.

The array is cut into blocks of cells, and neighbouring blocks are joined until one is left (nested dissection of
multiports): O(n^3) operations for n x n cells, nearly all of them products of matrices, whatever the wires' resistance.
"""

from functools import partial
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ohmgrad.crossbar import multiport
from ohmgrad.crossbar.multiport import Cells, Closure, Joint, Lines, dot, transposed

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
    """Norm over all cells of g (V - U) - I relative to g (v - u); V, U are at the cells, v, u at the lines' ends."""
    converged: Bool[Array, "*chips batch"]
    """Whether the residual is within the tolerance; False, too, where anything is not a finite number."""


@jax.jit
def ports(g: Float[Array, "*chips rows columns"], wires: Wires) -> Ports:
    """What an array with cells of `g` siemens is at its ends. Differentiable in g."""
    rows, columns = g.shape[-2:]
    matrix, near = _fold(g, wires)[:2]
    row, column = slice(0, rows), slice(near[0], near[0] + columns)
    across, along = matrix[..., row, column], matrix[..., row, row]
    return Ports(-across[..., ::-1, :], along[..., ::-1, ::-1], matrix[..., column, column])


@partial(jax.jit, static_argnames=("tolerance", "rounds"))
def solve(
    g: Float[Array, "*chips rows columns"],
    wires: Wires,
    row_volts: Float[Array, "*chips batch rows"],
    column_volts: Float[Array, "*chips batch columns"],
    tolerance: float = 1e-5,
    rounds: int = 1,
) -> Solution:
    """Every current in an array with cells of `g` siemens, its lines' sources at the given voltages.

    Unrefined, the residual is about 1e-6 for 256 x 256 cells and less for fewer; one of the `rounds` of refinement
    brings it to 1e-7, about where float32 ends. Differentiable in g and in the voltages.
    """
    rows, columns = g.shape[-2:]
    drawn_rows, lost_rows = _line(columns, wires.row_ohms, wires.driver_ohms, wires.row_ends)
    column = _line(rows, wires.column_ohms, wires.sense_ohms, wires.column_ends)
    drawn_columns, lost_columns = (m[::-1, ::-1].T for m in column)
    driven = row_volts[..., :, None] - column_volts[..., None, :]
    siemens = g[..., None, :, :]

    def missing(amperes: Array) -> Array:
        lost = dot(dot(amperes, drawn_rows), lost_rows) + dot(lost_columns, dot(drawn_columns, amperes))
        return siemens * (driven - lost) - amperes

    folded = _fold(g, wires)
    amperes = _driven(folded, row_volts, column_volts)
    for _ in range(rounds):
        amperes = amperes + _answering(folded, missing(amperes))
    size = _norm(missing(amperes))
    residual = jnp.where(size == 0, 0.0, size / _norm(siemens * driven))
    return Solution(amperes, amperes.sum(-1), amperes.sum(-2), residual, residual <= tolerance)


def _norm(amperes: Float[Array, "*vectors rows columns"]) -> Float[Array, "*vectors"]:
    return jnp.linalg.norm(amperes, axis=(-2, -1))


def _pad(x: Array, length: int) -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])])


def _line(length: int, ohms: float, end_ohms: float, ends: Ends) -> tuple[Array, Array]:
    """Two matrices: from the currents that cells draw of a line to those in its segments, and from there to volts lost.

    Cells and segments are counted from the near end. Small currents in the segments of lines that carry much back and
    forth keep their digits, as they would not in the product of the two.
    """
    segments = np.full(length, float(ohms))
    segments[0] += end_ohms
    drawn, whole = np.tril(np.ones((length, length))), segments.sum() + ohms + end_ohms
    if ends == "both" and whole > 0:
        drawn -= np.cumsum(segments)[:, None] / whole
    return jnp.asarray(drawn, jnp.float32), jnp.asarray(segments[:, None] * np.triu(np.ones_like(drawn)), jnp.float32)


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
    """An array's matrix at the near ends of its lines, and what it takes to get from there back to its cells."""

    matrix: Float[Array, "*chips ports ports"]
    near: tuple[int, int]
    closures: tuple[Closure, Closure]
    joints: list[tuple[Joint, int]]
    cells: Cells
    shape: tuple[int, int]
    block_shape: tuple[int, int]


def _fold(g: Float[Array, "*chips rows columns"], wires: Wires) -> _Folded:
    """Joins the array's blocks in pairs. Rows are counted from the bottom, where the columns' near ends are."""
    rows, columns = g.shape[-2:]
    row_ohms = _cut(columns, wires.row_ohms, wires.driver_ohms)
    column_ohms = _cut(rows, wires.column_ohms, wires.sense_ohms)
    (across, width), (down, height) = row_ohms.shape, column_ohms.shape
    plan = _plan(down, across, height, width)
    block, inside = multiport.cells(
        _to_blocks(g, (height, width), (down, across)),
        jnp.asarray(row_ohms),
        jnp.asarray(column_ohms[:, None]),
        plan[0],
    )
    siemens = {
        "rows": _far_siemens(wires.row_ohms + wires.driver_ohms, wires.row_ends),
        "columns": _far_siemens(wires.column_ohms + wires.sense_ohms, wires.column_ends),
    }
    joints = []
    for done, lines in enumerate(plan[:-1]):
        keep_far = lines in plan[done + 1 : -1] or siemens[lines] > 0
        far = block.sizes[3]
        first, second = (block._replace(matrix=half) for half in multiport.pairs(block.matrix, lines))
        block, joint = multiport.join(first, second, keep_far, plan[done + 1])
        joints.append((joint, far))
    matrix, near = block.matrix[..., 0, 0, :, :], (block.sizes[0], block.sizes[1])
    matrix, of_rows = multiport.close(matrix, 0, block.sizes[3], siemens["rows"])
    matrix, of_columns = multiport.close(matrix, near[0], block.sizes[2], siemens["columns"])
    return _Folded(matrix, near, (of_rows, of_columns), joints, inside, (rows, columns), (height, width))


def _driven(folded: _Folded, row_volts: Array, column_volts: Array) -> Float[Array, "*chips batch rows columns"]:
    """Amperes through every cell, given volts at the ends of the lines."""
    rows, columns = folded.near
    x = transposed(jnp.concatenate([_pad(row_volts[..., ::-1], rows), _pad(column_volts, columns)], -1))
    for closure in reversed(folded.closures):
        x = jnp.concatenate([x, dot(closure.per_port, x)], -2)
    x = x[..., None, None, :, :]
    for joint, far in reversed(folded.joints):
        x = multiport.interleave(*multiport.split(joint, x, far), joint.lines)
    return _to_array(folded, dot(folded.cells.per_port, x))


def _answering(
    folded: _Folded, sources: Float[Array, "*chips batch rows columns"]
) -> Float[Array, "*chips batch rows columns"]:
    """Amperes through every cell with a current source beside it, no volts at the ends of the lines."""
    down, across = folded.cells.volts.shape[-4:-2]
    blocks = _to_blocks(sources, folded.block_shape, (down, across))
    own = dot(folded.cells.per_source, jnp.moveaxis(blocks.reshape(*blocks.shape[:-2], -1), -4, -1))
    y, inside = dot(transposed(folded.cells.volts), own), []
    for joint, _ in folded.joints:
        y, between = multiport.rise(joint, *multiport.pairs(y, joint.lines))
        inside.append(between)
    y, missing = y[..., 0, 0, :, :], []
    for closure in folded.closures:
        rest = closure.per_port.shape[-1]
        missing.append(dot(closure.per_volt, y[..., rest:, :]))
        y = y[..., :rest, :] + dot(transposed(closure.per_port), y[..., rest:, :])
    x = jnp.zeros_like(y)
    for closure, amperes in zip(reversed(folded.closures), reversed(missing), strict=True):
        x = jnp.concatenate([x, dot(closure.per_port, x) + amperes], -2)
    x = x[..., None, None, :, :]
    for (joint, far), between in zip(reversed(folded.joints), reversed(inside), strict=True):
        x = multiport.interleave(*multiport.split(joint, x, far, between), joint.lines)
    return _to_array(folded, own + dot(folded.cells.per_port, x))


def _to_blocks(x: Array, cells: tuple[int, int], blocks: tuple[int, int]) -> Float[Array, "*chips down across _ _"]:
    """An array, its rows counted from the bottom and more open cells at its far ends, as a grid of blocks of cells."""
    (height, width), (down, across) = cells, blocks
    pad = [(0, 0)] * (x.ndim - 2) + [(0, down * height - x.shape[-2]), (0, across * width - x.shape[-1])]
    return jnp.swapaxes(jnp.pad(x[..., ::-1, :], pad).reshape(*x.shape[:-2], down, height, across, width), -3, -2)


def _to_array(folded: _Folded, x: Float[Array, "*chips down across cells batch"]) -> Array:
    """The opposite of `_to_blocks` for a batch of vectors, which becomes the axis before the rows."""
    (rows, columns), (height, width) = folded.shape, folded.block_shape
    *chips, down, across, _, batch = x.shape
    x = jnp.swapaxes(jnp.moveaxis(x.reshape(*chips, down, across, height, width, batch), -1, -5), -3, -2)
    return x.reshape(*chips, batch, down * height, across * width)[..., :rows, :columns][..., ::-1, :]


def _plan(down: int, across: int, height: int, width: int) -> list[Lines]:
    """Along which lines to join, step by step, so that blocks stay about square; ends with the view that is wanted."""
    plan: list[Lines] = []
    while down * across > 1:
        if down == 1 or (across > 1 and width <= height):
            across, width = across // 2, width * 2
            plan.append("rows")
        else:
            down, height = down // 2, height * 2
            plan.append("columns")
    return [*plan, "rows"]


def _far_siemens(ohms: float, ends: Ends) -> float:
    """Conductance at a line's far end; feeding a line without any resistance from there, too, changes nothing."""
    return 1 / ohms if ends == "both" and ohms > 0 else 0.0
