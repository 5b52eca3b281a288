"""Formulas of chip files: products of names and numbers, such as `up_siemens * up_volts^2 * up_seconds`."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ohmgrad.quantity import LEAST, MOST, NonNegative, Quantity, Range, sized

_FACTOR = re.compile(r"\s*(?:(?P<name>[a-z_]\w*)|(?P<number>\d+(\.\d+)?([eE][-+]?\d+)?))\s*(\^\s*(?P<power>\d))?\s*")
_MAX_FACTORS = 16


class Factor(NamedTuple):
    """A name or a number, and its whole power."""

    what: str | float
    power: int


def factors(formula: str) -> tuple[Factor, ...]:
    """Parse a product into its factors.

    Raises:
        ValueError: where the formula is not a product of names and numbers, or has too many factors.
    """
    parsed = []
    for part in formula.split("*"):
        match = _FACTOR.fullmatch(part)
        if match is None:
            raise ValueError(f"'{formula}' is not a product of names and numbers such as pulses * pulse_volts^2")
        what = match["name"] if match["name"] else float(match["number"])
        if isinstance(what, float) and not sized(what):
            raise ValueError(f"'{formula}' has the number {match['number']}; allowed: 0, or {LEAST:g} to {MOST:g}")
        parsed.append(Factor(what, int(match["power"] or 1)))
    if sum(factor.power for factor in parsed) > _MAX_FACTORS:
        raise ValueError(f"'{formula}' multiplies more than {_MAX_FACTORS} names and numbers, powers counted")
    return tuple(parsed)


def names(formula: str) -> set[str]:
    """The names in a formula."""
    return {factor.what for factor in factors(formula) if isinstance(factor.what, str)}


def value(formula: str, known: Mapping[str, Quantity | Range | float]) -> Range:
    """The value of a formula: low from all lows, high from all highs, so that no value may be negative.

    Args:
        formula: The formula.
        known: Values by name.
    """
    product = Range(1.0, 1.0, 1.0)
    for what, power in factors(formula):
        factor = Range.of(known[what] if isinstance(what, str) else what)
        for _ in range(power):
            product *= factor
    return product


def figures(formula: str, known: Mapping[str, Quantity | Range | float]) -> list[NonNegative]:
    """The figures with a source among the factors of a formula, each once."""
    used: list[NonNegative] = []
    for what, _ in factors(formula):
        figure = known.get(what) if isinstance(what, str) else None
        if isinstance(figure, NonNegative) and figure not in used:
            used.append(figure)
    return used
