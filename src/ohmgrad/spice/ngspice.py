"""Decks for ngspice, and what it answers: what the netlists of arrays and of networks share."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence

import numpy as np

from ohmgrad.errors import InputError


def deck(comments: Iterable[str], elements: Iterable[str], options: str, printed: Iterable[str]) -> str:
    """The text of a deck that finds one operating point.

    Args:
        comments: What the circuit is and how its nodes are named, line by line.
        elements: Its lines, as `source` and `resistor` write them.
        options: Tolerances, as SPICE's `.options` takes them.
        printed: Names of the voltages and currents that are printed, as `v(n1)`.
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
    """A voltage source between two nodes; the current printed for it runs into its plus."""
    return f"V{name} {plus} {minus} DC {float(volts)!r}"


def resistor(name: str, first: str, second: str, ohms: float) -> str:
    """A resistor between two nodes."""
    return f"R{name} {first} {second} {float(ohms)!r}"


def installed() -> bool:
    """Whether ngspice is here."""
    return shutil.which("ngspice") is not None


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


def largest_deviation(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> float:
    """The largest deviation of a number from ngspice's, relative to the largest of its group."""
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(ours, theirs, strict=True))
