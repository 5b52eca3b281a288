"""An array on resistive wires, solved exactly and directly.

The array is cut into blocks of cells, and neighbouring blocks are joined until one is left (nested dissection of
multiports): O(n^3) operations for n x n cells, nearly all of them products of matrices, whatever the wires' resistance.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float

from ohmgrad.crossbar import multiport
from ohmgrad.crossbar.inverse import inverse
from ohmgrad.crossbar.multiport import Cells, Closure, Joint, Lines, dot, transposed
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, number, setting

Ends = Literal["one", "both"]
SOLVED = 1e-5
"""Residual up to which the ports of an array count as solved; refined solutions of `solve` reach less."""
MOST_OHMS = 1e9
BASE = 7  # cells along the side of the largest block that is solved as a whole


class Wires(Part):
    """Resistance of the lines of an array.

    Of each segment of a row and of a column, of each row's driver and of each column's sense amplifier.

    A row runs from its driver on the left, one segment before each cell; a column to its sense amplifier at the bottom,
    one segment behind each cell. Lines with both ends have one more segment and driver or sense amplifier at the other.

    Raises InputError for a resistance that is negative or not finite.
    """

    row_ohms: Number = number(meaning="of a row's segment from device to device", unit="ohm", ge=0, le=MOST_OHMS)
    column_ohms: Number = number(meaning="of a column's segment from device to device", unit="ohm", ge=0, le=MOST_OHMS)
    driver_ohms: Number = number(0.0, "of the driver of a row", "ohm", ge=0, le=MOST_OHMS)
    sense_ohms: Number = number(0.0, "of the sense amplifier of a column", "ohm", ge=0, le=MOST_OHMS)
    row_ends: Ends = setting("one", "ends of a row that are driven")
    column_ends: Ends = setting("one", "ends of a column that are sensed")


class Ports(NamedTuple):
    """An array as its drivers and sense amplifiers see it, in siemens; a line's two ends count together."""

    transfer: Float[Array, "*chips rows columns"]
    """Current out of each column per volt on each row, and by reciprocity out of each row per volt on each column."""
    row_admittance: Float[Array, "*chips rows rows"]
    """Current into the rows per volt on the rows; v^T A v is the power that the rows deliver."""
    column_admittance: Float[Array, "*chips columns columns"]
    """Current into the columns per volt on the columns."""
    residual: Float[Array, "*chips"]
    """How well this obeys the laws, all rows at 1 V and all columns at 0 V: the residual of the cells' currents as in
    `Solution`, or, where larger, the relative norm of what they add up to on a line less what is said above."""


class Solution(NamedTuple):
    """Currents of every vector, in amperes, and how well they obey Kirchhoff's and Ohm's laws."""

    cells: Float[Array, "*chips batch rows columns"]
    """From row to column through each cell."""
    rows: Float[Array, "*chips batch rows"]
    """Into the array, both ends of a row together."""
    columns: Float[Array, "*chips batch columns"]
    """Out of the array, both ends of a column together."""
    residual: Float[Array, "*chips batch"]
    """Norm over all cells of g (V - U) - I relative to g (v - u); V, U are at the cells, v, u at the lines' ends. Or,
    where larger, the norm of what floating lines still carry relative to that of the currents of their cells."""
    converged: Bool[Array, "*chips batch"]
    """Whether the residual is within the tolerance; False, too, where anything is not a finite number or a conductance
    is negative."""


def ports(g: Float[Array, "..."], wires: Wires, unused: tuple[int, int] = (0, 0)) -> Ports:
    """What an array is at its ends. Differentiable in g.

    Args:
        g: Conductances of the cells in siemens, (*chips, rows, columns).
        wires: The lines.
        unused: Rows below and columns to the right of these that have open cells only: the segments of the lines that
            cross them are all that is left of them.

    Raises:
        InputError: for another shape or, outside of compiled code, a negative conductance.
    """
    _check_conductances(g)
    return _ports(g, wires, unused)


@partial(jax.jit, static_argnames="unused")
def _ports(g: Float[Array, "*chips rows columns"], wires: Wires, unused: tuple[int, int]) -> Ports:
    rows, columns = g.shape[-2:]
    lines = _lines(g.shape, wires, unused)
    folded = _fold(g, *lines)
    matrix, near = folded.matrix, folded.near
    row, column = slice(0, rows), slice(near[0], near[0] + columns)
    transfer, along_rows = -matrix[..., row, column][..., ::-1, :], matrix[..., row, row][..., ::-1, ::-1]
    volts, ground = jnp.ones((1, rows), g.dtype), jnp.zeros((1, columns), g.dtype)
    at_ends = jnp.broadcast_to(_at_ends(folded, volts, ground), (*g.shape[:-2], 1, sum(near)))
    amperes, missing = _driven(folded, at_ends), _missing(g, *lines, folded)
    bare = g[..., None, :, :] * _across(folded, at_ends)
    lacking = [_relative(missing(at_ends, amperes), bare, (-2, -1))]
    for at_lines, said in ((amperes.sum(-2), dot(volts, transfer)), (amperes.sum(-1), dot(volts, along_rows))):
        lacking.append(_relative(at_lines - said, said, -1))
    return Ports(transfer, along_rows, matrix[..., column, column], jnp.stack(lacking).max((0, -1)))


def solve(
    g: Float[Array, "..."],
    wires: Wires,
    row_volts: Float[Array, "..."],
    column_volts: Float[Array, "..."],
    tolerance: float = 1e-6,
    rounds: int = 1,
    floating_rows: Bool[Array | np.ndarray, "..."] | None = None,
    floating_columns: Bool[Array | np.ndarray, "..."] | None = None,
) -> Solution:
    """Every current in an array, its lines at given voltages or floating. Differentiable in g and in the voltages.

    Unrefined, the residual is about 1e-6 for 256 x 256 cells and less for fewer; one of the `rounds` of refinement
    brings it to 1e-7, about where float32 ends. Wires that take nearly all of the voltage end higher, since rounding
    the currents themselves moves the voltages by as much: columns of 1e5 ohm a segment at 1e-6 for 13 x 18 cells and
    at 1e-5 for 64 x 64, whose currents are right to 1e-6 all the same.

    Args:
        g: Conductances of the cells in siemens, (*chips, rows, columns).
        wires: The lines.
        row_volts: At the rows' drivers, (*chips, batch, rows).
        column_volts: At the columns' sense amplifiers, (*chips, batch, columns).
        tolerance: The residual up to which a solution counts as converged.
        rounds: Of refinement.
        floating_rows: Rows that nothing drives, (rows,): they find their voltage, so that no current enters or leaves
            the array by them; those given for them do not count. The ends of a line fed from both stay joined.
        floating_columns: The same of columns.

    Raises:
        InputError: for another shape or, outside of compiled code, a negative conductance.
    """
    _check_conductances(g)
    *chips, rows, columns = g.shape
    batch = row_volts.shape[-2] if row_volts.ndim > 1 else "batch"
    for name, given, wanted in (
        ("row_volts", row_volts, (*chips, batch, rows)),
        ("column_volts", column_volts, (*chips, batch, columns)),
        ("floating_rows", floating_rows, (rows,)),
        ("floating_columns", floating_columns, (columns,)),
    ):
        if given is not None and given.shape != wanted:
            shape = ", ".join(map(str, wanted))
            raise InputError(f"{name} has shape {given.shape} but g of {rows} rows x {columns} columns needs ({shape})")
    floating = None
    if floating_rows is not None or floating_columns is not None:
        ends = ((floating_rows, rows), (floating_columns, columns))
        floating = tuple(jnp.zeros(lines, bool) if mask is None else jnp.asarray(mask) for mask, lines in ends)
    return _solve(g, wires, row_volts, column_volts, floating, tolerance, rounds)


@partial(jax.jit, static_argnames=("tolerance", "rounds"))
def _solve(
    g: Float[Array, "*chips rows columns"],
    wires: Wires,
    row_volts: Float[Array, "*chips batch rows"],
    column_volts: Float[Array, "*chips batch columns"],
    floating: tuple[Bool[Array, " rows"], Bool[Array, " columns"]] | None,
    tolerance: float,
    rounds: int,
) -> Solution:
    lines = _lines(g.shape, wires)
    folded = _fold(g, *lines)
    missing, at_ends = _missing(g, *lines, folded), _at_ends(folded, row_volts, column_volts)
    mask = None if floating is None else _at_ends(folded, *floating)
    if mask is not None:
        given = jnp.where(mask, 0, at_ends)
        at_ends = given + _at_rest(folded, mask, dot(given, folded.matrix))
    amperes = _driven(folded, at_ends)
    for _ in range(rounds):
        amperes = amperes + _answering(folded, missing(at_ends, amperes))
        if mask is not None:
            more = _at_rest(folded, mask, _into_array(folded, amperes))
            at_ends, amperes = at_ends + more, amperes + _driven(folded, more)
    bare = g[..., None, :, :] * _across(folded, at_ends)
    residual = _relative(missing(at_ends, amperes), bare, (-2, -1))
    if mask is not None:
        stray, carried = (jnp.where(mask, _into_array(folded, x), 0) for x in (amperes, jnp.abs(amperes)))
        residual = jnp.maximum(residual, _relative(stray, carried, -1))
    converged = (residual <= tolerance) & (g >= 0).all((-2, -1))[..., None]
    return Solution(amperes, amperes.sum(-1), amperes.sum(-2), residual, converged)


def _check_conductances(g: Array) -> None:
    if g.ndim < 2:
        raise InputError(f"g has shape {g.shape} but is an array of cells; needed: (rows, columns), chips before them")
    if not isinstance(g, Tracer) and (g < 0).any():
        row, column = np.argwhere(np.asarray(g) < 0)[0, -2:]
        raise InputError(f"g is negative at row {row}, column {column}; allowed: 0 siemens or more")


def _at_ends(folded: "_Folded", rows: Array, columns: Array) -> Array:
    """Values of rows and of columns in the order of the matrix's ports."""
    near = folded.near
    return jnp.concatenate([_pad(rows[..., ::-1], near[0]), _pad(columns, near[1])], -1)


def _into_array(folded: "_Folded", amperes: Array) -> Float[Array, "*chips batch ports"]:
    """What cells draw from the ends of all lines."""
    return _at_ends(folded, amperes.sum(-1), -amperes.sum(-2))


def _at_rest(folded: "_Folded", mask: Bool[Array, " ports"], amperes: Array) -> Float[Array, "*chips batch ports"]:
    """The volts at floating lines that make up for these currents into the array."""
    among = jnp.where(jnp.outer(mask, mask), folded.matrix, jnp.diag(~mask).astype(amperes.dtype))
    return -dot(jnp.where(mask, amperes, 0), inverse(among))


def _across(folded: "_Folded", at_ends: Array) -> Float[Array, "*chips batch rows columns"]:
    """Volts across every cell if no wire took any."""
    (rows, columns), first = folded.shape, folded.near[0]
    return at_ends[..., :rows][..., ::-1, None] - at_ends[..., None, first : first + columns]


class _Line(NamedTuple):
    """What a line of so many cells is: ohms of a segment, and of all in series at its near and at its far end."""

    cells: int
    ohms: Number
    near_ohms: Number
    far_ohms: Number
    both: bool
    """Whether the far end is connected."""


def _lines(shape: tuple[int, ...], wires: Wires, unused: tuple[int, int] = (0, 0)) -> tuple[_Line, _Line]:
    """A row and a column. Rows end in the unused columns; columns go through the unused rows to their near end."""
    rows, columns = shape[-2:]
    row, column, below, beside = wires.row_ohms, wires.column_ohms, *unused
    return (
        _Line(columns, row, wires.driver_ohms, (1 + beside) * row + wires.driver_ohms, wires.row_ends == "both"),
        _Line(rows, column, below * column + wires.sense_ohms, column + wires.sense_ohms, wires.column_ends == "both"),
    )


def _missing(
    g: Float[Array, "*chips rows columns"], row: _Line, column: _Line, folded: "_Folded"
) -> Callable[[Array, Array], Array]:
    """What currents of cells lack, given volts at the lines' ends, to obey Ohm's law at the volts that they leave."""
    drawn_rows, lost_rows = _losses(row)
    drawn_columns, lost_columns = (m[::-1, ::-1].T for m in _losses(column))

    def missing(at_ends: Array, amperes: Array) -> Array:
        lost = dot(dot(amperes, drawn_rows), lost_rows) + dot(lost_columns, dot(drawn_columns, amperes))
        return g[..., None, :, :] * (_across(folded, at_ends) - lost) - amperes

    return missing


def _relative(part: Array, whole: Array, axes: int | tuple[int, int]) -> Float[Array, "*vectors"]:
    """The norm of a part by that of the whole; nothing is no part of anything."""
    size = jnp.linalg.norm(part, axis=axes)
    return jnp.where(size == 0, 0.0, size / jnp.linalg.norm(whole, axis=axes))


def _pad(x: Array, length: int) -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])])


def _losses(line: _Line) -> tuple[Array, Array]:
    """Two matrices: from the currents that cells draw of a line to those in its segments, and from there to volts lost.

    Cells and segments are counted from the near end. Small currents in the segments of lines that carry much back and
    forth keep their digits, as they would not in the product of the two.
    """
    places = np.arange(line.cells, dtype=np.float32)
    segments = line.ohms + jnp.where(places == 0, line.near_ohms, 0.0)
    drawn = jnp.tri(line.cells, dtype=jnp.float32)
    if line.both:
        at_cells = line.near_ohms + (places + 1) * line.ohms
        whole = at_cells[-1] + line.far_ohms
        drawn = drawn - jnp.where(whole > 0, at_cells / jnp.where(whole > 0, whole, 1.0), 0.0)[:, None]
    return drawn, segments[:, None] * jnp.triu(jnp.ones_like(drawn))


def _cut(line: _Line) -> Float[Array, "blocks cells"]:
    """Ohms from the near end of each stretch of a line to each of its cells.

    The stretches are 2^k of equal length; what that adds to a line has neither cells nor resistance.
    """
    blocks = 1
    while -(-line.cells // blocks) > BASE:
        blocks *= 2
    length = -(-line.cells // blocks)
    cells = np.arange(blocks * length).reshape(blocks, length)
    behind = np.cumsum(cells < line.cells, 1, dtype=np.float32)
    return line.ohms * jnp.asarray(behind) + jnp.where(cells < length, line.near_ohms, 0.0)


class _Folded(NamedTuple):
    """An array's matrix at the near ends of its lines, and what it takes to get from there back to its cells."""

    matrix: Float[Array, "*chips ports ports"]
    near: tuple[int, int]
    closures: tuple[Closure, Closure]
    joints: list[tuple[Joint, int]]
    cells: Cells
    shape: tuple[int, int]
    block_shape: tuple[int, int]


def _fold(g: Float[Array, "*chips rows columns"], row: _Line, column: _Line) -> _Folded:
    """Joins the array's blocks in pairs. Rows are counted from the bottom, where the columns' near ends are."""
    rows, columns = g.shape[-2:]
    row_ohms, column_ohms = _cut(row), _cut(column)
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
    return _Folded(matrix, near, (of_rows, of_columns), joints, inside, (rows, columns), (height, width))


def _driven(folded: _Folded, at_ends: Float[Array, "*chips batch ports"]) -> Float[Array, "*chips batch rows columns"]:
    """Amperes through every cell, given volts at the ends of the lines."""
    x = transposed(at_ends)
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


def _far_siemens(line: _Line) -> Number:
    """Conductance at a line's far end; feeding a line without any resistance from there, too, changes nothing."""
    if not line.both:
        return 0.0
    return jnp.where(line.far_ohms > 0, 1 / jnp.where(line.far_ohms > 0, line.far_ohms, 1.0), 0.0)
