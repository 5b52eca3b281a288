"""Oracle: arithmetic by hand on the published halving times and on the line of the fit."""

import math
from typing import Any

import pytest

from ohmgrad import footprint
from ohmgrad.errors import InputError
from ohmgrad.limits import fit, forecast, legacy, levers, load, today

MADE = forecast(fit(load("imagenet")), 0.05, today("hardware-burden"))
FOUND = levers.levers(MADE, "h100-sxm", "fp16")


def outcome(pulled, name) -> Any:
    return next(each for each in pulled.outcomes if each.name == name)


def test_published_rates():
    gains = {lever.name: lever.gain for lever in FOUND}
    assert gains["algorithms"].nominal ** (16 / 12) == pytest.approx(2)  # halving in 16 months
    assert gains["algorithms"].high ** 3 == pytest.approx(10)  # three years are a tenfold
    assert gains["hardware"].nominal ** 7 == pytest.approx(11)  # Moore, 2012 to 2019
    assert gains["quantisation"].nominal == pytest.approx(1978.9 / 989.4)
    world, sweden = (footprint.grid(region).kg_per_kwh.nominal for region in ("world", "SWE"))
    assert gains["grid of Sweden"].nominal == pytest.approx(world / sweden)


def test_an_error_for_the_same_joules_on_a_machine_ten_thousand_times_better():
    pulled = levers.pull(MADE, FOUND, "joules")
    line, largest = MADE.fit.line, MADE.fit.points.log10_flop.max()
    assert outcome(pulled, "nothing changes").error["nominal"] == pytest.approx(10 ** -line.at(largest))
    cheaper = outcome(pulled, "cheaper arithmetic")
    assert cheaper.error["nominal"] == pytest.approx(10 ** -line.at(largest + 4))
    assert cheaper.error["low"] < cheaper.error["nominal"] < cheaper.error["high"]


def test_year_in_which_a_target_comes_down_to_a_budget():
    pulled = levers.pull(MADE, FOUND, "usd", budget=1e7, from_year=2025.0)
    cost: Any = MADE.amounts(MADE.mean)["usd"]["nominal"]
    algorithms = outcome(pulled, "algorithms")
    assert algorithms.reached["nominal"] == pytest.approx(2025 + math.log2(cost / 1e7) * 16 / 12)
    both = outcome(pulled, "progress of both kinds")
    yearly = 2 ** (12 / 16) * 11 ** (1 / 7)
    assert both.reached["nominal"] == pytest.approx(2025 + math.log(cost / 1e7) / math.log(yearly))
    assert both.reached["low"] < both.reached["nominal"] < both.reached["high"]
    assert outcome(pulled, "nothing changes").reached["nominal"] is None
    assert levers.pull(MADE, FOUND, "usd", 1e30).outcomes[0].reached["nominal"] == 2022  # at once


def test_levers_pull_what_they_are_of():
    names = {q: {each.name for each in levers.pull(MADE, FOUND, q).outcomes} for q in ("joules", "usd", "kg_co2e")}
    assert "price" in names["usd"] and "price" not in names["joules"]
    assert "grid of Sweden" in names["kg_co2e"] and "grid of Sweden" not in names["usd"]
    assert "cheaper arithmetic" in names["joules"] and "cheaper arithmetic" not in names["usd"]
    together = outcome(levers.pull(MADE, FOUND, "joules"), "all of them but quantisation")
    gains = {lever.name: lever.gain.nominal for lever in FOUND}
    assert together.gain == pytest.approx(gains["cheaper arithmetic"] * gains["smaller networks"])


def test_smaller_networks_are_the_best_tenth():
    """The gain is between the mean line and a line that has a tenth of the models below it."""
    gain = next(lever.gain for lever in FOUND if lever.name == "smaller networks")
    found = MADE.fit.points
    ahead = MADE.fit.line.inverse(-math.log10(0.22)) - math.log10(gain.nominal)
    assert 1 < gain.nominal < 100
    below = sum(e < 0.22 and x < ahead for e, x in zip(found.error, found.log10_flop, strict=True))
    assert below <= 0.1 * len(found.models)


def test_unbounded_stays_unbounded():
    made = forecast(fit(load("wmt-en-de")), 0.3, today("hardware-burden"))
    pulled = levers.pull(made, levers.levers(made, "h100-sxm", "fp16"), "joules")
    for each in pulled.outcomes:
        assert each.cost["low"] is None and each.cost["high"] is None
        assert each.reached["low"] is None and each.reached["high"] is None


def test_ones_own_rates_and_ratio():
    assert levers.per_year("halving_months", 12.0).nominal == 2
    ratio = levers.once("chip_ratio", 12e3, "my run")
    found = levers.levers(MADE, "h100-sxm", "fp16", arithmetic=ratio)
    assert next(lever.gain for lever in found if lever.name == "cheaper arithmetic").source == "my run"
    made = forecast(fit(load("imagenet")), 0.05, legacy())
    assert {"price", "grid of Sweden"}.isdisjoint(lever.name for lever in levers.levers(made, "h100-sxm", "fp8"))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: levers.pull(MADE, FOUND, "joule"), "did you mean 'joules'"),
        (lambda: levers.pull(MADE, FOUND, "joules", 0.0), "above 0"),
        (lambda: levers.pull(MADE, FOUND, "joules", math.inf), "above 0"),
        (lambda: levers.per_year("halving_months", 0.0), "halving_months"),
        (lambda: levers.once("chip_ratio", -1.0, ""), "chip_ratio"),
    ],
)
def test_numbers_that_no_lever_takes(call, says):
    with pytest.raises(InputError, match=says):
        call()
