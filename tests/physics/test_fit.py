"""Oracles: devices of known parameters, pulsed by a simulation here or by the product's device; Gaussian integrals."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

from ohmgrad import devices
from ohmgrad.devices.fit import KINDS, Chain, Measured, VerifiedWrite, fit, likelihood, preset
from ohmgrad.devices.fit.estimate import maximise, without_noise
from ohmgrad.devices.fit.models import MODELS, labels
from ohmgrad.devices.response_models import Neurosim, label_bend
from ohmgrad.errors import InputError

LOW, HIGH = 2e-6, 12e-6
SPAN = HIGH - LOW


def chain(g, pulses, device="1", cycle: str | int = "1"):
    """Readings of `pulses` potentiating, then as many depressing pulses."""
    polarity = (1,) * pulses + (-1,) * (len(g) - 1 - pulses)
    return Chain(device, str(cycle), tuple(float(value) for value in g), polarity)


def soft_bounds(rng, *, up=0.06, down=0.08, cycles=4, pulses=60, step_noise=0.3, read=0.01, devices=1, spread=None):
    """Soft-bounds devices in float64: the distance to the bound shrinks by (1 - rate)^dose, the dose scatters."""
    spread = {"step": 0.0, "imbalance": 0.0, "g_max": 0.0} | (spread or {})
    chains = []
    for device in range(devices):
        common, tilt = 1 + spread["step"] * rng.normal(), spread["imbalance"] * rng.normal()
        high = 1 + spread["g_max"] * rng.normal()
        shrink_up = np.log1p(-up) * (common + tilt) / high
        shrink_down = np.log1p(-down) * (common - tilt)
        for cycle in range(cycles):
            x = [0.0]
            for n in range(2 * pulses):
                dose = 1 + step_noise * rng.normal()
                step = -(high - x[-1]) * np.expm1(shrink_up) if n < pulses else x[-1] * np.expm1(shrink_down)
                x.append(min(max(x[-1] + step * dose, 0.0), high))
            g = LOW + SPAN * (np.array(x) + read * rng.normal(size=len(x)))
            chains.append(chain(np.maximum(g, 0), pulses, str(device), cycle))
    return Measured("soft.csv", tuple(chains))


def record_of(fields):
    """A device of these figures, ideal otherwise."""
    nothing = {"low": 0.0, "nominal": 0.0, "high": 0.0, "basis": "assumption", "source": "test"}
    return devices.Device.model_validate(
        {"title": "t", "citation": "c", "g_min_siemens": LOW, "g_max_siemens": HIGH, "read_volts": 0.2}
        | {"step_noise": nothing, "read_noise_siemens": nothing}
        | fields
    )


def pulsed(fields, seed, cycles=4, pulses=80, one_sided=False):
    """What the product's own device of a record answers, read with its own noise."""
    record = record_of(fields)
    device, keys = record.memristor(), jax.random.split(jax.random.key(seed), 3)
    ups = jnp.where(jnp.arange(pulses if one_sided else 2 * pulses) < pulses, 1.0, 0.0)

    def one(g, now):
        up, key = now
        g = device.pulse(g, jnp.full(cycles, up), jnp.full(cycles, 1 - up), key)
        return g, g

    start = jnp.full(cycles, LOW, jnp.float32)
    _, g = jax.jit(lambda: jax.lax.scan(one, start, (ups, jax.random.split(keys[0], len(ups)))))()
    g = np.concatenate([start[None], g]).astype(float).T
    g = np.abs(g + record.read_noise_siemens.nominal * np.random.default_rng(seed).normal(size=g.shape))
    return Measured("device.csv", tuple(chain(row, pulses, cycle=n) for n, row in enumerate(g)))


def inside(figure, truth):
    return figure.low <= truth <= figure.high


def coverage(sets, cycles, step_noise, read, pulses):
    """Shares of data sets whose intervals hold the truth, by parameter."""
    truths = {
        "g_min_siemens": LOW,
        "g_max_siemens": HIGH,
        "up": 0.06,
        "down": 0.08,
        "step_noise": step_noise,
        "read_noise_siemens": read * SPAN,
    }
    hits = {name: [] for name in truths}
    for seed in range(sets):
        rng = np.random.default_rng([seed, cycles])
        measured = soft_bounds(rng, cycles=cycles, step_noise=step_noise, read=read, pulses=pulses)
        record: Any = fit(measured, "soft-bounds").record()
        figures = dict(record) | dict(record.response)
        for name, truth in truths.items():
            hits[name].append(inside(figures[name], truth))
    return {name: float(np.mean(hit)) for name, hit in hits.items()}


def test_intervals_cover_the_truth():
    """Of 24 x 6 intervals of 95 %, 85 % is 5.5 standard errors below what is promised, were they independent."""
    shares = coverage(24, cycles=3, step_noise=0.3, read=0.01, pulses=50)
    assert np.mean(list(shares.values())) >= 0.85, shares


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cycles", "step_noise", "read"), [(2, 0.1, 0.003), (4, 0.3, 0.01), (8, 1.0, 0.02)], ids=["quiet", "plain", "loud"]
)
def test_intervals_cover_the_truth_at_every_noise(cycles, step_noise, read):
    """85 % of 40 is 2.9 standard errors below 95 %."""
    shares = coverage(40, cycles, step_noise, read, pulses=60)
    assert min(shares.values()) >= 0.85, shares


RESPONSES = {
    "linear-step": {"kind": "linear-step", "up": 0.03, "down": 0.035, "up_slope": 0.6, "down_slope": 0.3},
    "soft-bounds": {"kind": "soft-bounds", "up": 0.06, "down": 0.08},
    "exponential-step": {
        "kind": "exponential-step",
        "up": 0.03,
        "down": 0.03,
        "up_amplitude": 0.02,
        "down_amplitude": 0.3,
        "up_exponent": 3.9,
        "down_exponent": 4.0,
    },
    "power-step": {"kind": "power-step", "up": 0.06, "down": 0.08, "up_power": 2.2, "down_power": 1.8},
}
NOISE = {"step_noise": 0.2, "read_noise_siemens": 0.005 * SPAN}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] if "-step" in kind else []) for kind in RESPONSES]
)
def test_the_kind_that_made_the_data_is_chosen_and_found_again(kind):
    """The product's own device as generator; where others describe the data as well, the true kind is as good."""
    truth = RESPONSES[kind]
    found = fit(pulsed({"response": truth} | NOISE, seed=11, cycles=6))
    scores = {candidate.kind: candidate.bic for candidate in found.candidates}
    assert scores[kind] - min(scores.values()) < 6, scores
    assert found.response.estimate.converged
    again: Any = fit(found.measured, kind).record()
    wide = [again.g_min_siemens.high - LOW, HIGH - again.g_max_siemens.low]
    assert max(wide) < 0.25 * SPAN
    for name, value in truth.items():
        if name != "kind":
            figure = getattr(again.response, name)
            # Twice the interval: 4 standard errors, for every one of the figures at once.
            assert abs(figure.nominal - value) < 2 * (figure.high - figure.low) / 2, (name, figure, value)
    true = record_of({"response": truth} | NOISE).memristor()
    for g in LOW + SPAN * np.array([0.2, 0.4, 0.6, 0.8]):
        steps = [
            np.array(device.response.speeds(float((g - device.g_min_siemens) / device.range_siemens)))
            * device.range_siemens
            for device in (true, again.memristor())
        ]
        assert steps[1] == pytest.approx(steps[0], rel=0.2)


@pytest.mark.parametrize("kind", ["linear-step", "exponential-step", "power-step"])
def test_recovery_by_name(kind):
    """Every parameter within 4 standard errors of what the product's device was made with."""
    record: Any = fit(pulsed({"response": RESPONSES[kind]} | NOISE, seed=5), kind).record()
    for name, value in RESPONSES[kind].items():
        if name != "kind":
            figure = getattr(record.response, name)
            assert abs(figure.nominal - value) < figure.high - figure.low, (name, figure, value)
    for name, value in NOISE.items():
        figure = getattr(record, name)
        assert abs(figure.nominal - value) < max(figure.high - figure.low, 0.1 * value), (name, figure)


def test_a_table_where_no_formula_fits():
    """Steps with a hump in the middle of the range: no formula of ours has one."""
    rng, chains = np.random.default_rng(3), []
    for cycle in range(4):
        x = [0.0]
        for n in range(120):
            up = 0.012 + 0.04 * np.exp(-(((x[-1] - 0.5) / 0.15) ** 2))
            step = (up if n < 60 else -0.02) * (1 + 0.2 * rng.normal())
            x.append(min(max(x[-1] + step, 0.0), 1.0))
        chains.append(chain(np.abs(LOW + SPAN * (np.array(x) + 0.004 * rng.normal(size=121))), 60, cycle=cycle))
    found = fit(Measured("hump.csv", tuple(chains)))
    assert found.kind == "table"
    table: Any = found.record().response
    up = (np.array(table.up_siemens) - LOW) / SPAN
    for at in (0.2, 0.5, 0.8):
        step = np.interp(at, up[:-1], np.diff(up))
        assert step == pytest.approx(0.012 + 0.04 * np.exp(-(((at - 0.5) / 0.15) ** 2)), rel=0.25)
    assert -np.diff(table.down_siemens)[5:-5].mean() / SPAN == pytest.approx(0.02, rel=0.1)


def test_spread_between_devices_is_told_from_scatter_within():
    """Of 4 x 6 intervals of 95 %, 80 % is 3.4 standard errors below what is promised."""
    spread, hits = {"step": 0.2, "imbalance": 0.06, "g_max": 0.05}, []
    for seed in range(4):
        measured = soft_bounds(np.random.default_rng(seed), devices=8, cycles=2, pulses=40, spread=spread)
        record: Any = fit(measured, "soft-bounds").record()
        hits += [inside(getattr(record.spread, name), truth) for name, truth in spread.items()]
        hits += [
            inside(record.response.up, 0.06),
            inside(record.response.down, 0.08),
            inside(record.g_max_siemens, HIGH),
        ]
        assert 0.2 / 3 < record.spread.step.nominal < 0.2 * 2
        assert record.spread.g_min.nominal < 0.01
    assert np.mean(hits) >= 0.8
    alike: Any = fit(soft_bounds(np.random.default_rng(9), devices=6, cycles=2, pulses=40), "soft-bounds").record()
    assert alike.spread.step.nominal < 0.05


def four(lows, highs, ups, downs):
    """Soft-bounds devices without noise to speak of, up from their lower bound and down again."""
    chains, n = [], np.arange(61)
    for device, (low, high, up, down) in enumerate(zip(lows, highs, ups, downs, strict=True)):
        rise = high - (high - low) * (1 - up) ** n
        x = np.concatenate([rise, low + (rise[-1] - low) * (1 - down) ** n[1:]])
        noise = 1e-3 * np.random.default_rng(device).normal(size=121)
        chains.append(chain(LOW + SPAN * (x + noise), 60, str(device)))
    return Measured("four.csv", tuple(chains))


def test_spreads_of_bounds_are_in_shares_of_the_nominal_range():
    """Four devices, each between bounds of its own: deviation over mean range."""
    lows, highs = np.array([0.0, 0.1, 0.25, 0.3]), np.array([0.8, 1.0, 0.9, 0.86])
    record: Any = fit(four(lows, highs, [0.1] * 4, [0.1] * 4), "soft-bounds").record()
    for name, bounds in (("g_min", lows), ("g_max", highs)):
        expected = bounds.std(ddof=1) / (highs - lows).mean()
        figure = getattr(record.spread, name)
        assert figure.nominal == pytest.approx(expected, rel=0.02)
        # The interval of a Gaussian's deviation from four of its values.
        low, high = expected * np.sqrt(3 / stats.chi2.ppf([0.975, 0.025], 3))
        assert (figure.low, figure.high) == (pytest.approx(low, rel=0.02), pytest.approx(high, rel=0.02))


def test_spreads_of_steps_are_half_the_sum_and_half_the_difference_of_both_polarities():
    """Four devices whose rates differ, in mean rates."""
    ups, downs = np.array([0.08, 0.12, 0.1, 0.11]), np.array([0.07, 0.09, 0.11, 0.12])
    record: Any = fit(four([0] * 4, [1] * 4, ups, downs), "soft-bounds").record()
    up, down = ups / ups.mean(), downs / downs.mean()
    assert record.spread.step.nominal == pytest.approx(((up + down) / 2).std(ddof=1), rel=0.03)
    assert record.spread.imbalance.nominal == pytest.approx(((up - down) / 2).std(ddof=1), rel=0.03)


def test_a_curve_is_the_walk_that_its_parameters_make():
    """Soft bounds in closed form; scatter of steps and pulses, each shrunk by later pulses, and of the reading."""
    data = likelihood.arrange(soft_bounds(np.random.default_rng(0), cycles=2, step_noise=0.1, pulses=40))
    estimate = maximise(MODELS["soft-bounds"], data)
    step_noise, pulse_noise, read = np.exp(estimate.shared)
    rate, high, n = np.exp(estimate.per_device[0, 0]), estimate.per_device[0, 3], np.arange(41)
    mean, deviation = preset.curve(estimate, data, 0, device=0)
    distance = (high - data.z[:, 0].mean()) * (1 - rate) ** n
    assert mean[:41] == pytest.approx(high - distance, abs=1e-4)
    steps = (step_noise * rate * distance[:-1]) ** 2 + pulse_noise**2
    left = (1 - rate) ** (2 * (n[1:, None] - n[None, 1:]))
    variance = np.tril(left * steps).sum(1) + read**2 * (1 + (1 - rate) ** (2 * n[1:]))
    assert deviation[1:41] == pytest.approx(np.sqrt(variance), rel=0.01)


def test_devices_that_are_alike_tell_as_much_as_one_measured_as_often():
    """Nothing is added to an interval for a spread that is no more than the estimates are unsure of."""
    many = soft_bounds(np.random.default_rng(0), devices=12, cycles=1, pulses=40, step_noise=0.5)
    cycles = tuple(dataclasses.replace(each, device="1", cycle=each.device) for each in many.chains)
    wide: list[Any] = []
    for measured in (many, dataclasses.replace(many, chains=cycles)):
        record: Any = fit(measured, "soft-bounds").record()
        figures = record.response.up, record.response.down, record.g_max_siemens
        wide.append([np.log(figure.high / figure.low) for figure in figures])
    assert wide[0] == pytest.approx(wide[1], rel=0.1)


def test_the_last_reading_of_a_rising_curve_is_the_highest_that_the_device_reached():
    """Ten equal steps, nothing else: the tenth counts as the others do."""
    rng = np.random.default_rng(0)
    chains = [chain(LOW + SPAN * (np.arange(11) / 10 + 1e-3 * rng.normal(size=11)), 10, cycle=n) for n in range(4)]
    record: Any = fit(Measured("rise.csv", tuple(chains)), "linear-step").record()
    assert record.g_max_siemens.nominal == pytest.approx(HIGH, abs=0.01 * SPAN)
    assert record.response.up.nominal == pytest.approx(0.1, rel=0.02)
    assert record.step_noise.nominal < 0.05


@pytest.mark.parametrize(
    ("fall", "says"),
    [(np.linspace(0.9, 0.5, 5), "5 depressing pulses"), (np.linspace(1.02, 1.5, 20), "do not lower")],
    ids=["too few", "the wrong way"],
)
def test_depressing_pulses_must_be_enough_and_depress(fall, says):
    """After 20 potentiating pulses, which alone would do."""
    g = LOW + SPAN * np.concatenate([np.linspace(0, 1, 21), fall])
    with pytest.raises(InputError, match=says):
        fit(Measured("m.csv", (chain(g, 20),)), "soft-bounds")


def test_the_likelihood_is_not_higher_without_read_noise():
    """A device held at its bounds and read exactly: what is left is a case of the whole model, not one reading more."""
    rng, x = np.random.default_rng(1), [0.0]
    for n in range(60):
        x.append(float(np.clip(x[-1] + (0.08 if n < 30 else -0.08) * (1 + 0.3 * rng.normal()), 0, 1)))
    data = likelihood.arrange(Measured("held.csv", (chain(LOW + SPAN * np.array(x), 30),)))
    whole = maximise(MODELS["linear-step"], data)
    assert whole.log_likelihood - 3 < without_noise(whole, "read_noise", data).log_likelihood < whole.log_likelihood + 3


def test_potentiation_alone_makes_a_one_sided_device():
    measured = pulsed({"response": RESPONSES["soft-bounds"]} | NOISE, seed=2, one_sided=True)
    record: Any = fit(measured, "soft-bounds").record()
    assert record.one_sided and record.response.down.nominal == 0
    assert abs(record.response.up.nominal - 0.06) < record.response.up.high - record.response.up.low


@pytest.mark.parametrize("kind", ["neurosim", "table"])
def test_a_preset_file_answers_pulses_as_the_data_did(kind, tmp_path):
    found = fit(pulsed({"response": RESPONSES["linear-step"]} | NOISE, seed=4, pulses=25), kind)
    path = tmp_path / "mine.yaml"
    path.write_text(found.yaml())
    assert path.read_text().startswith("title:")  # as people write them, not by the alphabet
    assert devices.load(str(path)) == found.record()
    device = devices.preset(str(path))
    g_up, g_down = jnp.array(LOW), jnp.array(device.g_max_siemens)
    one, none = jnp.array(1.0), jnp.array(0.0)
    for _ in range(10):
        g_up, g_down = (
            device.g_min_siemens
            + device.range_siemens * device.response.after((g - device.g_min_siemens) / device.range_siemens, *pulses)
            for g, pulses in ((g_up, (one, none)), (g_down, (none, one)))
        )
    # Ten linear steps from an end, in closed form: x = (1 - (1 - step slope)^10) / slope.
    assert float(g_up) == pytest.approx(LOW + SPAN * (1 - (1 - 0.03 * 0.6) ** 10) / 0.6, abs=0.02 * SPAN)
    start = (device.g_max_siemens - LOW) / SPAN
    first = 0.035 * (1 - 0.3 * (1 - start))
    fallen = first * (1 - (1 - 0.035 * 0.3) ** 10) / (0.035 * 0.3)
    assert float(g_down) == pytest.approx(device.g_max_siemens - SPAN * fallen, abs=0.025 * SPAN)


@pytest.mark.parametrize("label", [-6.0, -0.5, 0.5, 2.4, 6.0])
def test_labels_say_what_neurosim_says(label):
    """A curve made of a label and a number of pulses is read back as the same two."""
    response = Neurosim(80.0, 80.0, label, 0.0).response()
    assert isinstance(response.up, float) and isinstance(response.up_slope, float)
    step = -np.expm1(-response.up * response.up_slope) / response.up_slope
    found = labels(float(step), response.up_slope)
    assert found["label"] == pytest.approx(label, rel=1e-4)
    assert found["pulses"] == pytest.approx(80, rel=1e-6)
    assert np.sign(label_bend(label)) == np.sign(label)


def test_the_likelihood_is_that_of_a_walk_that_forgets():
    """Soft bounds, Gaussian scatter of pulses and reads: readings are jointly normal, each later one on all before."""
    rise, fall, pulse, read, low, high = 0.2, 0.15, 0.01, 0.02, -1.0, 2.0
    z = np.array([0.0, 0.55, 0.8, 1.0, 0.62, 0.5, 0.3])
    polarity = np.array([1, 1, 1, -1, -1, -1])
    keeps, bounds = np.where(polarity > 0, 1 - rise, 1 - fall), np.where(polarity > 0, high, low)
    mean, walked, means, history = z[0], np.array([[read]]), [], []
    for keep, bound in zip(keeps, bounds, strict=True):
        mean = bound + keep * (mean - bound)
        # What each source (the first reading's error, then every pulse) still has in the conductance.
        walked = np.append(keep * walked, [[pulse]], 1)
        means.append(mean)
        history.append(np.pad(walked[0], (0, len(keeps) + 1 - walked.shape[1])))
    covariance = np.array(history) @ np.array(history).T + read**2 * np.eye(len(keeps))
    data = likelihood.Data(z[None], polarity[None], np.array([len(polarity)]), np.array([0]), 0.0, 1.0)
    point = np.array([-30.0, np.log(pulse), np.log(read), np.log(rise), np.log(fall), low, high])[:, None]
    value = likelihood.score(MODELS["soft-bounds"], point, data).value
    expected = stats.multivariate_normal.logpdf(z[1:], means, covariance)  # pyright: ignore[reportArgumentType]
    assert value == pytest.approx(expected, rel=1e-9)


def test_what_reaches_a_bound_piles_up_there():
    """Mean and variance of a Gaussian cut at both ends, what lies beyond put on the ends, by quadrature."""
    low, high, deviation = 0.1, 0.9, 0.15
    means = np.array([-0.3, 0.05, 0.2, 0.5, 0.85, 1.1])
    held, variance, inside = likelihood._clipped_moments(
        means, np.full(6, deviation**2), np.full(6, low), np.full(6, high)
    )
    for n, mean in enumerate(means):
        tails = (low, stats.norm.cdf(low, mean, deviation)), (high, stats.norm.sf(high, mean, deviation))
        first, second = (
            quad(lambda x, p=p, m=mean: x**p * stats.norm.pdf(x, m, deviation), low, high)[0]
            + sum(end**p * share for end, share in tails)
            for p in (1, 2)
        )
        assert held[n] == pytest.approx(first, rel=1e-7)
        assert variance[n] == pytest.approx(second - first**2, rel=1e-6)
    assert inside == pytest.approx(stats.norm.cdf(high, means, deviation) - stats.norm.cdf(low, means, deviation))
    far = np.linspace(1.5, 12, 200)  # nearly nothing is left of the scatter, but never less than nothing
    held, variance, _ = likelihood._clipped_moments(
        far, np.full(200, deviation**2), np.full(200, low), np.full(200, high)
    )
    assert held == pytest.approx(np.full(200, high), abs=1e-4) and (variance > 0).all()


def test_a_table_of_steps_is_straight_between_its_points_and_level_beyond():
    """On a scale of logarithms, as numpy's interpolation has it."""
    logs = np.array([0.0, 0.4, -0.3, 0.2, 1.0, 0.1, -0.6, -1.2])
    z = np.array([-0.3, -0.02, 0.0, 0.1, 0.5, 0.93, 1.0, 1.02, 1.4])
    found = MODELS["table"].step(z, np.array(0.03), np.array(0.0), np.array(1.0), list(logs[1:]))
    assert found == pytest.approx(0.03 * np.exp(np.interp(z, np.linspace(0, 1, 8), logs)), rel=1e-12)


def test_a_table_ends_where_a_step_is_a_ten_thousandth_of_the_range():
    """Every step that of its place; steps of 0.05 that vanish from 4/7 of the range on."""
    logs, range_ = np.array([0, 0, 0, 0, 0, -8, -8, -8.0]), 1.1
    curve = np.array(list(MODELS["table"].record(0.05, -0.1, range_ - 0.1, list(logs[1:])).values()))
    steps = 0.05 * np.exp(np.interp(curve, np.linspace(0, 1, 8), logs))
    assert curve[0] == -0.1 and len(curve) < 1000
    assert np.diff(curve) == pytest.approx(steps[:-1], rel=1e-9)
    assert steps[-1] < 1e-4 * range_ < steps[-2]


def spoilt(measured, places):
    """The data with readings of its first chain put otherwise: {place: siemens}."""
    first, *rest = measured.chains
    g = tuple(places.get(place, value) for place, value in enumerate(first.g_siemens))
    return dataclasses.replace(measured, chains=(dataclasses.replace(first, g_siemens=g), *rest))


@pytest.fixture(scope="module")
def clean_and_truth():
    """Data without a fault, and what they are fitted to."""
    clean = soft_bounds(np.random.default_rng(7), cycles=3)
    return clean, fit(clean, "soft-bounds").record()


def test_noises_that_the_data_do_without_are_left_out(clean_and_truth):
    """Steps that scatter in proportion to their size and reads that scatter: no scatter of pulses beside them."""
    _, record = clean_and_truth
    assert record.pulse_noise_siemens.nominal == 0
    assert inside(record.step_noise, 0.3) and inside(record.read_noise_siemens, 0.01 * SPAN)


@pytest.mark.parametrize(
    "places",
    [
        {30: 400e-6},
        {30: 0.0},
        {119: 400e-6},
        {0: 400e-6},
        {60: 200e-6, 61: 210e-6},
        {12: 11e-6},
        {30: 1e-3, 90: 2e-3},
        {30: 400e-6, 90: 5.5e-6},
        dict.fromkeys(range(5, 120, 8), 400e-6),
    ],
    ids=[
        "far",
        "zero",
        "last",
        "first",
        "two in a row",
        "inside the range",
        "two",
        "a far one hides a near one",
        "one of 24",
    ],
)
def test_wrong_readings_are_named_and_change_the_noises_little(places, clean_and_truth):
    """Against the same data without the fault; one of them took step_noise from 0.30 to 1.7 before."""
    clean, truth = clean_and_truth
    found = fit(spoilt(clean, places), "soft-bounds")
    assert sorted((each.pulse, each.siemens) for each in found.response.outliers) == sorted(places.items())
    assert {each.kind for each in found.response.outliers} == {"reading"}
    record: Any = found.record()
    assert record.step_noise.nominal == pytest.approx(truth.step_noise.nominal, rel=0.03)
    assert record.read_noise_siemens.nominal == pytest.approx(truth.read_noise_siemens.nominal, rel=0.03)
    assert record.response.up.nominal == pytest.approx(truth.response.up.nominal, rel=0.02)


@pytest.mark.parametrize("last", [400e-6, 0.0])
def test_a_last_reading_beyond_all_others_is_named_in_few_data(last):
    """Of twelve readings none is sqrt(12) deviations from their mean, so that noise could explain any."""
    g = 20e-6 + 2e-6 * (1 - 0.85 ** np.arange(13)) + 1e-8 * np.random.default_rng(0).normal(size=13)
    g[-1] = last
    found = fit(Measured("few.csv", (chain(g, 12),)), "soft-bounds")
    assert [(each.kind, each.pulse, each.siemens) for each in found.response.outliers] == [("reading", 12, last)]


def test_a_jump_that_stays_is_no_noise_of_steps():
    """One pulse of 480 takes a device across half its range: its step is left out, the readings after it are not."""
    clean = soft_bounds(np.random.default_rng(8), cycles=4)
    g = np.array(clean.chains[0].g_siemens)
    x = (g[90] - LOW) / SPAN
    g[90:] += 0.5 * SPAN * np.exp(-0.08 * np.arange(len(g) - 90))  # it decays on as soft bounds do
    found = fit(spoilt(clean, dict(enumerate(g))), "soft-bounds")
    (outlier,) = found.response.outliers
    assert (outlier.kind, outlier.pulse) == ("jump", 90) and x < 0.2
    assert sum(len(chain.g_siemens) for chain in found.measured.chains) == 4 * 121
    record: Any = found.record()
    truth: Any = fit(clean, "soft-bounds").record()
    assert record.step_noise.nominal == pytest.approx(truth.step_noise.nominal, rel=0.05)


def test_gaussian_noise_loses_no_reading():
    """A thousandth of data sets may lose one."""
    for seed in range(3):
        assert fit(soft_bounds(np.random.default_rng(seed), cycles=2, step_noise=0.5), "soft-bounds").outliers == ()


def test_noise_with_heavy_tails_is_kept():
    """What many readings do is no outlier: one in ten is off by five times the noise of the others."""
    clean, rng = soft_bounds(np.random.default_rng(9), cycles=4, step_noise=0.0), np.random.default_rng(9)
    chains = []
    for each in clean.chains:
        off = 0.05 * SPAN * rng.choice([0, 1, -1], len(each.g_siemens), p=[0.9, 0.05, 0.05])
        chains.append(dataclasses.replace(each, g_siemens=tuple(np.abs(np.array(each.g_siemens) + off).tolist())))
    assert fit(Measured("heavy.csv", tuple(chains)), "soft-bounds").outliers == ()


def nasty(rng):
    """Data that no one would show: few pulses, steps of every size and sign, noise above the range, quanta, spikes."""
    pulses, one_sided = int(rng.integers(9, 25)), rng.random() < 0.2
    up, down = 10 ** rng.uniform(-3, 0, 2)
    span, noise, scatter = 10 ** rng.uniform(-9, -2), rng.choice([0, 0.01, 0.3, 3]), rng.choice([0, 0.3, 5])
    offset, quantum, curve = span * rng.choice([0, 0.01, 100]), rng.choice([0, 0.05]), rng.integers(5)
    chains = []
    for device in range(int(rng.integers(1, 4))):
        x = [0.0]
        for n in range(pulses if one_sided else 2 * pulses):
            rising, at = n < pulses, float(np.clip(x[-1], -2, 3))
            step = {
                0: up * (1 - at) if rising else -down * at,
                1: up if rising else -down,
                2: up * np.exp(-5 * at) if rising else -down * np.exp(5 * at - 5),
                3: (up if n == 0 else 0) if rising else (-down if n == pulses else 0),
                4: up * rng.choice([-1, 1]),
            }[int(curve)]
            x.append(x[-1] + step * (1 + scatter * rng.normal()))
        g = offset + span * (np.array(x) + noise * rng.normal(size=len(x)))
        if quantum:
            g = span * quantum * np.round(g / (span * quantum))
        if rng.random() < 0.2:
            g[rng.integers(len(g))] *= rng.choice([0, 10, 1000])
        chains.append(chain(np.clip(g, 0, 1), pulses, str(device)))
    return Measured("nasty.csv", tuple(chains))


@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 300), marks=pytest.mark.slow)], ids=["some", "many"])
def test_any_data_make_a_preset_or_one_sentence(seeds):
    made = 0
    for seed in seeds:
        measured = nasty(np.random.default_rng(seed))
        try:
            record: Any = fit(measured, ("auto", *KINDS)[seed % 7]).record()
        except InputError as error:
            assert "\n" not in str(error) and len(str(error)) < 300
            continue
        made += 1
        assert record.memristor().range_siemens > 0
        for name in ("up", "up_pulses"):
            if figure := getattr(record.response, name, None):
                assert 0 < figure.low <= figure.nominal <= figure.high
    assert made > len(seeds) / 4


def test_intervals_of_positive_figures_are_symmetric_on_a_scale_of_logarithms():
    """An interval of 3 +- 1.2 nominals, which reached below zero, is nominal times exp(-1.2) to exp(1.2)."""
    figure = preset._figure(2e-6, 2.4e-6, "test")
    assert figure["low"] == pytest.approx(2e-6 * np.exp(-1.2)) and figure["high"] == pytest.approx(2e-6 * np.exp(1.2))
    assert preset._figure(0.0, 0.0, "test")["low"] == 0
    assert preset._figure(-1.0, 3.0, "test", "linear")["low"] == -4


WRITE_ERRORS = [(0.5e-6,), (0.2e-6, 0.02), (0.3e-6, 0.1, -1500.0)]


def verified(rng, coefficients, each=10):
    """Writes to 20 targets that land with a deviation of this polynomial."""
    target = np.repeat(np.linspace(2e-6, 40e-6, 20), each)
    landed = target + 0.1e-6 + np.polyval(coefficients[::-1], target) * rng.normal(size=target.size)
    return tuple(VerifiedWrite(float(aim), float(abs(g))) for aim, g in zip(target, landed, strict=True))


@pytest.mark.parametrize("coefficients", WRITE_ERRORS, ids=["constant", "linear", "bent"])
def test_write_errors_are_found_again(coefficients):
    """Of 60 data sets: the deviation within its closed-form error; 95 % intervals hold at least 85 % of the truths."""
    targets, ratios, hits = np.linspace(2e-6, 40e-6, 20), [], []
    truth = np.polyval(coefficients[::-1], targets)
    for seed in range(60):
        found = fit(
            Measured("w.csv", verified_writes=verified(np.random.default_rng(seed), coefficients, each=20))
        ).writes
        assert found is not None
        ratios.append(found.deviation(targets) / truth)
        if len(found.coefficients) == len(coefficients):
            hits.append(
                [abs(a - b) < half for a, b, half in zip(found.coefficients, coefficients, found.half, strict=True)]
            )
    # A deviation estimated from n writes scatters by 1 / sqrt(2 n); per coefficient as if each had n / count of them.
    error = np.sqrt(len(coefficients) / (2 * 400))
    assert np.mean(ratios) == pytest.approx(1, abs=4 * error / np.sqrt(60) + 0.01)
    assert np.sqrt(np.mean(np.square(np.array(ratios) - 1))) < 2 * error
    assert len(hits) > 20 and np.mean(hits) > 0.85


def test_writes_to_one_target():
    """The sample's deviation, and its interval by the normal approximation: half of 1.96 / sqrt(2 n), relative."""
    g = 20e-6 + 1e-6 * np.random.default_rng(0).normal(size=50)
    record = fit(Measured("w.csv", verified_writes=tuple(VerifiedWrite(20e-6, float(value)) for value in g))).record()
    figure = record.write_error_siemens
    assert figure.nominal == pytest.approx(g.std(ddof=1), rel=1e-4)
    assert np.log(figure.high / figure.nominal) == pytest.approx(1.96 / np.sqrt(100), rel=1e-3)
    assert f"{1e6 * (g.mean() - 20e-6):+.3g} µS off" in figure.source


def test_writes_that_land_in_whole_quanta():
    """Most right on target, so that the middle deviation is 0; the sample's own is not."""
    g = 20e-6 + 0.4e-6 * np.repeat([-1, 0, 1, 2], [8, 30, 10, 2])
    record = fit(Measured("w.csv", verified_writes=tuple(VerifiedWrite(20e-6, float(value)) for value in g))).record()
    assert record.write_error_siemens.nominal == pytest.approx(g.std(ddof=1), rel=1e-4)


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_one_data_set_of_a_thousand_loses_a_write(share):
    """Just below and just above where one of n Gaussian writes, on either side, lies with a chance of 1/1000."""
    others = stats.norm.ppf((np.arange(49) + 0.5) / 49)
    far = stats.norm.isf(1e-3 / 50 / 2)

    def writes(last):
        return np.append(others, last)

    last = brentq(lambda last: abs(float(stats.zscore(writes(last), ddof=1)[-1])) - share * far, 0, 50)
    found = fit(
        Measured("w.csv", verified_writes=tuple(VerifiedWrite(20e-6, 20e-6 + 1e-6 * float(z)) for z in writes(last)))
    )
    assert len(found.outliers) == (share > 1)


def test_a_stray_write_is_named():
    landed = verified(np.random.default_rng(3), (0.5e-6,))
    stray = VerifiedWrite(20e-6, 35e-6, "w.csv", 7)
    found, without = (fit(Measured("w.csv", verified_writes=writes)) for writes in ((*landed, stray), landed))
    assert found.outliers == (stray,) and "row 7: write to 20 µS landed at 35 µS" in str(stray)
    assert found.record().write_error_siemens.nominal == without.record().write_error_siemens.nominal


def test_one_write_of_fifty_may_be_stray():
    """Four of 200 writes, apart from all others and from each other; two are named in any data."""
    strays = tuple(VerifiedWrite(20e-6, g) for g in (35e-6, 45e-6, 4e-6, 55e-6))
    found = fit(
        Measured("w.csv", verified_writes=(*verified(np.random.default_rng(3), (0.5e-6,))[:196], *strays))
    ).writes
    assert found is not None and set(found.outliers) == set(strays)


def test_coefficients_of_the_write_error_reach_the_device(tmp_path):
    path = tmp_path / "mine.yaml"
    found = fit(Measured("w.csv", verified_writes=verified(np.random.default_rng(0), WRITE_ERRORS[1], each=50)))
    path.write_text(found.yaml())
    device, writes = devices.preset(str(path)), found.writes
    assert writes is not None and device.write_error == writes.coefficients
    at = jnp.array([5e-6, 30e-6])
    assert np.asarray(device.write_deviation(at)) == pytest.approx(0.2e-6 + 0.02 * np.asarray(at), rel=0.1)
    assert devices.load(str(path)).write_error[1].low < 0.02 < devices.load(str(path)).write_error[1].high
