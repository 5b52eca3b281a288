"""Lines that add up to a bill: joules, seconds and square metres as low, nominal, high."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ohmgrad.errors import InputError
from ohmgrad.quantity import Basis, Range

ZERO = Range(0.0, 0.0, 0.0)
_MOST = 1e100
"""What a line may come to, so that sums and what they mean outside of the machine stay numbers."""


@dataclass(frozen=True)
class Line:
    """What one component did, how often, and what that cost."""

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
    """What a reader of the line must know beside its source."""

    def as_dict(self) -> dict:
        """For JSON."""
        ranges = {name: value._asdict() for name, value in vars(self).items() if isinstance(value, Range)}
        return vars(self) | ranges


@dataclass(frozen=True)
class Bill:
    """The lines of one machine and their sums; `conditions` says what the figures assume."""

    machine: str
    conditions: str
    lines: tuple[Line, ...]
    utilisation: float | None = None
    """Of a digital processor's arithmetic, at the nominal figures."""
    left_out: str | None = None
    """What the machine has and no line prices."""

    def __post_init__(self) -> None:
        """Raises InputError where a line comes to what is no sensible number."""
        for line in self.lines:
            for unit in ("joules", "seconds", "square_metres"):
                for value in getattr(line, unit):
                    if not 0 <= value <= _MOST:
                        raise InputError(
                            f"{self.machine}, {line.component}: {line.action}: {unit} come to {value:g}; "
                            f"allowed: 0 to {_MOST:g}"
                        )

    @property
    def joules(self) -> Range:
        return total(line.joules for line in self.lines)

    @property
    def seconds(self) -> Range:
        return total(line.seconds for line in self.lines)

    @property
    def square_metres(self) -> Range:
        return total(line.square_metres for line in self.lines)

    def as_dict(self) -> dict:
        """For JSON: totals and lines, each range as low, nominal, high."""
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
    """Lows add up to the low, highs to the high."""
    added = ZERO
    for each in ranges:
        added += each
    return added


def ratio_on_one_chip(first: Bill, second: Bill) -> Range:
    """Joules of one bill over another's from the same machine: every line's price is the same unknown in both.

    The price of a line lies between its low and its high, but stands at the same place in both bills. So the bounds
    are the extremes, over all choices of an end for each line, of sum(a) / sum(b), which Dinkelbach's iteration finds
    in a few steps (Manag. Sci. 13, 492, 1967): at the extreme r, each line stands at the end where a - r b is extreme.
    """
    ours, theirs = ({(line.component, line.action): line.joules for line in bill.lines} for bill in (first, second))
    nominal = first.joules.nominal / second.joules.nominal
    pairs = [(ours.get(key, ZERO), theirs.get(key, ZERO)) for key in {**ours, **theirs}]

    def extreme(sign: int) -> float:
        ratio = nominal
        for _ in range(_MOST_TURNS):
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


_MOST_TURNS = 100
