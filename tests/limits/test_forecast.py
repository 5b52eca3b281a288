"""Oracle: the extrapolations and Fieller intervals of the shared facts; closed forms; a simulation of coverage."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmgrad.errors import InputError
from ohmgrad_limits.claims import Claim, beside, judged
from ohmgrad_limits.claims.checks import Found
from ohmgrad_limits.claims.judged import _beside, _verdict
from ohmgrad_limits.data import load
from ohmgrad_limits.fit import Interval, Line, fieller, fit_law
from ohmgrad_limits.forecast import forecast_target, legacy, today

EXTRAPOLATIONS = [
    # benchmark, error, polynomial and exponential: log10 of Gflop, lb, USD
    ("imagenet", 0.05, (17.3, 8.8, 9.5), (22.0, 13.4, 14.1)),
    ("imagenet", 0.01, (24.8, 16.3, 17.0), (82.5, 73.9, 74.6)),
    ("coco", 0.3, (14.9, 6.4, 7.1), (15.8, 7.2, 7.9)),
    ("coco", 0.1, (22.9, 14.4, 15.1), (39.2, 30.7, 31.4)),
    ("squad", 0.02, (20.5, 12.0, 12.7), (42.7, 34.1, 34.8)),
    ("squad", 0.01, (23.7, 15.1, 15.8), (79.3, 70.8, 71.5)),
    ("conll", 0.02, (30.6, 22.1, 22.8), (52.1, 43.6, 44.3)),
    ("conll", 0.01, (41.8, 33.2, 33.9), (110.8, 102.2, 102.9)),
    ("wmt-en-fr", 0.3, (23.1, 14.5, 15.2), (30.9, 22.3, 23.0)),
    ("wmt-en-fr", 0.1, (43.2, 34.7, 35.4), (113.6, 105.0, 105.7)),
]
POUND = 0.45359237


@pytest.mark.parametrize("row", EXTRAPOLATIONS, ids=lambda row: f"{row[0]} {row[1]}")
def test_extrapolations_by_the_published_constants(row):
    benchmark, error, *exponents = row
    for law, expected in zip(("polynomial", "exponential"), exponents, strict=True):
        made = forecast_target(fit_law(load(benchmark), law), error, legacy())
        amounts: Any = made.amounts(made.mean)
        found = [math.log10(amounts[name]["nominal"]) for name in ("flop", "kg_co2e", "usd")]
        assert found[0] - 9 == pytest.approx(expected[0], abs=0.051)
        assert found[1] - math.log10(POUND) == pytest.approx(expected[1], abs=0.051)
        assert found[2] == pytest.approx(expected[2], abs=0.051)


@pytest.mark.parametrize(
    ("benchmark", "error", "low", "high"),
    [
        ("imagenet", 0.05, 25.3, 27.9),
        ("coco", 0.3, 22.7, 26.5),
        ("squad", 0.02, 27.3, 33.3),
        ("conll", 0.02, 29.9, 145.7),
    ],
)
def test_fieller_intervals_of_the_mean_line(benchmark, error, low, high):
    made: Any = forecast_target(fit_law(load(benchmark)), error, legacy())
    assert made.mean[:2] == pytest.approx((low, high), abs=0.05)
    assert made.prediction.low < made.mean.low < made.log10_flop < made.mean.high < made.prediction.high


@pytest.mark.parametrize("benchmark", ["wmt-en-fr", "wmt-en-de"])
@pytest.mark.parametrize("law", ["polynomial", "exponential"])
def test_unbounded_is_unbounded(benchmark, law):
    made = forecast_target(fit_law(load(benchmark), law), 0.3, legacy())
    shown = made.as_dict()
    assert not shown["bounded"] and "unbounded" in shown["notes"][0]
    for quantity in ("flop", "usd", "kg_co2e", "joules", "hardware_years"):
        assert shown[quantity]["low"] is None and shown[quantity]["high"] is None
        assert shown[quantity]["nominal"] > 0
    excluded = shown["log10_flop"]["excluded"]
    middle = (excluded[0] + excluded[1]) / 2
    assert not made.mean.meets(middle, middle)
    assert all(made.mean.meets(each, each) for each in (made.log10_flop, -1e3))
    assert made.mean.meets(middle, 1e3) and made.mean.meets(-1e3, middle)


def test_fieller_against_the_textbook_form():
    """Draper & Smith: x0 = mean + d, (b^2 - t^2 s^2 / Sxx) d^2 - 2 b (y - ybar) d + (y - ybar)^2 - t^2 s^2 / n = 0."""
    made = fit_law(load("imagenet"))
    x, y = made.points.log10_flop, -np.log10(made.points.error)
    line, target = made.line, -np.log10(0.05)
    centre, spread = x.mean(), ((x - x.mean()) ** 2).sum()
    variance = ((y - line.at(x)) ** 2).sum() / (len(x) - 2)
    for new in (False, True):
        scaled = line.t() ** 2 * variance
        rest = target - y.mean()
        roots = np.roots(
            [line.slope**2 - scaled / spread, -2 * line.slope * rest, rest**2 - scaled * (1 / len(x) + new)]
        )
        assert line.inverse_interval(target, new=new)[:2] == pytest.approx(centre + np.sort(roots.real), rel=1e-9)


def test_interval_is_where_the_band_holds_the_target():
    made = forecast_target(fit_law(load("squad"), "exponential"), 0.02, legacy())
    for end in made.mean[:2]:
        low, _, high = made.fit.error_at(end)
        assert min(abs(float(low) - 0.02), abs(float(high) - 0.02)) < 1e-9


@pytest.mark.parametrize(("slope", "new"), [(1.0, False), (0.3, False), (0.3, True)])
def test_intervals_cover_as_often_as_they_say(slope, new):
    """10 points about a line: 95 % of the intervals hold the x at which the true line, or a new point, reaches y."""
    random = np.random.default_rng(7)
    x, target, trials = np.linspace(0, 3, 10), 4 * slope, 1500
    held = 0
    for _ in range(trials):
        line = _line(x, slope * x, random)
        held += line.inverse_interval(target + new * random.normal() * 0.5, new=new).meets(4.0, 4.0)
    assert held / trials == pytest.approx(0.95, abs=0.02)


def _line(x, y, random):
    return _least_squares(x, y + 0.5 * random.normal(size=len(x)))


def _least_squares(x, y) -> Line:
    """By hand: statsmodels takes a millisecond."""
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ design)
    intercept, slope = inverse @ design.T @ y
    variance = ((y - intercept - slope * x) ** 2).sum() / (len(x) - 2)
    return Line(intercept, slope, variance * inverse, variance, len(x), 1.0)


def test_ratio_of_uncorrelated_estimates():
    """n / d with errors: the ends solve (n - r d)^2 = t^2 (a + r^2 b)."""
    interval: Any = fieller(2.0, 4.0, np.diag([0.01, 0.04]), 2.0)
    for end in interval[:2]:
        assert (2 - end * 4) ** 2 == pytest.approx(4 * (0.01 + end**2 * 0.04))
    assert interval.low < 0.5 < interval.high
    assert fieller(2.0, 0.1, np.diag([0.01, 0.04]), 2.0).low is None
    assert fieller(0.01, 0.1, np.diag([0.01, 0.04]), 2.0) == Interval(None, None)


def test_legacy_constants_are_the_published_arithmetic():
    per_flop = legacy().per_flop()
    assert 1 / per_flop["usd"] == pytest.approx(14_130e9 * 3600 / 0.74)
    pounds_per_hour = per_flop["kg_co2e"] / POUND * 14_130e9 * 3600
    assert pounds_per_hour == pytest.approx(0.14544, rel=1e-4)
    assert per_flop["joules"] / 3.6e6 * 0.954 == pytest.approx(per_flop["kg_co2e"] / POUND)
    assert per_flop["hardware_years"] * 14.13e12 * 365.25 * 86400 == pytest.approx(1)


def test_todays_conversion_by_hand():
    """1e24 FLOP of burden on H100s in fp16: 989.4 TFLOP/s, 700 W, PUE 1.2, 0.1 kg/kWh, 3 USD/h."""
    given = {"pue": 1.2, "kg_per_kwh": 0.1, "usd_per_hour": 3.0}
    seconds = 1e24 / 989.4e12
    per_flop = today("hardware-burden", "h100-sxm", "fp16", "world", given).per_flop()
    assert 1e24 * per_flop["usd"] == pytest.approx(seconds / 3600 * 3)
    assert 1e24 * per_flop["joules"] == pytest.approx(seconds * 700 * 1.2)
    assert 1e24 * per_flop["kg_co2e"] == pytest.approx(seconds * 700 * 1.2 / 3.6e6 * 0.1)
    assert 1e24 * per_flop["hardware_years"] == pytest.approx(seconds / 31_557_600)
    operations = today("network-operations", given=given | {"utilisation": 0.5}).per_flop()
    assert operations["usd"] == pytest.approx(2 * per_flop["usd"])


def test_bounds_of_an_assumption_move_what_it_enters_and_nothing_else():
    conversion = today("network-operations")
    rent, used = conversion.bounds("usd_per_hour"), conversion.bounds("utilisation")
    figure = conversion.figures["usd_per_hour"]
    assert rent["usd"] == pytest.approx((figure.low / figure.nominal, figure.high / figure.nominal))
    assert rent["joules"] == (1.0, 1.0)
    share = conversion.figures["utilisation"]
    assert used["joules"] == pytest.approx((share.nominal / share.low, share.nominal / share.high))


def test_every_json_number_is_finite_and_overflow_is_said():
    made = forecast_target(fit_law(load("conll"), "exponential"), 0.01, legacy())
    shown = made.as_dict()
    assert shown["flop"]["high"] is None and shown["bounded"]  # 10^1112
    assert shown["log10_flop"]["high"] > 1000
    assert any("1e308" in note for note in shown["notes"])


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (0.0, "above 0"),
        (1.0, "below 1"),
        (5.0, "0.05"),
        (math.nan, "not a fraction"),
        (0.5, "up to 0.367"),
        (-0.1, "above"),
    ],
)
def test_errors_that_no_forecast_is_for(error, says):
    with pytest.raises(InputError, match=says):
        forecast_target(fit_law(load("imagenet")), error, legacy())


TENS = (18.5, 19.5)
"""The exponents that round to 10^19."""
THOUSAND = Claim(claim="more than 1,000", source="", value=1000, at_least=True).numbers
VERDICTS = {
    "1,058 papers": ("cannot be checked", None, None),
    "43 % of the variance": ("cannot be checked", None, None),
    "next step takes about 1e5": ("differs", False, (0.115 / 0.05) ** (1 / 0.0933)),
    "5 % takes 1e28 FLOP": ("differs", False, 10**26.3),
    "5 % costs 1e11 USD": ("differs", False, 10**9.5),
    "tenfold of compute": ("reproduced", False, 2.55),
    "k⁹": ("differs", False, 10.7),
    "more than 500 times": ("reproduced", False, 2**10.7),
    "2 GPUs and 5 to 6 days": ("reproduced", None, 12),
    "halved AlexNet's error": ("reproduced", None, 0.173 / 0.367),
    "1,000 times AlexNet's": ("reproduced", None, 1007),
    "6-fold of NASNet-A": ("reproduced", None, 9530 / 1580),
    "more than 300,000-fold": ("reproduced", None, 3.41e23 / 4.7e17),
    "626,155 lb": ("reproduced", None, 626_155),
    "BERT costs": ("differs", None, 1_750),
    "GPT-3 costs 12 million": ("differs", None, 2e6),
    "every 3.4 months": ("differs", False, 2.97),
    "halves every 16 months": ("cannot be checked", None, None),
    "80 to 90 %": ("cannot be checked", None, None),
    "100,000 times less energy": ("cannot be checked", None, None),
    "k⁴ of compute in theory": ("cannot be checked", None, None),
}


@pytest.mark.parametrize("claim", VERDICTS)
def test_verdicts(claim):
    (found,) = [each for each in judged() if claim in each.claim]
    verdict, ruled_out, value = VERDICTS[claim]
    assert (found.verdict, found.ruled_out) == (verdict, ruled_out)
    if value is None:
        assert found.found is None
    else:
        assert found.found == pytest.approx(value, rel=0.13 if value > 1e8 else 0.03)


def test_one_claim_in_two_units_has_one_verdict():
    """1e28 FLOP, said by the press, and 10^19 Gflop, of the implications table."""
    said = beside(forecast_target(fit_law(load("imagenet")), 0.05, legacy()))
    press, table = (next(each for each in said if unit in each.claim) for unit in ("1e28 FLOP", "10^19 Gflop"))
    assert (press.verdict, press.ruled_out) == (table.verdict, table.ruled_out) == ("differs", False)
    assert press.low is not None and press.high is not None
    assert [math.log10(end) - 9 for end in (press.low, press.high)] == pytest.approx([table.low, table.high])


@pytest.mark.parametrize(
    ("numbers", "found", "interval", "verdict"),
    [
        (TENS, 18.6, (18.0, 19.0), ("reproduced", False)),
        (TENS, 18.4, (18.0, 18.6), ("differs", False)),  # 18.5 to 18.6 rounds to it
        (TENS, 18.4, (18.0, 18.49), ("differs", True)),
        (TENS, 19.6, (19.51, 20.0), ("differs", True)),
        (TENS, 19.6, (None, None), ("differs", False)),
        (THOUSAND, 900.0, (800.0, 1001.0), ("differs", False)),
        (THOUSAND, 900.0, (800.0, 999.0), ("differs", True)),
        (THOUSAND, 1000.0, None, ("reproduced", None)),
    ],
)
def test_a_claim_is_ruled_out_where_no_number_that_rounds_to_it_is_left(numbers, found, interval, verdict):
    assert _verdict(numbers, Found(found, None if interval is None else Interval(*interval))) == verdict


def test_what_was_said_stands_beside_its_forecast():
    said = beside(forecast_target(fit_law(load("imagenet")), 0.05, today("hardware-burden")))
    assert {each.basis for each in said} == {"published", "memory"} and len(said) == 6
    assert beside(forecast_target(fit_law(load("imagenet")), 0.07, legacy())) == []
    per_pass = fit_law(load("imagenet"), measure="operations-per-pass")
    assert beside(forecast_target(per_pass, 0.05, legacy())) == []  # all that was said is of trainings
    unbounded = beside(forecast_target(fit_law(load("wmt-en-fr")), 0.3, legacy()))
    assert {each.verdict for each in unbounded} == {"cannot be checked"}


@pytest.mark.parametrize(
    ("away", "verdict"), [(-0.6, "differs"), (-0.4, "reproduced"), (0.4, "reproduced"), (0.6, "differs")]
)
def test_an_exponent_stands_for_itself_give_or_take_a_half(away, verdict):
    """10^17 is all that rounds to it; here in units in which the forecast lies so far from 17."""
    made = forecast_target(fit_law(load("imagenet")), 0.05, legacy())
    judgement = _beside(made, 17, "units", 17 + away - made.log10_flop)
    assert judgement.verdict == verdict and judgement.ruled_out is False


def test_only_a_slope_that_is_not_above_0_means_nothing():
    line = fit_law(load("imagenet"))
    assert 0 < line.line.slope < 1
    assert not any("slope" in note for note in forecast_target(line, 0.05, legacy()).notes())


def test_the_band_of_the_line_is_the_textbook_s():
    """t s sqrt(1/n + (x - mean)^2 / sum of squares); of a new point, 1 more under the root."""
    x = np.array([0.0, 1.0, 2.0, 5.0])
    line = _least_squares(x, np.array([1.0, 3.0, 2.0, 6.0]))
    t, s = line.t(0.9), math.sqrt(line.residual_variance)
    spread = 1 / 4 + (4.0 - 2.0) ** 2 / 14
    assert line.half_width(4.0, 0.9) == pytest.approx(t * s * math.sqrt(spread))
    assert line.half_width(4.0, 0.9, new=True) == pytest.approx(t * s * math.sqrt(1 + spread))


@given(
    slope=st.floats(0.02, 0.5),
    noise=st.floats(0.01, 0.3),
    shift=st.floats(-5, 5),
    level=st.floats(0.5, 0.99),
    seed=st.integers(0, 1000),
)
def test_what_holds_for_any_line(slope, noise, shift, level, seed):
    """More certainty is never narrower, a new model never surer than the line, and FLOP in other units only move it."""
    random = np.random.default_rng(seed)
    x = np.linspace(0, 5, 12)
    y = slope * x + noise * random.normal(size=12)
    line, moved = _least_squares(x, y), _least_squares(x + shift, y)
    target = float(y.max()) + 0.5
    intervals: Any = (
        line.inverse_interval(target, *options) for options in ((level, False), (0.995, False), (level, True))
    )
    mean, wider, new = intervals
    for outer in (wider, new):
        if outer.bounded:
            assert mean.bounded and outer.low <= mean.low + 1e-9 and mean.high <= outer.high + 1e-9
    if mean.bounded:
        assert mean.low <= line.inverse(target) <= mean.high
        again: Any = moved.inverse_interval(target, level)
        assert again[:2] == pytest.approx((mean.low + shift, mean.high + shift), rel=1e-6, abs=1e-6)
