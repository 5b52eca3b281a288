"""Oracle: closed forms of leaving one out, numpy's fit, a likelihood written down by hand."""

import numpy as np
import pytest
from scipy import stats

from ohmgrad.errors import InputError
from ohmgrad_limits.data import Table, load
from ohmgrad_limits.fit import LAWS, compare, held_later, points
from ohmgrad_limits.fit.compare import aic, leave_one_out, out_of_time

IMAGENET = points(load("imagenet"))


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_response_turns_back_into_its_error_and_its_density_is_the_derivative(law):
    error = np.array([0.02, 0.1, 0.3, 0.7])
    assert law.error(law.response(error)) == pytest.approx(error)
    step = 1e-6
    z = -np.log10(error)
    slope = (law.response(10 ** -(z + step)) - law.response(10 ** -(z - step))) / (2 * step)
    assert law.log_density(error) - law.log_density(error[0]) == pytest.approx(np.log(slope / slope[0]), abs=1e-6)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_akaikes_criterion_by_hand(law):
    y = law.response(IMAGENET.error)
    slope, intercept = np.polyfit(IMAGENET.log10_flop, y, 1)
    residual = y - intercept - slope * IMAGENET.log10_flop
    density = stats.norm.logpdf(residual, scale=residual.std())
    if law.name == "exponential":  # d(1/e) / d log10(1/e) = ln 10 / e
        density += np.log(np.log(10) / IMAGENET.error)
    assert aic(IMAGENET, law) == pytest.approx(6 - 2 * density.sum())


def test_leaving_one_out_is_the_residual_over_one_less_leverage():
    x, y = IMAGENET.log10_flop, -np.log10(IMAGENET.error)
    slope, intercept = np.polyfit(x, y, 1)
    leverage = 1 / len(x) + (x - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    left_out = (y - intercept - slope * x) / (1 - leverage)
    score = leave_one_out(IMAGENET, LAWS["polynomial"])
    assert score.root_mean_square == pytest.approx(np.sqrt((left_out**2).mean()))
    assert score.bias == pytest.approx(left_out.mean()) and score.n == 36


def test_later_years_from_earlier_ones():
    before, after = IMAGENET.year < 2020, IMAGENET.year >= 2020
    slope, intercept = np.polyfit(IMAGENET.log10_flop[before], 1 / IMAGENET.error[before], 1)
    predicted = 1 / (intercept + slope * IMAGENET.log10_flop[after])
    missed = np.log10(predicted) - np.log10(IMAGENET.error[after])
    score = out_of_time(IMAGENET, LAWS["exponential"], 2020.0)
    assert score.root_mean_square == pytest.approx(np.sqrt((missed**2).mean()))
    assert score.bias == pytest.approx(missed.mean()) and score.n == after.sum()


def test_the_density_of_later_models_is_students_t_of_the_prediction():
    """Of log10(1/error), about the line through earlier models; wider by the line's own error."""
    before = IMAGENET.year < 2020
    x, y = IMAGENET.log10_flop, -np.log10(IMAGENET.error)
    n, (slope, intercept) = before.sum(), np.polyfit(x[before], y[before], 1)
    missed = y - intercept - slope * x
    leverage = 1 / n + (x - x[before].mean()) ** 2 / ((x[before] - x[before].mean()) ** 2).sum()
    scale = np.sqrt((missed[before] ** 2).sum() / (n - 2) * (1 + leverage))
    expected = stats.t.logpdf(missed, n - 2, scale=scale)[~before].mean()
    assert out_of_time(IMAGENET, LAWS["polynomial"], 2020.0).log_density == pytest.approx(expected)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_share_of_later_models_that_an_interval_held_by_hand(law):
    """The textbook's prediction interval; three years have ten burdens of ImageNet before them and ten from them on."""
    held = held_later(IMAGENET, law)
    assert list(held) == [2019, 2020, 2021]
    for year, share in held.items():
        before = IMAGENET.year < year
        x, y = IMAGENET.log10_flop, law.response(IMAGENET.error)
        n, (slope, intercept) = before.sum(), np.polyfit(x[before], y[before], 1)
        missed = y - intercept - slope * x
        leverage = 1 / n + (x - x[before].mean()) ** 2 / ((x - x[before].mean())[before] ** 2).sum()
        half = stats.t.ppf(0.975, n - 2) * np.sqrt((missed[before] ** 2).sum() / (n - 2) * (1 + leverage))
        assert share == pytest.approx((np.abs(missed) <= half)[~before].mean())


def test_few_or_undated_models_say_nothing_of_later_ones():
    assert held_later(points(load("squad")), LAWS["polynomial"]) == {}
    x = np.linspace(17, 24, 40)
    assert held_later(points(_table(x, 10 ** (1 - 0.09 * x))), LAWS["polynomial"]) == {}


def test_the_law_that_made_the_points_wins():
    random = np.random.default_rng(3)
    x = np.linspace(17, 24, 60)
    for name, law in LAWS.items():
        line = (-1.1 + 0.09 * x) if name == "polynomial" else (-20.0 + 1.3 * x)
        noise = 0.01 if name == "polynomial" else 0.3
        error = law.error(line + noise * random.normal(size=60))
        made = points(_table(x, error))
        by_name = {each.model: each for each in compare(made, None)}
        loser = next(other for other in LAWS if other != name)
        assert by_name[name].aic < by_name[loser].aic - 10
        assert by_name[name].leave_one_out.log_density > by_name[loser].leave_one_out.log_density


def _table(log10_flop, error):
    names = tuple(map(str, range(len(error))))
    return Table("made", "made", names, names, {"error": error, "hardware_burden_flop": 10**log10_flop})


def test_an_error_of_one_or_more_is_said_not_scored():
    squad = points(load("squad"))
    score = out_of_time(squad, LAWS["polynomial"], 2019.0)
    before = squad.year < 2019
    slope, intercept = np.polyfit(squad.log10_flop[before], -np.log10(squad.error[before]), 1)
    assert (intercept + slope * squad.log10_flop[~before]).min() < 0  # an error above 1
    assert score.root_mean_square is None and np.isfinite(score.log_density)


def test_years_that_leave_too_few():
    with pytest.raises(InputError, match="models before 2013"):
        out_of_time(IMAGENET, LAWS["polynomial"], 2013.0)
    with pytest.raises(InputError, match="0 from it on"):
        out_of_time(IMAGENET, LAWS["polynomial"], 2030.0)
