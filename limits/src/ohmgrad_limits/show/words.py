"""Formatted numbers and tables, for the terminal and the page."""

from dataclasses import dataclass

from ohmgrad.report.numbers import number
from ohmgrad_limits.forecast import QUANTITIES

UNITS = {"flop": "FLOP", **QUANTITIES}
"""Units of amounts."""


@dataclass(frozen=True)
class Grid:
    """A table of text: title, column heads, rows, and a note."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def exponent(log10: float) -> str:
    """An exponent of ten with one decimal; in scientific notation if it is very large."""
    return f"{log10:.1f}" if abs(log10) < 1e4 else number(log10)


def power(log10: float) -> str:
    """A power of ten, from its exponent."""
    return f"10^{exponent(log10)}"


def year(value: float | None) -> str:
    """A year, or `never`."""
    return "never" if value is None else f"{value:.0f}" if value < 10_000 else number(value)
