"""Lines that add up to a bill: joules, seconds and square metres as low, nominal, high."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ohmgrad.figure import Basis, Range

ZERO = Range(0.0, 0.0, 0.0)


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

    The price of a line lies between its low and its high, but is one number; so the bounds are the extremes of
    sum(a c) / sum(b c) over the box of prices c. These lie at corners where every line whose own ratio a / b is above
    the extreme stands at one end and all others stand at the other end; the iteration finds it in a few steps
    (Karnik & Mendel, Inf. Sci. 132, 195, 2001). Lines whose counts are uncertain keep these bounds to themselves, as
    parts of their price.
    """
    ours, theirs = ({(line.component, line.action): line for line in bill.lines} for bill in (first, second))
    pairs = [(ours.get(key), theirs.get(key)) for key in {**ours, **theirs}]

    def at(bound: str, line: Line | None) -> float:
        return getattr(line.joules, bound) if line else 0.0

    def ratio(ends: list[str]) -> float:
        above = sum(at(end, a) for end, (a, _) in zip(ends, pairs, strict=True))
        below = sum(at(end, b) for end, (_, b) in zip(ends, pairs, strict=True))
        return above / below if below else float("inf")

    def extreme(up: str, down: str) -> float:
        found = ratio(["nominal"] * len(pairs))
        for _ in range(len(pairs) + 1):
            ends = [up if at("nominal", a) > found * at("nominal", b) else down for a, b in pairs]
            if (new := ratio(ends)) == found:
                break
            found = new
        return found

    nominal = ratio(["nominal"] * len(pairs))
    return Range(min(extreme("low", "high"), nominal), nominal, max(extreme("high", "low"), nominal))
