"""Oracle: closed forms of least squares on Gaussian features, direct simulation, scipy's bounded optimisation."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn import linear_model

from ohmgrad.errors import InputError
from ohmgrad_limits.claims import lasso
from ohmgrad_limits.claims.lasso import TOLERANCE, solve_lasso
from ohmgrad_limits.claims.simulation import (
    EXAMPLES,
    Curve,
    Setting,
    flop,
    least_squares,
    overtakes,
    simulate,
    variations,
)

SMALL = Setting(features=60, relevant=6, wrong=2, noise=0.7, sizes=(20, 40, 90, 300, 1000), simulations=400)
BEFORE = (0.868065, 0.700770, 0.374477, 0.0980791, 0.0278128)
"""Risks of its LASSO by our own solver."""


@pytest.fixture(scope="module")
def found():
    return simulate(SMALL)


def close(curve, expected, sizes):
    """Within four standard errors, and these small enough to tell."""
    for size, mean in expected.items():
        place = sizes.index(size)
        error = curve.error_standard_error[place]
        assert curve.error[place] == pytest.approx(mean, abs=4 * error), (curve.model, size)
        assert error < 0.08 * mean


def test_least_squares_risks_are_the_closed_forms(found):
    """sigma^2 p / (n - p - 1); the expert's missing features are noise to it, and stay missing."""
    oracle, expert, flexible, _ = found.curves
    sigma2, missed = 0.49, 2 / 6
    close(oracle, {n: sigma2 * 6 / (n - 7) for n in SMALL.sizes}, SMALL.sizes)
    close(expert, {n: missed + (sigma2 + missed) * 6 / (n - 7) for n in SMALL.sizes}, SMALL.sizes)
    close(flexible, {n: sigma2 * 60 / (n - 61) for n in (90, 300, 1000)}, SMALL.sizes)


def test_least_norm_solution_below_as_many_samples_as_features(found):
    """Of n < p samples: 1 - n / p of beta is lost, and noise adds sigma^2 n / (p - n - 1)."""
    flexible = found.curves[2]
    close(flexible, {n: (1 - n / 60) + 0.49 * n / (59 - n) for n in (20, 40)}, SMALL.sizes)


@pytest.mark.parametrize("samples", [8, 25])
def test_drawn_risks_are_distributed_as_those_of_data(samples):
    """numpy's least squares (of least norm) on 4,000 data sets of 15 features."""
    random, features, trials = np.random.default_rng(1), 15, 4000
    beta = np.zeros(features)
    beta[:3] = 1.0
    risks = []
    for _ in range(trials):
        x = random.normal(size=(samples, features))
        y = x @ beta + 0.5 * random.normal(size=samples)
        risks.append(((np.linalg.pinv(x) @ y - beta) ** 2).sum())
    drawn = least_squares(random, np.array([samples]), features, np.full(trials, 3.0), 0.25)[:, 0]
    shares = [0.1, 0.25, 0.5, 0.75, 0.9]
    assert np.quantile(drawn, shares) == pytest.approx(np.quantile(risks, shares), rel=0.08)


def test_lasso_of_orthogonal_features_is_a_soft_threshold():
    random = np.random.default_rng(2)
    samples, penalty = 80, 0.3
    x = np.sqrt(samples) * np.linalg.qr(random.normal(size=(samples, 20)))[0]
    y = x[:, :5].sum(1) + random.normal(size=samples)
    free = x.T @ y / samples
    found, violation = solve_lasso(np.asfortranarray(x), y, samples, penalty)
    assert found == pytest.approx(np.sign(free) * np.maximum(np.abs(free) - penalty, 0), abs=1e-6)
    assert violation < TOLERANCE


@pytest.mark.parametrize(("samples", "features", "penalty"), [(120, 60, 0.1), (40, 100, 0.05)])
def test_lasso_is_the_bounded_quadratic_program_s(samples, features, penalty):
    """Of the positive and the negative parts of the coefficients, by scipy's L-BFGS-B."""
    random = np.random.default_rng(2)
    x = random.normal(size=(samples, features))
    y = x[:, :5].sum(1) + random.normal(size=samples)

    def objective(parts):
        left = y - x @ (parts[:features] - parts[features:])
        slope = x.T @ left / samples
        return left @ left / (2 * samples) + penalty * parts.sum(), np.concatenate([penalty - slope, penalty + slope])

    how: Any = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9}
    other = minimize(objective, np.zeros(2 * features), jac=True, bounds=[(0, None)] * 2 * features, options=how)
    found, violation = solve_lasso(np.asfortranarray(x), y, samples, penalty)
    assert found == pytest.approx(other.x[:features] - other.x[features:], abs=1e-3)
    assert violation < TOLERANCE


def test_what_was_not_solved_is_said(monkeypatch):
    """One pass does not do where samples are as many as features."""
    monkeypatch.setattr(lasso, "PASSES", 1)
    assert simulate(replace(SMALL, sizes=(60,), simulations=20)).unsolved > 0.9


def test_risks_are_those_that_our_own_solver_had(found):
    """An accelerated proximal gradient, on the same draws, whose solutions violated their conditions by up to 2 %."""
    assert found.unsolved == 0
    assert found.curves[3].error == pytest.approx(BEFORE, rel=0.002)


def test_lassos_risk_is_that_of_whole_data_sets():
    """The draw of R alone against scikit-learn on data of all rows, in the mean."""
    random, features, noise, trials = np.random.default_rng(4), 50, 1.0, 150
    beta = np.zeros(features)
    beta[:5] = 1 / np.sqrt(5)
    for samples in (30, 200):
        weight = noise * np.sqrt(2 * np.log(features) / samples)
        risks = []
        for _ in range(trials):
            x = random.normal(size=(samples, features))
            y = x @ beta + noise * random.normal(size=samples)
            b = linear_model.Lasso(alpha=weight, fit_intercept=False).fit(x, y).coef_
            risks.append(((b - beta) ** 2).sum())
        setting = Setting(
            features=features, relevant=5, wrong=0, noise=noise, sizes=(samples,), simulations=trials, seed=5
        )
        regularised = simulate(setting).curves[3]
        spread = np.hypot(np.std(risks) / np.sqrt(trials), regularised.error_standard_error[0])
        assert regularised.error[0] == pytest.approx(np.mean(risks), abs=4 * spread)


def test_no_penalty_to_speak_of_is_least_squares_and_a_great_one_fits_nothing(found):
    free = simulate(replace(SMALL, penalty=0.01)).curves[3]
    for size in (300, 1000):
        place = SMALL.sizes.index(size)
        assert free.error[place] == pytest.approx(0.49 * 60 / (size - 61), rel=0.1)
    assert simulate(replace(SMALL, penalty=900.0)).curves[3].error == pytest.approx([1.0] * 5)


def test_four_times_the_data_halve_the_distance():
    """k^2 of data for a k-fold better predictor, far from the edge."""
    large = simulate(replace(SMALL, sizes=(4000, 16_000, 64_000, 256_000, 1_024_000)))
    for curve in large.curves[0], large.curves[2], large.curves[3]:
        assert np.diff(curve.performance) == pytest.approx(np.log10(4), abs=0.1)


def test_the_experts_ceiling(found):
    """Two of six equal features are wrong: 1/3 of the variance is never learned."""
    expert, flexible = found.curves[1:3]
    assert expert.performance[-1] < -np.log10(2 / 6) < flexible.performance[-1]


def test_operations_by_hand():
    setting = Setting()
    assert flop(setting, "flexible", 2000) == pytest.approx(2 * 2000 * 1e6 - 2 / 3 * 1e9)
    assert flop(setting, "oracle", 2000) == pytest.approx(2 * 2000 * 100 - 2 / 3 * 1000)
    assert flop(setting, "flexible", 500) == pytest.approx(2 * 1000 * 500**2 - 2 / 3 * 500**3)
    assert flop(setting, "regularised", 500) == 4 * 100 * 500 * 1000


def test_overtaking_between_sizes():
    def curve(*performance):
        return Curve("any", (10, 100, 1000), (1e3, 1e5, 1e7), (), (), performance)

    level = curve(1.0, 1.0, 1.0)
    assert overtakes(curve(0.0, 0.5, 1.5), level) == pytest.approx((10**2.5, 1e6))
    assert overtakes(curve(0.0, 0.5, 0.9), level) is None
    assert overtakes(curve(1.5, 2.0, 2.5), level) == (10.0, 1e3)
    assert overtakes(curve(1.5, 0.5, 1.5), level) == pytest.approx((10**2.5, 1e6))


def test_unknowns_are_varied_and_matter():
    setting = replace(SMALL, wrong=1)
    varied: dict[Any, Any] = {
        (each.name, each.value): each.overtakes for each in variations(setting, simulate(setting))
    }
    stated = varied["as stated", ""]
    assert varied["noise", 0.3]["flexible"][0] < stated["flexible"][0]
    assert varied["passes", 1000]["regularised"][1] == pytest.approx(10 * stated["regularised"][1])
    assert varied["passes", 1000]["regularised"][0] == pytest.approx(stated["regularised"][0])
    assert varied["wrong", 0]["flexible"] is None  # an expert who is right is not overtaken
    assert {name for name, _ in varied} == {"as stated", "noise", "penalty", "coefficients", "passes", "wrong"}


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("features", 8, 2000), ("wrong", 0, 6), ("passes", 1, 10**6), ("simulations", 2, 10**4), ("seed", 0, 2**32 - 1)],
)
def test_settings_are_taken_up_to_what_their_refusal_says(field, least, most):
    """An expert of 6 relevant features among 60, 2 of them wrong ones, for which there must be room."""
    for value in (least, most):
        replace(SMALL, **{field: value})
    for value in (least - 1, most + 1):
        with pytest.raises(InputError, match=f"{field}|wrong"):
            replace(SMALL, **{field: value})


def test_same_seed_same_numbers(found):
    assert simulate(SMALL).curves == found.curves
    assert simulate(replace(SMALL, seed=1)).curves != found.curves


def test_the_shipped_examples_are_the_published_sizes():
    assert (EXAMPLES["figure-1"].features, EXAMPLES["figure-1"].relevant) == (1000, 10)
    assert EXAMPLES["x-ray"].features == 100


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"features": 1}, "features"),
        ({"relevant": 0}, "relevant"),
        ({"wrong": 11}, "wrong"),
        ({"noise": 0.0}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"penalty": 0.0}, "penalty"),
        ({"sizes": ()}, "sizes"),
        ({"sizes": (1,)}, "sizes"),
        ({"simulations": 1}, "simulations"),
        ({"coefficients": "gausian"}, "did you mean 'gaussian'"),
    ],
)
def test_settings_that_make_no_problem(changes, says):
    with pytest.raises(InputError, match=says):
        Setting(**changes)
