"""Bills: lines of joules, seconds and square metres, each as low, nominal and high, and their sums."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ohmgrad.errors import InputError
from ohmgrad.quantity import Basis, Range

ZERO = Range(0.0, 0.0, 0.0)
_LARGEST = 1e100
"""Largest value of a line, so that sums and what is computed from them stay finite."""


@dataclass(frozen=True)
class Line:
    """The cost of one component's actions.

    Attributes:
        component: Name of the component.
        action: What it does.
        count: How often, at nominal figures.
        joules: Energy.
        seconds: Time.
        source: Where the figures come from.
        basis: The weakest basis among the figures: published, measured, derived, assumption or memory.
        square_metres: Area.
        status: Whether the line is modelled or measured.
        note: A remark for the reader, beside the source.
    """

    component: str
    action: str
    count: float
    joules: Range
    seconds: Range
    source: str
    basis: Basis
    square_metres: Range = ZERO
    status: Literal["modelled", "measured"] = "modelled"
    note: str = ""

    def as_dict(self) -> dict:
        """The line as plain values, for JSON."""
        ranges = {name: value._asdict() for name, value in vars(self).items() if isinstance(value, Range)}
        return vars(self) | ranges


@dataclass(frozen=True)
class Bill:
    """The bill of one machine.

    Attributes:
        machine: Name of the machine.
        conditions: What the figures assume.
        lines: The lines.
        utilisation: Utilisation of a digital processor's arithmetic, at nominal figures.
        left_out: Parts of the machine that no line prices.

    Raises:
        InputError: where a value of a line is negative, above 1e100, or not a number.
    """

    machine: str
    conditions: str
    lines: tuple[Line, ...]
    utilisation: float | None = None
    left_out: str | None = None

    def __post_init__(self) -> None:
        for line in self.lines:
            for unit in ("joules", "seconds", "square_metres"):
                for value in getattr(line, unit):
                    if not 0 <= value <= _LARGEST:
                        raise InputError(
                            f"{self.machine}, {line.component}: {line.action}: {unit} come to {value:g}; "
                            f"allowed: 0 to {_LARGEST:g}"
                        )

    @property
    def joules(self) -> Range:
        """Energy of all lines."""
        return total(line.joules for line in self.lines)

    @property
    def seconds(self) -> Range:
        """Time of all lines, one after another."""
        return total(line.seconds for line in self.lines)

    @property
    def square_metres(self) -> Range:
        """Area of all lines."""
        return total(line.square_metres for line in self.lines)

    def as_dict(self) -> dict:
        """Totals and lines as plain values, for JSON; each range as low, nominal, high."""
        sums = {"energy_joules": self.joules, "seconds": self.seconds, "square_metres": self.square_metres}
        return {
            "machine": self.machine,
            "conditions": self.conditions,
            "utilisation": self.utilisation,
            "left_out": self.left_out,
            **{name: value._asdict() for name, value in sums.items()},
            "lines": [line.as_dict() for line in self.lines],
        }


def total(ranges: Iterable[Range]) -> Range:
    """The sum of ranges: low of all lows, nominal of all nominals, high of all highs."""
    added = ZERO
    for each in ranges:
        added += each
    return added


def ratio_on_one_chip(first: Bill, second: Bill) -> Range:
    """Ratio of the joules of two bills of the same machine, whose prices are uncertain but the same in both.

    The price of a line may be anywhere between its low and its high, but at the same position in both bills. The bounds
    are therefore the extremes of sum(a) / sum(b) over all choices of low or high for each line. Dinkelbach's iteration
    finds them in a few steps (Manag. Sci. 13, 492, 1967): at the extreme r, each line is where a - r b is extreme.
    """
    ours, theirs = ({(line.component, line.action): line.joules for line in bill.lines} for bill in (first, second))
    nominal = first.joules.nominal / second.joules.nominal
    pairs = [(ours.get(key, ZERO), theirs.get(key, ZERO)) for key in {**ours, **theirs}]

    def extreme(sign: int) -> float:
        ratio = nominal
        for _ in range(_MAX_ITERATIONS):
            ends = [
                (a.high, b.high) if sign * (a.high - a.low - ratio * (b.high - b.low)) > 0 else (a.low, b.low)
                for a, b in pairs
            ]
            above, below = (math.fsum(side) for side in zip(*ends, strict=True))
            if not below or above / below == ratio:
                break
            ratio = above / below
        return ratio

    return Range(min(extreme(-1), nominal), nominal, max(extreme(1), nominal))


_MAX_ITERATIONS = 100
