"""Arrays on their wires as SPICE netlists, and ngspice's answer beside ours."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ohmgrad.crossbar.wires import Wires, solve
from ohmgrad.errors import InputError
from ohmgrad.parts import Number


class Currents(NamedTuple):
    """Line currents in amperes, both ends of a line together: into the array at rows, out of it at columns."""

    rows: Float[np.ndarray, " rows"]
    columns: Float[np.ndarray, " columns"]


def netlist(
    g: Float[np.ndarray, "rows columns"],
    wires: Wires,
    row_volts: Float[np.ndarray, " rows"],
    column_volts: Float[np.ndarray, " columns"] | None = None,
) -> str:
    """A deck for ngspice: an array with cells of `g` siemens at one operating point, all line currents printed."""
    rows, columns = g.shape
    volts = np.zeros(columns) if column_volts is None else column_volts
    lines = [
        f"* ohmgrad: {rows} x {columns} crossbar in volts, ohms and amperes",
        f"* ohms: {wires.row_ohms:g} a segment of rows, {wires.column_ohms:g} of columns, "
        f"driver {wires.driver_ohms:g}, sense amplifier {wires.sense_ohms:g}; "
        f"ends: {wires.row_ends} (rows), {wires.column_ends} (columns)",
        "* Nodes: dI drives row I, rI_J and cI_J are cell I,J on its row and column, I from the top, J from the left;",
        "* sJ senses column J; a line whose segments have no resistance is one node. Open cells are left out.",
        "* Printed: i(vrI), into row I, and i(vcJ), out of column J, both ends of a line together.",
        *(f"Vr{i} 0 d{i} DC {-float(v)!r}" for i, v in enumerate(row_volts)),
        *(f"Vc{j} s{j} 0 DC {float(v)!r}" for j, v in enumerate(volts)),
        *(f"R{k} {a} {b} {ohms!r}" for k, (a, b, ohms) in enumerate(_resistors(g, wires))),
        ".options reltol=1e-12 abstol=1e-18 vntol=1e-15",
        ".control",
        "set numdgt=15",
        "op",
        *(f"print i(vr{i})" for i in range(rows)),
        *(f"print i(vc{j})" for j in range(columns)),
        ".endc",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def _resistors(g: np.ndarray, wires: Wires) -> Iterator[tuple[str, str, Number]]:
    """Both nodes and ohms of every resistor: cells, then rows, then columns."""
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


def installed() -> bool:
    """Whether ngspice is here."""
    return shutil.which("ngspice") is not None


def run_ngspice(deck: str) -> Currents:
    """ngspice's operating point of a deck from `netlist`. Raises InputError as `operating_point` does."""
    printed = operating_point(deck)
    lines = ([value for name, value in printed.items() if name.startswith(f"i(v{line}")] for line in "rc")
    return Currents(*map(np.array, lines))


def operating_point(deck: str) -> dict[str, float]:
    """What ngspice says of everything that a deck prints one by one, in its order.

    Raises InputError where ngspice is not installed or gives no operating point.
    """
    program = shutil.which("ngspice")
    if program is None:
        raise InputError("ngspice is not installed; the operating point of a netlist needs it (Debian: ngspice)")
    # A deck from standard input must be asked for; ngspice's exit code says little, the numbers that it prints do.
    done = subprocess.run([program, "-b"], input=deck, capture_output=True, text=True, check=False)
    wanted = re.findall(r"^print (\S+)$", deck, re.MULTILINE)
    found = dict(re.findall(r"^(\S+) = ([-+]?\d[\d.]*(?:e[-+]?\d+)?)\s*$", done.stdout, re.MULTILINE))
    if not all(name in found for name in wanted):
        said = [line for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
        raise InputError(f"ngspice found no operating point: {said[0].strip() if said else 'it printed no numbers'}")
    return {name: float(found[name]) for name in wanted}


def compare(
    g: Float[np.ndarray, "rows columns"],
    wires: Wires,
    row_volts: Float[np.ndarray, " rows"],
    column_volts: Float[np.ndarray, " columns"] | None = None,
) -> float:
    """Largest deviation of a line current of `solve` from ngspice's, relative to the largest current of such lines."""
    volts = np.zeros(g.shape[1]) if column_volts is None else column_volts
    theirs = run_ngspice(netlist(g, wires, row_volts, volts))
    driven, sensed = (jnp.asarray(v, jnp.float32)[None] for v in (row_volts, volts))
    ours = solve(jnp.asarray(g, jnp.float32), wires, driven, sensed)
    deviations = [
        np.abs(a[0] - b).max() / np.abs(b).max() for a, b in ((ours.rows, theirs.rows), (ours.columns, theirs.columns))
    ]
    return float(max(deviations))
