"""Products of names and numbers, as chip files write their formulas: `up_siemens * up_volts^2 * up_seconds`."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ohmgrad.quantity import LEAST, MOST, NonNegative, Quantity, Range, sized

_FACTOR = re.compile(r"\s*(?:(?P<name>[a-z_]\w*)|(?P<number>\d+(\.\d+)?([eE][-+]?\d+)?))\s*(\^\s*(?P<power>\d))?\s*")
_MOST_POWERS = 16


class Factor(NamedTuple):
    """A name or a number, to a whole power."""

    what: str | float
    power: int


def factors(formula: str) -> tuple[Factor, ...]:
    """The factors of a product. Raises ValueError where the formula is none."""
    found = []
    for part in formula.split("*"):
        match = _FACTOR.fullmatch(part)
        if match is None:
            raise ValueError(f"'{formula}' is not a product of names and numbers such as pulses * pulse_volts^2")
        what = match["name"] if match["name"] else float(match["number"])
        if isinstance(what, float) and not sized(what):
            raise ValueError(f"'{formula}' has the number {match['number']}; allowed: 0, or {LEAST:g} to {MOST:g}")
        found.append(Factor(what, int(match["power"] or 1)))
    if sum(factor.power for factor in found) > _MOST_POWERS:
        raise ValueError(f"'{formula}' multiplies more than {_MOST_POWERS} names and numbers, powers counted")
    return tuple(found)


def names(formula: str) -> set[str]:
    """The names in a product."""
    return {factor.what for factor in factors(formula) if isinstance(factor.what, str)}


def value(formula: str, known: Mapping[str, Quantity | Range | float]) -> Range:
    """What a product comes to. None of its values may be negative: then lows make the low and highs the high."""
    product = Range(1.0, 1.0, 1.0)
    for what, power in factors(formula):
        factor = Range.of(known[what] if isinstance(what, str) else what)
        for _ in range(power):
            product *= factor
    return product


def figures(formula: str, known: Mapping[str, Quantity | Range | float]) -> list[NonNegative]:
    """The sourced figures among the factors, each once."""
    found: list[NonNegative] = []
    for what, _ in factors(formula):
        figure = known.get(what) if isinstance(what, str) else None
        if isinstance(figure, NonNegative) and figure not in found:
            found.append(figure)
    return found
