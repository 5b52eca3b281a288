"""Write decks for ngspice, run it, and read its results; shared by the netlists of arrays and of networks."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence

import numpy as np

from ohmgrad.errors import InputError


def deck(comments: Iterable[str], elements: Iterable[str], options: str, printed: Iterable[str]) -> str:
    """The text of a deck that finds one operating point.

    Args:
        comments: Lines that describe the circuit and the names of its nodes.
        elements: Lines of the circuit's elements, as `source` and `resistor` write them.
        options: Tolerances, as SPICE's `.options` takes them.
        printed: Voltages and currents to print, such as `v(n1)`.
    """
    lines = [
        *(f"* {line}" for line in comments),
        *elements,
        f".options {options}",
        ".control",
        "set numdgt=15",
        "op",
        *(f"print {name}" for name in printed),
        ".endc",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def source(name: str, plus: str, minus: str, volts: float) -> str:
    """A voltage source between two nodes; ngspice counts its current into the plus node."""
    return f"V{name} {plus} {minus} DC {float(volts)!r}"


def resistor(name: str, first: str, second: str, ohms: float) -> str:
    """A resistor between two nodes."""
    return f"R{name} {first} {second} {float(ohms)!r}"


def installed() -> bool:
    """Whether ngspice is installed."""
    return shutil.which("ngspice") is not None


def operating_point(deck: str) -> dict[str, float]:
    """Run ngspice on a deck.

    Returns:
        Values of the voltages and currents that the deck prints, by name and in order.

    Raises:
        InputError: where ngspice is not installed or finds no operating point.
    """
    program = shutil.which("ngspice")
    if program is None:
        raise InputError("ngspice is not installed; the operating point of a netlist needs it (Debian: ngspice)")
    # -b reads the deck from standard input. The exit code is not reliable; whether all numbers were printed is.
    done = subprocess.run([program, "-b"], input=deck, capture_output=True, text=True, check=False)
    wanted = re.findall(r"^print (\S+)$", deck, re.MULTILINE)
    printed = dict(re.findall(r"^(\S+) = ([-+]?\d[\d.]*(?:e[-+]?\d+)?)\s*$", done.stdout, re.MULTILINE))
    if not all(name in printed for name in wanted):
        errors = [line for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
        reason = errors[0].strip() if errors else "it printed no numbers"
        raise InputError(f"ngspice found no operating point: {reason}")
    return {name: float(printed[name]) for name in wanted}


def largest_deviation(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> float:
    """Largest deviation between groups of numbers, relative to the largest absolute value of `theirs` in the group."""
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(ours, theirs, strict=True))
