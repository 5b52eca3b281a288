"""Numbers and tables as a reader wants them, in the terminal and on the page alike."""

import math
from dataclasses import dataclass

from ohmgrad_limits.forecast import QUANTITIES

UNBOUNDED = "unbounded"
UNITS = {"flop": "FLOP", **QUANTITIES}
"""Of amounts."""


@dataclass(frozen=True)
class Grid:
    """A table to print: a title, heads, rows of words, and what to know before reading it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def number(value: float | None) -> str:
    """Two or three digits: 0.0933, 10.7, 1,680, 2.1e26; None is unbounded."""
    if value is None:
        return UNBOUNDED
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{float(f'{value:.3g}'):,g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def exponent(log10: float) -> str:
    """An exponent of ten: one decimal, or a number of its own where it is very large."""
    return f"{log10:.1f}" if abs(log10) < 1e4 else number(log10)


def power(log10: float) -> str:
    """A power of ten by its exponent."""
    return f"10^{exponent(log10)}"


def span(low: float | None, high: float | None) -> str:
    """From low to high; one word where neither is bounded."""
    return UNBOUNDED if low is None and high is None else f"{number(low)} – {number(high)}"


def year(value: float | None) -> str:
    """A year, or that it never comes."""
    return "never" if value is None else f"{value:.0f}" if value < 10_000 else number(value)


def percent(share: float) -> str:
    return f"{100 * share:.3g} %"
