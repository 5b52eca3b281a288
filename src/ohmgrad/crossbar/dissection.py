"""Nested dissection of an array on resistive wires: blocks of cells, joined in pairs until one is left."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.crossbar import multiport
from ohmgrad.crossbar.multiport import Cells, Closure, Joint, Lines, dot, transposed
from ohmgrad.parts import Number

BASE = 7
"""Largest number of cells along the side of a block that is solved without being divided."""


class Line(NamedTuple):
    """Resistances of a line.

    Attributes:
        cells: Number of cells on the line.
        ohms: Resistance of a segment between cells.
        near_ohms: Additional resistance in series at the near end.
        far_ohms: Resistance in series at the far end.
        both: Whether the far end is connected.
    """

    cells: int
    ohms: Number
    near_ohms: Number
    far_ohms: Number
    both: bool


class Folded(NamedTuple):
    """An array reduced to the near ends of its lines (ports), with all that leads from there back to its cells.

    Attributes:
        matrix: Currents into the ports per volt on the ports.
        near: Numbers of row ports and of column ports.
        closures: Eliminated far ends of rows and of columns.
        joints: Joints of each step, with the number of far ends that left the second block.
        cells: Currents of the cells of the first blocks.
        shape: Rows and columns of the array.
        block_shape: Rows and columns of the first blocks.
    """

    matrix: Float[Array, "*chips ports ports"]
    near: tuple[int, int]
    closures: tuple[Closure, Closure]
    joints: list[tuple[Joint, int]]
    cells: Cells
    shape: tuple[int, int]
    block_shape: tuple[int, int]


def fold(g: Float[Array, "*chips rows columns"], row: Line, column: Line) -> Folded:
    """Reduce an array to its ports by joining blocks of cells in pairs.

    Rows are counted from the bottom, where the near ends of the columns are.

    Args:
        g: Conductances of the cells in siemens.
        row: Resistances of a row.
        column: Resistances of a column.
    """
    rows, columns = g.shape[-2:]
    row_ohms, column_ohms = _ohms_to_cells(row), _ohms_to_cells(column)
    (across, width), (down, height) = row_ohms.shape, column_ohms.shape
    plan = _plan(down, across, height, width)
    block, inside = multiport.cells(
        _to_blocks(g, (height, width), (down, across)),
        row_ohms,
        column_ohms[:, None],
        plan[0],
    )
    siemens = {"rows": _far_siemens(row), "columns": _far_siemens(column)}
    joints = []
    for done, lines in enumerate(plan[:-1]):
        keep_far = lines in plan[done + 1 : -1] or {"rows": row, "columns": column}[lines].both
        far = block.sizes[3]
        first, second = (block._replace(matrix=half) for half in multiport.pairs(block.matrix, lines))
        block, joint = multiport.join(first, second, keep_far, plan[done + 1])
        joints.append((joint, far))
    matrix, near = block.matrix[..., 0, 0, :, :], (block.sizes[0], block.sizes[1])
    matrix, of_rows = multiport.close(matrix, 0, block.sizes[3], siemens["rows"])
    matrix, of_columns = multiport.close(matrix, near[0], block.sizes[2], siemens["columns"])
    return Folded(matrix, near, (of_rows, of_columns), joints, inside, (rows, columns), (height, width))


def at_ports(folded: Folded, rows: Array, columns: Array) -> Array:
    """Arrange values of rows and columns in the order of the ports."""
    near = folded.near
    return jnp.concatenate([_pad(rows[..., ::-1], near[0]), _pad(columns, near[1])], -1)


def open_volts(folded: Folded, at_ends: Array) -> Float[Array, "*chips batch rows columns"]:
    """Volts across every cell if wires had no resistance."""
    (rows, columns), first = folded.shape, folded.near[0]
    return at_ends[..., :rows][..., ::-1, None] - at_ends[..., None, first : first + columns]


def cell_currents(
    folded: Folded, at_ends: Float[Array, "*chips batch ports"]
) -> Float[Array, "*chips batch rows columns"]:
    """Current through every cell, in amperes, for volts at the ports."""
    x = transposed(at_ends)
    for closure in reversed(folded.closures):
        x = jnp.concatenate([x, dot(closure.per_port, x)], -2)
    x = x[..., None, None, :, :]
    for joint, far in reversed(folded.joints):
        x = multiport.interleave(*multiport.split(joint, x, far), joint.lines)
    return _from_blocks(folded, dot(folded.cells.per_port, x))


def source_currents(
    folded: Folded, sources: Float[Array, "*chips batch rows columns"]
) -> Float[Array, "*chips batch rows columns"]:
    """Current through every cell, in amperes, for a current source parallel to each cell and 0 V at the ports."""
    down, across = folded.cells.volts.shape[-4:-2]
    blocks = _to_blocks(sources, folded.block_shape, (down, across))
    local = dot(folded.cells.per_source, jnp.moveaxis(blocks.reshape(*blocks.shape[:-2], -1), -4, -1))
    y, inside = dot(transposed(folded.cells.volts), local), []
    for joint, _ in folded.joints:
        y, between = multiport.rise(joint, *multiport.pairs(y, joint.lines))
        inside.append(between)
    y, at_far_ends = y[..., 0, 0, :, :], []
    for closure in folded.closures:
        rest = closure.per_port.shape[-1]
        at_far_ends.append(dot(closure.per_volt, y[..., rest:, :]))
        y = y[..., :rest, :] + dot(transposed(closure.per_port), y[..., rest:, :])
    x = jnp.zeros_like(y)
    for closure, amperes in zip(reversed(folded.closures), reversed(at_far_ends), strict=True):
        x = jnp.concatenate([x, dot(closure.per_port, x) + amperes], -2)
    x = x[..., None, None, :, :]
    for (joint, far), between in zip(reversed(folded.joints), reversed(inside), strict=True):
        x = multiport.interleave(*multiport.split(joint, x, far, between), joint.lines)
    return _from_blocks(folded, local + dot(folded.cells.per_port, x))


def _plan(down: int, across: int, height: int, width: int) -> list[Lines]:
    """Direction of each joining step, chosen so that blocks stay about square; "rows" at the end orders the ports."""
    plan: list[Lines] = []
    while down * across > 1:
        if down == 1 or (across > 1 and width <= height):
            across, width = across // 2, width * 2
            plan.append("rows")
        else:
            down, height = down // 2, height * 2
            plan.append("columns")
    return [*plan, "rows"]


def _ohms_to_cells(line: Line) -> Float[Array, "blocks cells"]:
    """Resistance from the near end of each block of a line to each of its cells.

    A line is divided into 2^k blocks of equal length; cells added to fill up the last one have no resistance.
    """
    blocks = 1
    while -(-line.cells // blocks) > BASE:
        blocks *= 2
    length = -(-line.cells // blocks)
    cells = np.arange(blocks * length).reshape(blocks, length)
    behind = np.cumsum(cells < line.cells, 1, dtype=np.float32)
    return line.ohms * jnp.asarray(behind) + jnp.where(cells < length, line.near_ohms, 0.0)


def _far_siemens(line: Line) -> Number:
    """Conductance at the far end of a line; 0 (open) also without any resistance: a second feed changes nothing."""
    if not line.both:
        return 0.0
    return jnp.where(line.far_ohms > 0, 1 / jnp.where(line.far_ohms > 0, line.far_ohms, 1.0), 0.0)


def _to_blocks(x: Array, cells: tuple[int, int], blocks: tuple[int, int]) -> Float[Array, "*chips down across _ _"]:
    """Divide an array into a grid of blocks, rows counted from the bottom, filled up with open cells."""
    (height, width), (down, across) = cells, blocks
    pad = [(0, 0)] * (x.ndim - 2) + [(0, down * height - x.shape[-2]), (0, across * width - x.shape[-1])]
    return jnp.swapaxes(jnp.pad(x[..., ::-1, :], pad).reshape(*x.shape[:-2], down, height, across, width), -3, -2)


def _from_blocks(folded: Folded, x: Float[Array, "*chips down across cells batch"]) -> Array:
    """Inverse of `_to_blocks` for a batch of vectors, whose axis goes before the rows."""
    (rows, columns), (height, width) = folded.shape, folded.block_shape
    *chips, down, across, _, batch = x.shape
    x = jnp.swapaxes(jnp.moveaxis(x.reshape(*chips, down, across, height, width, batch), -1, -5), -3, -2)
    return x.reshape(*chips, batch, down * height, across * width)[..., :rows, :columns][..., ::-1, :]


def _pad(x: Array, length: int) -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])])
