"""The value that the data give for each claim, by the name of its check."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ohmgrad_limits.claims.quoted import implications
from ohmgrad_limits.data import hardware_burden, notable, published
from ohmgrad_limits.fit import Interval, fit_law, growth, points, time_fit
from ohmgrad_limits.forecast import Forecast, forecast_target, legacy


@dataclass(frozen=True)
class Found:
    """The value that the data give, and its 95 % interval."""

    value: float
    allowed: Interval | None = None
    """95 % interval, or None."""


def _through(found: Found, function: Callable[[float], float]) -> Found:
    """The value and interval of an increasing function of a quantity."""
    assert found.allowed is not None
    low, high = (None if end is None else function(end) for end in found.allowed[:2])
    return Found(function(found.value), Interval(low, high))


@cache
def _imagenet(error: float) -> Forecast:
    return forecast_target(fit_law(published("imagenet")), error, legacy())


def _amount(error: float, quantity: str) -> Found:
    made = _imagenet(error)
    amount = made.amounts(made.mean)[quantity]
    assert amount["nominal"] is not None
    return Found(amount["nominal"], Interval(amount["low"], amount["high"]))


def _imagenet_next_step() -> Found:
    """From the best error at the time, 11.5 %, to 5 %: the first two rows of the implications table."""
    today, target = (row.error for row in implications()[:2])
    return _through(_imagenet_exponent(), lambda exponent: (today / target) ** exponent)


def _years_per_tenfold() -> Found:
    progress = time_fit(points(published("imagenet"), "network-operations"))
    return Found(progress.years_per_tenfold, progress.years_per_tenfold_interval())


def _imagenet_exponent() -> Found:
    """1/b. The interval of b excludes 0, so that of 1/b has the inverse ends in reverse order."""
    line = fit_law(published("imagenet")).line
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
    found = growth(2012.0, 2019.0, records=True)
    return Found(found.doubling_months, found.doubling_months_interval)


def _growth_since_alexnet() -> Found:
    found = notable()
    flop = found.numbers["flop"]
    before_2019 = np.isfinite(flop) & (found.year < 2019)
    return Found(float(flop[before_2019].max() / flop[found.models.index(ALEXNET)]))


def _usd(model: str) -> Found:
    found = notable()
    return Found(float(found.numbers["usd"][found.models.index(model)]))


def _strubell_pounds() -> Found:
    """The computation of Strubell et al.: kilowatt-hours times the carbon intensity of the US grid."""
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
