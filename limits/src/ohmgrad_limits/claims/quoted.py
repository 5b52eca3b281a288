"""Quoted numbers of papers and the press, and the check of the data for each."""

import math
from functools import cache
from importlib import resources

from pydantic import Field

from ohmgrad import records
from ohmgrad.quantity import Strict


class Claim(Strict):
    """A quoted number. Without a check it cannot be tested against the data."""

    claim: str
    source: str
    check: str | None = None
    value: float | None = None
    within: float = Field(default=1.0, ge=1.0)
    """Numbers up to this factor away round to the claimed one."""
    at_least: bool = False
    target: tuple[str, float] | None = None
    """Benchmark and error of the forecast that the claim is about."""
    note: str = ""

    @property
    def numbers(self) -> tuple[float, float]:
        """The interval of numbers that the claim represents."""
        assert self.value is not None
        return (self.value, math.inf) if self.at_least else (self.value / self.within, self.value * self.within)


class Implication(Strict):
    """A row of the implications table: exponents of 10 for (Gflop, lb CO2e, USD) by law, from memory."""

    benchmark: str
    error: float
    polynomial: tuple[int, int, int]
    exponential: tuple[int, int, int]


@cache
def quoted() -> tuple[Claim, ...]:
    """Every quoted number (claims.yaml)."""
    rows = records.parse(_text("claims.yaml"))
    targets = ({"target": tuple(row["target"])} if "target" in row else {} for row in rows)
    return tuple(records.check(Claim, row | target, "claims.yaml") for row, target in zip(rows, targets, strict=True))


@cache
def implications() -> tuple[Implication, ...]:
    """The implications table of the first version of the paper (implications.yaml)."""
    rows = records.parse(_text("implications.yaml"))
    laws = ("polynomial", "exponential")
    return tuple(
        records.check(Implication, row | {law: tuple(row[law]) for law in laws}, "implications.yaml") for row in rows
    )


def _text(name: str) -> str:
    return resources.files("ohmgrad_limits.claims").joinpath(name).read_text(encoding="utf-8")
