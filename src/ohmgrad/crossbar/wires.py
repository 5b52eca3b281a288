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
from ohmgrad.crossbar.multiport import Joint, Lines, dot, transposed

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


@jax.jit
def ports(g: Float[Array, "*chips rows columns"], wires: Wires) -> Ports:
    """What an array with cells of `g` siemens is at its ends. Differentiable in g."""
    rows, columns = g.shape[-2:]
    matrix, near = _fold(g, wires)[:2]
    row, column = slice(0, rows), slice(near[0], near[0] + columns)
    across, along = matrix[..., row, column], matrix[..., row, row]
    return Ports(-across[..., ::-1, :], along[..., ::-1, ::-1], matrix[..., column, column])


@partial(jax.jit, static_argnames="tolerance")
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
    near = [_pad(row_volts[..., ::-1], folded.near[0]), _pad(column_volts, folded.near[1])]
    amperes = _unfold(folded, transposed(jnp.concatenate(near, -1)))[..., :rows, :columns][..., ::-1, :]
    driven = row_volts[..., :, None] - column_volts[..., None, :]
    lost = dot(amperes, _common_ohms(columns, wires.row_ohms, wires.driver_ohms, wires.row_ends))
    column_ohms = _common_ohms(rows, wires.column_ohms, wires.sense_ohms, wires.column_ends)[::-1, ::-1]
    lost += dot(column_ohms, amperes)
    siemens = g[..., None, :, :]
    unexplained, drive = _norm(siemens * (driven - lost) - amperes), _norm(siemens * driven)
    residual = jnp.where(unexplained == 0, 0.0, unexplained / drive)
    return Solution(amperes, amperes.sum(-1), amperes.sum(-2), residual, residual <= tolerance)


def _norm(amperes: Float[Array, "*vectors rows columns"]) -> Float[Array, "*vectors"]:
    return jnp.linalg.norm(amperes, axis=(-2, -1))


def _pad(x: Array, length: int) -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])])


def _common_ohms(length: int, ohms: float, end_ohms: float, ends: Ends) -> Float[Array, "length length"]:
    """Volts lost at each cell of a line per ampere at each other, cells being counted from the near end."""
    near = end_ohms + ohms * np.arange(1.0, length + 1)
    lost = np.minimum.outer(near, near)
    whole = 2 * end_ohms + (length + 1) * ohms
    if ends == "both" and whole > 0:
        lost *= 1 - np.maximum.outer(near, near) / whole
    return jnp.asarray(lost, jnp.float32)


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
    drawn: list[Float[Array, "*chips lines ports"]]
    joints: list[tuple[Joint, int]]
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
    plan = _plan(down, across, height, width)
    block, cells_per_port = multiport.cells(
        jnp.swapaxes(grid, -3, -2), jnp.asarray(row_ohms), jnp.asarray(column_ohms[:, None]), plan[0]
    )
    siemens = {
        "rows": _far_siemens(wires.row_ohms + wires.driver_ohms, wires.row_ends),
        "columns": _far_siemens(wires.column_ohms + wires.sense_ohms, wires.column_ends),
    }
    joints = []
    for done, lines in enumerate(plan[:-1]):
        keep_far = lines in plan[done + 1 : -1] or siemens[lines] > 0
        far = block.sizes[3]
        block, joint = multiport.join(*multiport.pairs(block), keep_far, plan[done + 1])
        joints.append((joint, far))
    matrix, near = block.matrix[..., 0, 0, :, :], (block.sizes[0], block.sizes[1])
    matrix, far_rows = multiport.close(matrix, 0, block.sizes[3], siemens["rows"])
    matrix, far_columns = multiport.close(matrix, near[0], block.sizes[2], siemens["columns"])
    return _Folded(matrix, near, [far_rows, far_columns], joints, cells_per_port, (height, width))


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


def _unfold(folded: _Folded, x: Float[Array, "*chips ports batch"]) -> Float[Array, "*chips batch rows columns"]:
    """Amperes through every cell, given volts at the near ends."""
    for drawn in reversed(folded.drawn):
        x = jnp.concatenate([x, dot(drawn, x)], -2)
    x = x[..., None, None, :, :]
    for joint, far in reversed(folded.joints):
        x = multiport.interleave(*multiport.split(joint, x, far), joint.lines)
    height, width = folded.cells
    amperes = dot(folded.cells_per_port, x)
    *chips, down, across, _, batch = amperes.shape
    amperes = jnp.moveaxis(amperes.reshape(*chips, down, across, height, width, batch), -1, -5)
    return jnp.swapaxes(amperes, -3, -2).reshape(*chips, batch, down * height, across * width)
