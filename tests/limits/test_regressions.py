"""Oracle: the published regression table, to its printed digits; scipy, closed forms and a linear program."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog

from ohmgrad.errors import InputError
from ohmgrad_limits.data import load
from ohmgrad_limits.fit import conversion, fit_law, points, quantile_fit, time_fit

P, E = "polynomial", "exponential"
TABLE = [
    # benchmark, measure, law, n, a, b, standard error of b, R2, 1/b: strings, so that their digits count
    ("imagenet", "operations-per-pass", P, 110, "-0.0915", ".0821", ".006", ".606", "12.2"),
    ("imagenet", "network-operations", P, 77, "-0.8539", ".0836", ".006", ".720", "12.0"),
    ("imagenet", "hardware-burden", P, 36, "-1.1563", ".0933", ".009", ".766", "10.7"),
    ("imagenet", "hardware-burden", E, 36, "-20.976", "1.3224", ".115", ".794", None),
    ("imagenet", "consolidated", P, 102, "-1.0673", ".0908", ".006", ".694", "11.0"),
    ("imagenet", "consolidated", E, 102, "-19.853", "1.2825", ".075", ".747", None),
    ("coco", "hardware-burden", P, 13, "-.9112", ".0599", ".010", ".776", "16.7"),
    ("coco", "network-operations", P, 7, "-.8486", ".0584", ".011", ".860", "17.1"),
    ("coco", "consolidated", P, 20, "-.9353", ".0610", ".007", ".814", "16.4"),
    ("coco", "consolidated", E, 20, "-3.4512", ".2701", ".030", ".814", None),
    ("squad", "hardware-burden", P, 12, "-1.1230", ".0956", ".012", ".872", "10.5"),
    ("squad", "hardware-burden", E, 12, "-20.395", "1.3628", ".161", ".878", None),
    ("conll", "hardware-burden", P, 12, ".6333", ".0269", ".010", ".417", "37.2"),
    ("conll", "hardware-burden", E, 12, "-2.0511", ".8520", ".347", ".376", None),
    ("wmt-en-fr", "hardware-burden", P, 14, "-.2351", ".0236", ".016", ".147", "42.3"),
    ("wmt-en-fr", "hardware-burden", E, 14, ".1171", ".0806", ".058", ".138", None),
    ("wmt-en-de", "hardware-burden", P, 12, "-.1312", ".0141", ".009", ".188", "71.0"),
    ("wmt-en-de", "hardware-burden", E, 12, ".4921", ".0462", ".029", ".198", None),
]


def prints_as(value, printed):
    """Whether a number is the printed one in all its digits; two roundings on the way may differ by one in the last."""
    digits = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10**-digits * 1.1


@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join(row[:3]))
def test_every_row_of_the_published_table(row):
    benchmark, measure, law, n, a, b, error, r_squared, power = row
    line = fit_law(load(benchmark), law, measure).line
    assert line.n == n
    for value, printed in (
        (line.intercept, a),
        (line.slope, b),
        (line.standard_errors[1], error),
        (line.r_squared, r_squared),
    ):
        assert prints_as(value, printed), (value, printed)
    if power is not None:
        assert prints_as(1 / line.slope, power)


def test_conversion_of_operations_to_burden():
    line = conversion(load("imagenet"))
    assert line.n == 11 and prints_as(line.r_squared, ".851")
    assert prints_as(line.intercept, "3.1337") and prints_as(line.slope, ".8716")
    assert prints_as(line.standard_errors[0], "2.377") and prints_as(line.standard_errors[1], "0.122")


def test_consolidated_fills_66_burdens_beside_36():
    table = load("imagenet")
    burden, filled = (points(table, measure).models for measure in ("hardware-burden", "consolidated"))
    assert len(burden) == 36 and len(filled) == 36 + 66 and set(burden) <= set(filled)


def test_quantile_row():
    found = quantile_fit(points(load("imagenet"), "network-operations"))
    assert found.n == 77 and prints_as(found.pseudo_r_squared, ".579")
    assert prints_as(found.intercept, "-.6726") and prints_as(found.slope, "-.0841")
    assert prints_as(found.slope_error, ".005") and prints_as(-1 / found.slope, "11.9")
    assert found.reference_flop == pytest.approx(5.38e17)  # AlexNet's, as released


@pytest.mark.parametrize(("benchmark", "quantile"), [("imagenet", 0.1), ("imagenet", 0.5), ("squad", 0.25)])
def test_quantile_line_is_the_linear_program_s(benchmark, quantile):
    """Koenker and Bassett's program: the least sum of quantile u + (1 - quantile) v, residual = u - v."""
    found = points(load(benchmark))
    x, y = found.log10_flop, np.log10(found.error)
    n = len(x)
    design = np.column_stack([np.ones(n), x, np.eye(n), -np.eye(n)])
    cost = np.concatenate([[0, 0], np.full(n, quantile), np.full(n, 1 - quantile)])
    best = linprog(cost, A_eq=design, b_eq=y, bounds=[(None, None)] * 2 + [(0, None)] * (2 * n))
    ours = quantile_fit(found, quantile)
    residual = y - np.log10(ours.error_at(x))
    assert np.where(residual > 0, quantile, quantile - 1) @ residual == pytest.approx(best.fun, rel=1e-4)
    at_error = ours.log10_flop(0.2)
    assert ours.error_at(at_error) == pytest.approx(0.2)


def test_time_adjusted_row():
    found = time_fit(points(load("imagenet"), "network-operations"))
    assert found.n == 77 and prints_as(found.r_squared, ".831") and prints_as(found.intercept, "-.4528")
    assert prints_as(found.slope, "-.0638") and prints_as(found.per_year, "-.0250")
    assert prints_as(found.standard_errors[1], ".006") and prints_as(found.standard_errors[2], ".004")
    assert found.years_per_tenfold == pytest.approx(2.55, abs=0.005)


@pytest.mark.parametrize("benchmark", ["imagenet", "coco", "wmt-en-de"])
def test_line_is_scipys(benchmark):
    made = fit_law(load(benchmark))
    other: Any = stats.linregress(made.points.log10_flop, -np.log10(made.points.error))
    assert made.line.slope == pytest.approx(other.slope) and made.line.intercept == pytest.approx(other.intercept)
    assert made.line.standard_errors == pytest.approx((other.intercept_stderr, other.stderr))
    assert made.line.p_value == pytest.approx(other.pvalue)


def test_slopes_that_cannot_be_told_from_zero():
    assert fit_law(load("wmt-en-fr")).line.p_value == pytest.approx(0.18, abs=0.005)
    assert fit_law(load("wmt-en-de")).line.p_value == pytest.approx(0.16, abs=0.005)
    assert fit_law(load("imagenet")).line.p_value < 1e-9


def test_consistent_errors_are_whites_sandwich():
    found = points(load("imagenet"))
    x, y = np.column_stack([np.ones_like(found.log10_flop), found.log10_flop]), -np.log10(found.error)
    inverse = np.linalg.inv(x.T @ x)
    residual = y - x @ inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    for kind, weights in (("HC0", residual**2), ("HC3", (residual / (1 - leverage)) ** 2)):
        covariance = inverse @ (x.T * weights) @ x @ inverse
        assert fit_law(load("imagenet"), errors=kind).line.covariance == pytest.approx(covariance, rel=1e-6)


def test_robust_line_weighs_outliers_down_as_hubers_equation_says():
    """sum psi(r / scale) x = 0 at the estimate, psi cut at 1.345, scale the median absolute deviation / .6745."""
    made = fit_law(load("imagenet"), errors="huber")
    x, y = made.points.log10_flop, -np.log10(made.points.error)
    residual = y - made.line.at(x)
    scale = np.median(np.abs(residual)) / stats.norm.ppf(0.75)
    psi = np.clip(residual / scale, -1.345, 1.345)
    assert abs(psi.sum()) < 1e-3 and abs(psi @ x) < 2e-2
    assert (np.abs(residual / scale) > 1.345).any()


def test_frontier_holds_models_that_no_other_beats():
    every, best = points(load("imagenet")), points(load("imagenet"), frontier=True)
    for model, flop, error in zip(best.models, best.log10_flop, best.error, strict=True):
        cheaper = (every.log10_flop <= flop) & (np.array(every.models) != model)
        assert (every.error[cheaper] > error).all()
    assert "CoCa" in best.models and 3 <= len(best.models) < len(every.models)


def test_unknown_names_are_refused_with_the_nearest():
    table = load("imagenet")
    for call, says in (
        (lambda: load("imagnet"), "did you mean 'imagenet'"),
        (lambda: fit_law(table, "polinomial"), "did you mean 'polynomial'"),
        (lambda: fit_law(table, measure="hardware"), "did you mean 'hardware-burden'"),
        (lambda: fit_law(table, errors="HC4"), "did you mean 'HC"),
        (lambda: fit_law(load("squad"), measure="consolidated"), "SQuAD 1.1 has 0"),
        (lambda: fit_law(load("squad"), measure="network-operations"), "has 0 models"),
        (lambda: quantile_fit(points(table), 1.0), "above 0 and below 1"),
    ):
        with pytest.raises(InputError, match=says):
            call()
