"""What papers and the press said, held against the data: reproduced, differs, or cannot be checked.

A claim stands for all numbers that round to it: "10^19" for 10^18.5 to 10^19.5. It is reproduced where the data give
one of them; else it differs, and is ruled out where the data have a 95 % interval that holds none of them. A forecast's
claim without bounds cannot be checked.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from pydantic import Field

from ohmgrad import records
from ohmgrad.figure import Strict
from ohmgrad.limits import trends
from ohmgrad.limits.conversion import KG_PER_LB, legacy
from ohmgrad.limits.derived import hardware_burden
from ohmgrad.limits.fieller import Interval
from ohmgrad.limits.fit import fit, points
from ohmgrad.limits.forecast import Forecast, forecast
from ohmgrad.limits.progress import time_fit
from ohmgrad.limits.table import published

Verdict = Literal["reproduced", "differs", "cannot be checked"]
UNCHECKED: Verdict = "cannot be checked"
GFLOP = 9
"""log10 FLOP of one."""


class Claim(Strict):
    """A quoted number; without a check the data cannot say."""

    claim: str
    source: str
    check: str | None = None
    value: float | None = None
    within: float = Field(default=1.0, ge=1.0)
    """The factor up to which another number rounds to the claimed one."""
    at_least: bool = False
    target: tuple[str, float] | None = None
    """Benchmark and error of the forecast that it speaks of."""
    note: str = ""

    @property
    def numbers(self) -> tuple[float, float]:
        """From and to which the numbers go that it stands for."""
        assert self.value is not None
        return (self.value, math.inf) if self.at_least else (self.value / self.within, self.value * self.within)


class Implication(Strict):
    """A row of the implications table: exponents of ten of (Gflop, lb CO2e, USD) by law, from memory."""

    benchmark: str
    error: float
    polynomial: tuple[int, int, int]
    exponential: tuple[int, int, int]


@dataclass(frozen=True)
class Found:
    """What the data say: a value, and what they allow."""

    value: float
    allowed: Interval | None = None
    """With 95 %; None where there is no such interval."""


@dataclass(frozen=True)
class Judged:
    """A claim with what the data say and the verdict."""

    claim: str
    source: str
    basis: Literal["published", "memory"]
    claimed: float | None
    found: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    ruled_out: bool | None
    """Whether the data's 95 % interval holds no number that rounds to the claim; None where there is no interval."""
    note: str

    def as_dict(self) -> dict:
        return asdict(self)


def judged() -> list[Judged]:
    """Every claim, judged."""
    return [_judge(claim) for claim in claims()]


@cache
def claims() -> tuple[Claim, ...]:
    rows = records.parse(_text("claims.yaml"))
    targets = ({"target": tuple(row["target"])} if "target" in row else {} for row in rows)
    return tuple(records.check(Claim, row | target, "claims.yaml") for row, target in zip(rows, targets, strict=True))


@cache
def implications() -> tuple[Implication, ...]:
    rows = records.parse(_text("implications.yaml"))
    laws = ("polynomial", "exponential")
    return tuple(
        records.check(Implication, row | {law: tuple(row[law]) for law in laws}, "implications.yaml") for row in rows
    )


def _text(name: str) -> str:
    return files("ohmgrad.limits").joinpath(name).read_text(encoding="utf-8")


def _judge(claim: Claim) -> Judged:
    found = None if claim.check is None else CHECKS[claim.check]()
    low, high = (None, None) if found is None or found.allowed is None else found.allowed[:2]
    verdict, ruled_out = (UNCHECKED, None) if found is None else _verdict(claim.numbers, found)
    value = None if found is None else found.value
    return Judged(claim.claim, claim.source, "published", claim.value, value, low, high, verdict, ruled_out, claim.note)


def _verdict(claimed: tuple[float, float], found: Found) -> tuple[Verdict, bool | None]:
    """On the numbers from and to which a claim stands for."""
    low, high = claimed
    verdict: Verdict = "reproduced" if low <= found.value <= high else "differs"
    return verdict, None if found.allowed is None else not found.allowed.meets(low, high)


def beside(made: Forecast) -> list[Judged]:
    """What was said of a forecast's own target: by the press, and the exponents of the implications table.

    Both by the published constants; the former of the polynomial fit on hardware burden. Nothing was said of passes.
    """
    if made.per != "training":
        return []
    benchmark, error = made.fit.benchmark, made.error
    said = [claim for claim in claims() if claim.target and claim.target[0] == benchmark]
    quoted = [_judge(claim) for claim in said if claim.target and np.isclose(claim.target[1], error)]
    rows = [row for row in implications() if row.benchmark == benchmark and np.isclose(row.error, error)]
    per_flop = legacy().per_flop()
    shifts = (-GFLOP, np.log10(per_flop["kg_co2e"] / KG_PER_LB), np.log10(per_flop["usd"]))
    units = ("Gflop", "lb CO2e", "USD")
    return quoted + [
        _beside(made, exponent, unit, float(shift))
        for row in rows
        for exponent, unit, shift in zip(getattr(row, made.fit.law.name), units, shifts, strict=True)
    ]


def _beside(made: Forecast, said: int, unit: str, shift: float) -> Judged:
    """One exponent, which stands for itself give or take a half."""
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


def _through(found: Found, function: Callable[[float], float]) -> Found:
    """What a rising function of a quantity is allowed to be."""
    assert found.allowed is not None
    low, high = (None if end is None else function(end) for end in found.allowed[:2])
    return Found(function(found.value), Interval(low, high))


@cache
def _imagenet(error: float) -> Forecast:
    return forecast(fit(published("imagenet")), error, legacy())


def _amount(error: float, quantity: str) -> Found:
    made = _imagenet(error)
    amount = made.amounts(made.mean)[quantity]
    assert amount["nominal"] is not None
    return Found(amount["nominal"], Interval(amount["low"], amount["high"]))


def _imagenet_next_step() -> Found:
    """From the error that was the best one, 11.5 %, to 5 %: the first two rows of the implications table."""
    today, target = (row.error for row in implications()[:2])
    return _through(_imagenet_exponent(), lambda exponent: (today / target) ** exponent)


def _years_per_tenfold() -> Found:
    progress = time_fit(points(published("imagenet"), "network-operations"))
    return Found(progress.years_per_tenfold, progress.years_per_tenfold_interval())


def _imagenet_exponent() -> Found:
    """1/b: the slope's interval excludes 0, so turning it over turns its ends over."""
    line = fit(published("imagenet")).line
    low, high = line.slope_interval()[:2]
    return Found(1 / line.slope, Interval(None if high is None else 1 / high, None if low is None else 1 / low))


def _imagenet_halving() -> Found:
    return _through(_imagenet_exponent(), lambda exponent: 2**exponent)


def _imagenet_model(name: str) -> dict[str, float]:
    table = published("imagenet")
    row = table.models.index(name)
    columns = ("error", "training_days", "training_gpu_n", "training_gpu_peak_gflops")
    return {column: float(table.column(column)[row]) for column in columns} | {
        "burden": float(hardware_burden(table)[row])
    }


ALEXNET, NASNET = "AlexNet", "NASNET-A(6)"


def _alexnet_gpu_days() -> Found:
    model = _imagenet_model(ALEXNET)
    return Found(model["training_days"] * model["training_gpu_n"])


def _nasnet(column: str) -> Found:
    return Found(_imagenet_model(NASNET)[column] / _imagenet_model(ALEXNET)[column])


def _doubling_months() -> Found:
    growth = trends.growth(2012.0, 2019.0, records=True)
    return Found(growth.doubling_months, growth.doubling_months_interval)


def _growth_since_alexnet() -> Found:
    found = trends.notable()
    flop = found.numbers["flop"]
    before_2019 = np.isfinite(flop) & (found.year < 2019)
    return Found(float(flop[before_2019].max() / flop[found.models.index(ALEXNET)]))


def _usd(model: str) -> Found:
    found = trends.notable()
    return Found(float(found.numbers["usd"][found.models.index(model)]))


def _strubell_pounds() -> Found:
    """Strubell et al.'s own arithmetic: kilowatt-hours at the carbon of the American grid."""
    return Found(656_347 * legacy().figures["lb_co2e_per_kwh"].nominal)


CHECKS: dict[str, Callable[[], Found]] = {
    "imagenet_next_step": _imagenet_next_step,
    "imagenet_5_flop": lambda: _amount(0.05, "flop"),
    "imagenet_5_usd": lambda: _amount(0.05, "usd"),
    "imagenet_5_kilograms": lambda: _amount(0.05, "kg_co2e"),
    "imagenet_1_flop": lambda: _amount(0.01, "flop"),
    "years_per_tenfold": _years_per_tenfold,
    "imagenet_exponent": _imagenet_exponent,
    "imagenet_halving": _imagenet_halving,
    "alexnet_gpu_days": _alexnet_gpu_days,
    "nasnet_error_ratio": lambda: _nasnet("error"),
    "nasnet_compute_ratio": lambda: _nasnet("burden"),
    "nasnet_hardware_ratio": lambda: _nasnet("training_gpu_peak_gflops"),
    "doubling_months": _doubling_months,
    "growth_since_alexnet": _growth_since_alexnet,
    "bert_usd": lambda: _usd("BERT-Large"),
    "strubell_pounds": _strubell_pounds,
    "gpt3_usd": lambda: _usd("GPT-3 175B (davinci)"),
}
