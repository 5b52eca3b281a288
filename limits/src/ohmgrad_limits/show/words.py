"""Numbers and tables as a reader wants them, in the terminal and on the page alike."""

from dataclasses import dataclass

from ohmgrad.report.numbers import number
from ohmgrad_limits.forecast import QUANTITIES

UNITS = {"flop": "FLOP", **QUANTITIES}
"""Of amounts."""


@dataclass(frozen=True)
class Grid:
    """A table to print: a title, heads, rows of words, and what to know before reading it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def exponent(log10: float) -> str:
    """An exponent of ten: one decimal, or a number of its own where it is very large."""
    return f"{log10:.1f}" if abs(log10) < 1e4 else number(log10)


def power(log10: float) -> str:
    """A power of ten by its exponent."""
    return f"10^{exponent(log10)}"


def year(value: float | None) -> str:
    """A year, or that it never comes."""
    return "never" if value is None else f"{value:.0f}" if value < 10_000 else number(value)
