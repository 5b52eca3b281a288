"""Netlists of arrays with their wires, and comparison of ngspice's line currents with ohmgrad's."""

from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ohmgrad.crossbar.wires import Wires, solve
from ohmgrad.parts import Number
from ohmgrad.spice.ngspice import deck, largest_deviation, operating_point, resistor, source


class Currents(NamedTuple):
    """Currents of the lines of an array in amperes; for lines with two driven ends, their sum.

    Attributes:
        rows: Into the array, at each row.
        columns: Out of the array, at each column.
    """

    rows: Float[np.ndarray, " rows"]
    columns: Float[np.ndarray, " columns"]


def netlist(
    g: Float[np.ndarray, "rows columns"],
    wires: Wires,
    row_volts: Float[np.ndarray, " rows"],
    column_volts: Float[np.ndarray, " columns"] | None = None,
) -> str:
    """The netlist of an array at one operating point, which prints the currents of all lines.

    Args:
        g: Conductances of the cells in siemens, shape (rows, columns); a cell of 0 is open.
        wires: Resistances of segments, drivers and sense amplifiers.
        row_volts: Voltages of the row drivers.
        column_volts: Voltages of the columns' sense amplifiers; default: ground.

    Returns:
        The text of a deck for ngspice.
    """
    rows, columns = g.shape
    volts = np.zeros(columns) if column_volts is None else column_volts
    comments = (
        f"ohmgrad: {rows} x {columns} crossbar in volts, ohms and amperes",
        f"ohms: {wires.row_ohms:g} a segment of rows, {wires.column_ohms:g} of columns, "
        f"driver {wires.driver_ohms:g}, sense amplifier {wires.sense_ohms:g}; "
        f"ends: {wires.row_ends} (rows), {wires.column_ends} (columns)",
        "Nodes: dI drives row I, rI_J and cI_J are cell I,J on its row and column, I from the top, J from the left;",
        "sJ senses column J; a line whose segments have no resistance is one node. Open cells are left out.",
        "Printed: i(vrI), into row I, and i(vcJ), out of column J, both ends of a line together.",
    )
    elements = (
        *(source(f"r{i}", "0", f"d{i}", -float(v)) for i, v in enumerate(row_volts)),
        *(source(f"c{j}", f"s{j}", "0", float(v)) for j, v in enumerate(volts)),
        *(resistor(str(k), a, b, float(ohms)) for k, (a, b, ohms) in enumerate(_resistors(g, wires))),
    )
    printed = (*(f"i(vr{i})" for i in range(rows)), *(f"i(vc{j})" for j in range(columns)))
    return deck(comments, elements, "reltol=1e-12 abstol=1e-18 vntol=1e-15", printed)


def _resistors(g: np.ndarray, wires: Wires) -> Iterator[tuple[str, str, Number]]:
    """Nodes and ohms of every resistor: cells, then rows, then columns."""
    rows, columns = g.shape
    row_end, column_end = wires.row_ohms + wires.driver_ohms, wires.column_ohms + wires.sense_ohms

    def row(i: int, j: int) -> str:
        return f"r{i}_{j}" if wires.row_ohms else f"r{i}" if row_end else f"d{i}"

    def column(i: int, j: int) -> str:
        return f"c{i}_{j}" if wires.column_ohms else f"c{j}" if column_end else f"s{j}"

    yield from ((row(i, j), column(i, j), 1 / float(g[i, j])) for i, j in np.argwhere(g).tolist())
    for i in range(rows):
        if row_end:
            yield from ((f"d{i}", row(i, j), row_end) for j in _ends(0, columns - 1, wires.row_ends))
        if wires.row_ohms:
            yield from ((row(i, j), row(i, j + 1), wires.row_ohms) for j in range(columns - 1))
    for j in range(columns):
        if column_end:
            yield from ((column(i, j), f"s{j}", column_end) for i in _ends(rows - 1, 0, wires.column_ends))
        if wires.column_ohms:
            yield from ((column(i, j), column(i + 1, j), wires.column_ohms) for i in range(rows - 1))


def _ends(near: int, far: int, ends: str) -> tuple[int, ...]:
    return (near, far) if ends == "both" else (near,)


def line_currents(netlist: str) -> Currents:
    """Line currents that ngspice finds for a deck of `netlist`.

    Raises:
        InputError: where ngspice is not installed or finds no operating point.
    """
    printed = operating_point(netlist)
    lines = ([value for name, value in printed.items() if name.startswith(f"i(v{line}")] for line in "rc")
    return Currents(*map(np.array, lines))


def compare(
    g: Float[np.ndarray, "rows columns"],
    wires: Wires,
    row_volts: Float[np.ndarray, " rows"],
    column_volts: Float[np.ndarray, " columns"] | None = None,
) -> float:
    """Compare ohmgrad's line currents (`crossbar.wires.solve`) with ngspice's.

    Args:
        g: Conductances of the cells in siemens, shape (rows, columns); a cell of 0 is open.
        wires: Resistances of segments, drivers and sense amplifiers.
        row_volts: Voltages of the row drivers.
        column_volts: Voltages of the columns' sense amplifiers; default: ground.

    Returns:
        Largest deviation, relative to the largest current of rows or of columns.

    Raises:
        InputError: where ngspice is not installed or finds no operating point.
    """
    volts = np.zeros(g.shape[1]) if column_volts is None else column_volts
    theirs = line_currents(netlist(g, wires, row_volts, volts))
    driven, sensed = (jnp.asarray(v, jnp.float32)[None] for v in (row_volts, volts))
    ours = solve(jnp.asarray(g, jnp.float32), wires, driven, sensed)
    return largest_deviation([np.asarray(ours.rows[0]), np.asarray(ours.columns[0])], theirs)
