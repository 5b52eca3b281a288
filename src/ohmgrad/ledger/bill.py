"""Joules and seconds as low, nominal, high; lines that add up to a bill."""

from dataclasses import dataclass
from typing import NamedTuple

from ohmgrad.figure import Basis, Figure


class Range(NamedTuple):
    """Low, nominal, high. Sums and products combine lows with lows and highs with highs: the widest honest bounds."""

    low: float
    nominal: float
    high: float

    @staticmethod
    def of(figure: Figure) -> "Range":
        return Range(figure.low, figure.nominal, figure.high)

    def plus(self, other: "Range") -> "Range":
        return Range(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, other: "Range | float") -> "Range":
        factors = other if isinstance(other, Range) else (other,) * 3
        return Range(*(a * b for a, b in zip(self, factors, strict=True)))

    def over(self, other: "Range") -> "Range":
        """The ratio, its low being low over high; infinite where the divisor is 0."""
        divided = (a / b if b else float("inf") for a, b in zip(self, reversed(other), strict=True))
        return Range(*divided)


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


@dataclass(frozen=True)
class Bill:
    """The lines of one machine and their sums; `conditions` says what the figures assume."""

    machine: str
    conditions: str
    lines: tuple[Line, ...]

    @property
    def joules(self) -> Range:
        return _total(line.joules for line in self.lines)

    @property
    def seconds(self) -> Range:
        return _total(line.seconds for line in self.lines)

    def as_dict(self) -> dict:
        """For JSON: totals and lines, each range as low, nominal, high."""
        return {
            "machine": self.machine,
            "conditions": self.conditions,
            "energy_joules": self.joules._asdict(),
            "seconds": self.seconds._asdict(),
            "lines": [
                {**vars(line), "joules": line.joules._asdict(), "seconds": line.seconds._asdict()}
                for line in self.lines
            ],
        }


def _total(ranges) -> Range:
    total = ZERO
    for each in ranges:
        total = total.plus(each)
    return total
