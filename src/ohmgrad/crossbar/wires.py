"""Arrays on resistive wires, solved exactly by a direct method (`dissection`).

O(n^3) operations for n x n cells, nearly all of them in matrix products, for any resistance of the wires.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float

from ohmgrad.crossbar.dissection import Folded, Line, at_ports, cell_currents, fold, open_volts, source_currents
from ohmgrad.crossbar.inverse import inverse
from ohmgrad.crossbar.multiport import dot
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, number, setting

Ends = Literal["one", "both"]
MAX_RESIDUAL = 1e-5
"""Largest residual of `Ports` of an array that counts as solved; refined solutions of `solve` reach less."""
MAX_OHMS = 1e9


class Wires(Part):
    """Resistance of the lines of an array.

    A row runs from its driver on the left, with one segment before each cell; a column runs to its sense amplifier at
    the bottom, with one segment after each cell. Lines connected at both ends have one more segment, and one more
    driver or sense amplifier, at the other end.

    Raises:
        InputError: where a resistance is negative, above 1e9 ohm or not finite.
    """

    row_ohms: Number = number(meaning="resistance of a row between devices", unit="ohm", ge=0, le=MAX_OHMS)
    column_ohms: Number = number(meaning="resistance of a column between devices", unit="ohm", ge=0, le=MAX_OHMS)
    driver_ohms: Number = number(0.0, "output resistance of a row's driver", "ohm", ge=0, le=MAX_OHMS)
    sense_ohms: Number = number(0.0, "input resistance of a column's sense amplifier", "ohm", ge=0, le=MAX_OHMS)
    row_ends: Ends = setting("one", "ends of a row that are driven")
    column_ends: Ends = setting("one", "ends of a column that are sensed")


class Ports(NamedTuple):
    """Admittance matrices of an array between its drivers and sense amplifiers, in siemens.

    Currents at the two ends of a line are added.

    Attributes:
        transfer: Current out of each column per volt on each row; by reciprocity also out of each row per volt on each
            column.
        row_admittance: Current into the rows per volt on the rows; v^T A v is the power that the rows deliver.
        column_admittance: Current into the columns per volt on the columns.
        residual: Relative error, for all rows at 1 V and all columns at 0 V: the largest of `Solution.residual` and the
            relative differences between `transfer` and `row_admittance` and the summed currents of the cells.
    """

    transfer: Float[Array, "*chips rows columns"]
    row_admittance: Float[Array, "*chips rows rows"]
    column_admittance: Float[Array, "*chips columns columns"]
    residual: Float[Array, "*chips"]


class Solution(NamedTuple):
    """All currents of an array in amperes, for a batch of voltage vectors.

    Attributes:
        cells: Current through each cell, from row to column.
        rows: Current into each row, both ends added.
        columns: Current out of each column, both ends added.
        residual: Norm over all cells of g (V - U) - I, relative to that of g (v - u), with row and column voltages V
            and U at the cells, v and u at the ends of the lines. If larger: the norm of the currents that floating
            lines still carry, relative to that of the currents of their cells.
        converged: Whether the residual is within the tolerance, all numbers are finite and all conductances are
            non-negative.
    """

    cells: Float[Array, "*chips batch rows columns"]
    rows: Float[Array, "*chips batch rows"]
    columns: Float[Array, "*chips batch columns"]
    residual: Float[Array, "*chips batch"]
    converged: Bool[Array, "*chips batch"]


def ports(g: Float[Array, "..."], wires: Wires, unused: tuple[int, int] = (0, 0)) -> Ports:
    """Compute the admittance matrices of an array. Differentiable in g.

    Args:
        g: Conductances of the cells in siemens, (*chips, rows, columns).
        wires: Resistances of the lines.
        unused: Numbers of additional rows below and columns to the right that have open cells only; the lines that
            cross them are longer by their segments.

    Raises:
        InputError: for a wrong shape or, outside of compiled code, a negative conductance.
    """
    _check_conductances(g)
    return _ports(g, wires, unused)


@partial(jax.jit, static_argnames="unused")
def _ports(g: Float[Array, "*chips rows columns"], wires: Wires, unused: tuple[int, int]) -> Ports:
    rows, columns = g.shape[-2:]
    lines = _lines(g.shape, wires, unused)
    folded = fold(g, *lines)
    matrix, near = folded.matrix, folded.near
    row, column = slice(0, rows), slice(near[0], near[0] + columns)
    transfer, along_rows = -matrix[..., row, column][..., ::-1, :], matrix[..., row, row][..., ::-1, ::-1]
    volts, ground = jnp.ones((1, rows), g.dtype), jnp.zeros((1, columns), g.dtype)
    at_ends = jnp.broadcast_to(at_ports(folded, volts, ground), (*g.shape[:-2], 1, sum(near)))
    amperes, errors = cell_currents(folded, at_ends), _current_errors(g, *lines, folded)
    bare = g[..., None, :, :] * open_volts(folded, at_ends)
    residuals = [_relative_norm(errors(at_ends, amperes), bare, (-2, -1))]
    for summed, direct in ((amperes.sum(-2), dot(volts, transfer)), (amperes.sum(-1), dot(volts, along_rows))):
        residuals.append(_relative_norm(summed - direct, direct, -1))
    return Ports(transfer, along_rows, matrix[..., column, column], jnp.stack(residuals).max((0, -1)))


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
    """Compute all currents of an array whose lines are driven or floating. Differentiable in g and the voltages.

    Without refinement, the residual is about 1e-6 for 256 x 256 cells and less for fewer; one round of refinement
    brings it to 1e-7, near the resolution of float32. It stays higher where wires take nearly all of the voltage,
    because rounding of the currents moves the voltages: with 1e5 ohm per column segment, 1e-6 for 13 x 18 cells and
    1e-5 for 64 x 64; the relative error of the currents is still 1e-6.

    Args:
        g: Conductances of the cells in siemens, (*chips, rows, columns).
        wires: Resistances of the lines.
        row_volts: Voltages at the rows' drivers, (*chips, batch, rows).
        column_volts: Voltages at the columns' sense amplifiers, (*chips, batch, columns).
        tolerance: Largest residual of a converged solution.
        rounds: Number of rounds of iterative refinement.
        floating_rows: Rows that nothing drives, (rows,): no current enters or leaves the array by them, and their
            entries of `row_volts` are ignored. The two ends of such a row stay connected if `wires.row_ends` is "both".
        floating_columns: The same for columns.

    Returns:
        The currents, with residual and convergence per vector.

    Raises:
        InputError: for a wrong shape or, outside of compiled code, a negative conductance.
    """
    _check_conductances(g)
    *chips, rows, columns = g.shape
    batch = row_volts.shape[-2] if row_volts.ndim > 1 else "batch"
    for name, given, needed in (
        ("row_volts", row_volts, (*chips, batch, rows)),
        ("column_volts", column_volts, (*chips, batch, columns)),
        ("floating_rows", floating_rows, (rows,)),
        ("floating_columns", floating_columns, (columns,)),
    ):
        if given is not None and given.shape != needed:
            shape = ", ".join(map(str, needed))
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
    folded = fold(g, *lines)
    errors, at_ends = _current_errors(g, *lines, folded), at_ports(folded, row_volts, column_volts)
    mask = None if floating is None else at_ports(folded, *floating)
    if mask is not None:
        given = jnp.where(mask, 0, at_ends)
        at_ends = given + _floating_volts(folded, mask, dot(given, folded.matrix))
    amperes = cell_currents(folded, at_ends)
    for _ in range(rounds):
        amperes = amperes + source_currents(folded, errors(at_ends, amperes))
        if mask is not None:
            correction = _floating_volts(folded, mask, _line_currents(folded, amperes))
            at_ends, amperes = at_ends + correction, amperes + cell_currents(folded, correction)
    bare = g[..., None, :, :] * open_volts(folded, at_ends)
    residual = _relative_norm(errors(at_ends, amperes), bare, (-2, -1))
    if mask is not None:
        net, absolute = (jnp.where(mask, _line_currents(folded, x), 0) for x in (amperes, jnp.abs(amperes)))
        residual = jnp.maximum(residual, _relative_norm(net, absolute, -1))
    converged = (residual <= tolerance) & (g >= 0).all((-2, -1))[..., None]
    return Solution(amperes, amperes.sum(-1), amperes.sum(-2), residual, converged)


def _check_conductances(g: Array) -> None:
    if g.ndim < 2:
        raise InputError(f"g has shape {g.shape} but is an array of cells; needed: (rows, columns), chips before them")
    if not isinstance(g, Tracer) and (g < 0).any():
        row, column = np.argwhere(np.asarray(g) < 0)[0, -2:]
        raise InputError(f"g is negative at row {row}, column {column}; allowed: 0 siemens or more")


def _lines(shape: tuple[int, ...], wires: Wires, unused: tuple[int, int] = (0, 0)) -> tuple[Line, Line]:
    """One row and one column. Unused columns lengthen the far end of rows, unused rows the near end of columns."""
    rows, columns = shape[-2:]
    row, column, below, beside = wires.row_ohms, wires.column_ohms, *unused
    return (
        Line(columns, row, wires.driver_ohms, (1 + beside) * row + wires.driver_ohms, wires.row_ends == "both"),
        Line(rows, column, below * column + wires.sense_ohms, column + wires.sense_ohms, wires.column_ends == "both"),
    )


def _current_errors(
    g: Float[Array, "*chips rows columns"], row: Line, column: Line, folded: Folded
) -> Callable[[Array, Array], Array]:
    """A function of volts at the ports and currents of cells: the errors of these currents in Ohm's law, in amperes."""
    drawn_rows, lost_rows = _wire_losses(row)
    drawn_columns, lost_columns = (m[::-1, ::-1].T for m in _wire_losses(column))

    def errors(at_ends: Array, amperes: Array) -> Array:
        lost = dot(dot(amperes, drawn_rows), lost_rows) + dot(lost_columns, dot(drawn_columns, amperes))
        return g[..., None, :, :] * (open_volts(folded, at_ends) - lost) - amperes

    return errors


def _wire_losses(line: Line) -> tuple[Array, Array]:
    """Two matrices: from currents of the cells on a line to currents in its segments, and from these to lost volts.

    Cells and segments are counted from the near end. Applied one after the other, small currents in segments keep their
    precision, which the product of the matrices would lose.
    """
    places = np.arange(line.cells, dtype=np.float32)
    segments = line.ohms + jnp.where(places == 0, line.near_ohms, 0.0)
    drawn = jnp.tri(line.cells, dtype=jnp.float32)
    if line.both:
        at_cells = line.near_ohms + (places + 1) * line.ohms
        total = at_cells[-1] + line.far_ohms
        drawn = drawn - jnp.where(total > 0, at_cells / jnp.where(total > 0, total, 1.0), 0.0)[:, None]
    return drawn, segments[:, None] * jnp.triu(jnp.ones_like(drawn))


def _relative_norm(error: Array, reference: Array, axes: int | tuple[int, int]) -> Float[Array, "*vectors"]:
    """Norm of an error relative to that of a reference; 0 where the error is 0."""
    size = jnp.linalg.norm(error, axis=axes)
    return jnp.where(size == 0, 0.0, size / jnp.linalg.norm(reference, axis=axes))


def _line_currents(folded: Folded, amperes: Array) -> Float[Array, "*chips batch ports"]:
    """Currents that cells draw from all ports."""
    return at_ports(folded, amperes.sum(-1), -amperes.sum(-2))


def _floating_volts(folded: Folded, mask: Bool[Array, " ports"], amperes: Array) -> Float[Array, "*chips batch ports"]:
    """Volts at floating lines that cancel these currents into the array."""
    among = jnp.where(jnp.outer(mask, mask), folded.matrix, jnp.diag(~mask).astype(amperes.dtype))
    return -dot(jnp.where(mask, amperes, 0), inverse(among))
