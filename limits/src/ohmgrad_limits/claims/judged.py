"""Claims checked against the data: reproduced, differs, or cannot be checked.

A claim represents all numbers that round to it: "10^19" means 10^18.5 to 10^19.5. It is reproduced if the data give one
of them. Otherwise it differs, and is ruled out if the 95 % interval of the data contains none of them. A claim about a
forecast with an unbounded interval cannot be checked.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from ohmgrad_limits.claims.checks import CHECKS, Found
from ohmgrad_limits.claims.quoted import Claim, implications, quoted
from ohmgrad_limits.fit import Interval
from ohmgrad_limits.forecast import KG_PER_LB, Forecast, legacy

Verdict = Literal["reproduced", "differs", "cannot be checked"]
UNCHECKED: Verdict = "cannot be checked"
GFLOP = 9
"""log10 of the FLOP in one Gflop."""


@dataclass(frozen=True)
class Judged:
    """A claim, the value that the data give, and the verdict."""

    claim: str
    source: str
    basis: Literal["published", "memory"]
    claimed: float | None
    found: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    ruled_out: bool | None
    """Whether the 95 % interval contains no number that rounds to the claim; None without an interval."""
    note: str

    def as_dict(self) -> dict:
        return asdict(self)


def judged() -> list[Judged]:
    """All claims with their verdicts."""
    return [_judge(claim) for claim in quoted()]


def _judge(claim: Claim) -> Judged:
    found = None if claim.check is None else CHECKS[claim.check]()
    low, high = (None, None) if found is None or found.allowed is None else found.allowed[:2]
    verdict, ruled_out = (UNCHECKED, None) if found is None else _verdict(claim.numbers, found)
    value = None if found is None else found.value
    return Judged(claim.claim, claim.source, "published", claim.value, value, low, high, verdict, ruled_out, claim.note)


def _verdict(claimed: tuple[float, float], found: Found) -> tuple[Verdict, bool | None]:
    """Verdict on a claim that represents the numbers of the interval `claimed`."""
    low, high = claimed
    verdict: Verdict = "reproduced" if low <= found.value <= high else "differs"
    return verdict, None if found.allowed is None else not found.allowed.meets(low, high)


def beside(made: Forecast) -> list[Judged]:
    """Claims about the target of a forecast: those of the press, and the exponents of the implications table.

    All use the published constants. Those of the press are about the polynomial fit on hardware burden. There are none
    about operations per pass.
    """
    if made.per != "training":
        return []
    benchmark, error = made.fit.benchmark, made.error
    said = [claim for claim in quoted() if claim.target and claim.target[0] == benchmark]
    by_the_press = [_judge(claim) for claim in said if claim.target and np.isclose(claim.target[1], error)]
    rows = [row for row in implications() if row.benchmark == benchmark and np.isclose(row.error, error)]
    per_flop = legacy().per_flop()
    shifts = (-GFLOP, np.log10(per_flop["kg_co2e"] / KG_PER_LB), np.log10(per_flop["usd"]))
    units = ("Gflop", "lb CO2e", "USD")
    return by_the_press + [
        _beside(made, exponent, unit, float(shift))
        for row in rows
        for exponent, unit, shift in zip(getattr(row, made.fit.law.name), units, shifts, strict=True)
    ]


def _beside(made: Forecast, said: int, unit: str, shift: float) -> Judged:
    """One exponent of the table, which represents the exponents within 0.5 of it."""
    low, high = (None if end is None else end + shift for end in made.mean[:2])
    found = Found(made.log10_flop + shift, Interval(low, high))
    verdict, ruled_out = _verdict((said - 0.5, said + 0.5), found) if made.mean.bounded else (UNCHECKED, None)
    return Judged(
        claim=f"{made.fit.title} at an error of {100 * made.error:g} %, {made.fit.law.name}: 10^{said} {unit}",
        source="arXiv:2007.05558 v1, implications table",
        basis="memory",
        claimed=float(said),
        found=found.value,
        low=low,
        high=high,
        verdict=verdict,
        ruled_out=ruled_out,
        note="exponents of ten, by the published constants",
    )
