"""Oracle: arithmetic by hand on the published halving times and on the line of the fit."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from ohmgrad.errors import InputError
from ohmgrad_limits.data import load
from ohmgrad_limits.fit import fit_law
from ohmgrad_limits.forecast import (
    fold_once,
    fold_per_year,
    forecast_target,
    legacy,
    levers,
    pull,
    today,
)

MADE = forecast_target(fit_law(load("imagenet")), 0.05, today("hardware-burden"))
TEN_THOUSAND = fold_once("chip_ratio", 1e4, "an abstract")
FOUND = levers(MADE, "h100-sxm", "fp16", TEN_THOUSAND)


def outcome(pulled, name) -> Any:
    return next(each for each in pulled.outcomes if each.name == name)


@pytest.mark.parametrize("months", [16.0, 24.0])
def test_a_halving_time_halves_once_in_as_many_months(months):
    """Month by month, compounded: after so many months half is left."""
    monthly = fold_per_year("halving_months", months).nominal ** (1 / 12)
    assert math.prod([1 / monthly] * int(months)) == pytest.approx(0.5)


def test_published_rates():
    """Hernandez & Brown: 44 times less computation for AlexNet's error in 7 years is a halving every 16 months; Moore's
    11 times in the same years; Thompson et al.: three years are a tenfold. Told to two digits."""
    gains = {lever.name: lever.gain for lever in FOUND}
    assert gains["algorithms"].nominal ** 7 == pytest.approx(44, rel=0.15)
    assert 2012 + math.log(10, gains["algorithms"].high) == pytest.approx(2015)
    assert 2012 + math.log(11, gains["hardware"].nominal) == pytest.approx(2019)
    assert gains["quantisation"].nominal == pytest.approx(2.0, rel=1e-3)  # FP8 beside FP16 on a Hopper card
    # 475 and 40.7 g/kWh: the world's and Sweden's in the shipped tables.
    assert gains["grid of Sweden"].nominal == pytest.approx(475 / 40.7, rel=0.01)


def test_memristors_gain_at_scale_what_the_bills_of_one_wide_step_say():
    """Priced here by themselves: the chip's bill of a step of 16,384 neurons, over products at the speed of memory or
    arithmetic of one card. The paper's four orders do not come out."""
    from ohmgrad.recipes import scaling

    figure = scaling.at_scale("h100-sxm", "fp16")
    width, batch = 16384, 64
    chip = scaling.points("taox-64x64", "h100-sxm", [batch], ["fp16"], widths=[width])[0].chip_joules.nominal
    flop, moved = 2 * width**2 * batch, 2 * (width**2 + 2 * batch * width)
    product = max(flop / 989.4e12, moved / 3.35e12)
    updated = max(flop / 989.4e12, 2 * (2 * width**2 + 2 * batch * width) / 3.35e12)
    seconds, busy = 3 * product + 2 * updated, 5 * flop / 989.4e12
    joules = 700 * (busy + 0.3 * (seconds - busy))
    assert figure.nominal == pytest.approx(joules / chip, rel=0.02)
    assert figure.low < figure.nominal < figure.high < 1e4


def test_an_error_for_the_same_joules_on_a_machine_ten_thousand_times_better():
    pulled = pull(MADE, FOUND, "joules")
    line, largest = MADE.fit.line, MADE.fit.points.log10_flop.max()
    assert outcome(pulled, "nothing changes").error["nominal"] == pytest.approx(10 ** -line.at(largest))
    cheaper = outcome(pulled, "memristor arithmetic")
    assert cheaper.error["nominal"] == pytest.approx(10 ** -line.at(largest + 4))
    assert cheaper.error["low"] < cheaper.error["nominal"] < cheaper.error["high"]


def test_year_in_which_a_target_comes_down_to_a_budget():
    pulled = pull(MADE, FOUND, "usd", budget=1e7, from_year=2025.0)
    cost: Any = MADE.amounts(MADE.mean)["usd"]["nominal"]
    algorithms = outcome(pulled, "algorithms")
    assert algorithms.reached["nominal"] == pytest.approx(2025 + math.log2(cost / 1e7) * 16 / 12)
    both = outcome(pulled, "progress of both kinds")
    yearly = 2 ** (12 / 16) * 11 ** (1 / 7)
    assert both.reached["nominal"] == pytest.approx(2025 + math.log(cost / 1e7) / math.log(yearly))
    assert both.reached["low"] < both.reached["nominal"] < both.reached["high"]
    assert outcome(pulled, "nothing changes").reached["nominal"] is None
    assert pull(MADE, FOUND, "usd", 1e30).outcomes[0].reached["nominal"] == 2022  # at once


def test_levers_pull_what_they_are_of():
    names = {q: {each.name for each in pull(MADE, FOUND, q).outcomes} for q in ("joules", "usd", "kg_co2e")}
    assert "price" in names["usd"] and "price" not in names["joules"]
    assert "grid of Sweden" in names["kg_co2e"] and "grid of Sweden" not in names["usd"]
    assert "memristor arithmetic" in names["joules"] and "memristor arithmetic" not in names["usd"]
    together = outcome(pull(MADE, FOUND, "joules"), "all of them but quantisation")
    gains = {lever.name: lever.gain.nominal for lever in FOUND}
    assert together.gain == pytest.approx(gains["memristor arithmetic"] * gains["smaller networks"])


def test_smaller_networks_are_the_best_tenth():
    """Quantile regression as a linear program: misses above the line cost a tenth, those below nine tenths."""
    gain = next(lever.gain for lever in FOUND if lever.name == "smaller networks")
    x, y = MADE.fit.points.log10_flop, np.log10(MADE.fit.points.error)
    n, free = len(x), [(None, None)] * 2
    cost = np.concatenate([[0, 0], np.full(n, 0.1), np.full(n, 0.9)])
    equal = np.column_stack([np.ones(n), x, np.eye(n), -np.eye(n)])
    best = linprog(cost, A_eq=equal, b_eq=y, bounds=[*free, *[(0, None)] * 2 * n])
    middle = np.median(y)
    ahead = MADE.fit.line.inverse(-middle) - (middle - best.x[0]) / best.x[1]
    assert math.log10(gain.nominal) == pytest.approx(ahead, abs=0.02)


def test_unbounded_stays_unbounded():
    made = forecast_target(fit_law(load("wmt-en-de")), 0.3, today("hardware-burden"))
    pulled = pull(made, levers(made, "h100-sxm", "fp16", TEN_THOUSAND), "joules")
    for each in pulled.outcomes:
        assert each.cost["low"] is None and each.cost["high"] is None
        assert each.reached["low"] is None and each.reached["high"] is None


def test_ones_own_rates_and_ratio():
    assert fold_per_year("halving_months", 12.0).nominal == 2
    ratio = fold_once("chip_ratio", 12e3, "my run")
    found = levers(MADE, "h100-sxm", "fp16", ratio)
    assert next(lever.gain for lever in found if lever.name == "memristor arithmetic").source == "my run"
    made = forecast_target(fit_law(load("imagenet")), 0.05, legacy())
    assert {"price", "grid of Sweden"}.isdisjoint(lever.name for lever in levers(made, "h100-sxm", "fp8", ratio))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pull(MADE, FOUND, "joule"), "did you mean 'joules'"),
        (lambda: pull(MADE, FOUND, "joules", 0.0), "above 0"),
        (lambda: pull(MADE, FOUND, "joules", math.inf), "above 0"),
        (lambda: fold_per_year("halving_months", 0.0), "halving_months"),
        (lambda: fold_once("chip_ratio", -1.0, ""), "chip_ratio"),
    ],
)
def test_numbers_that_no_lever_takes(call, says):
    with pytest.raises(InputError, match=says):
        call()
