"""Oracle: closed forms; right-hand sides written again and solved by scipy in float64; published curves."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import cumulative_trapezoid, quad, solve_ivp

from ohmgrad.devices.compact import (
    LinearIonDrift,
    Pulse,
    StanfordPku,
    Vteam,
    Window,
    Yakopcic,
    drive,
    hysteresis,
    pulse_map,
    pulse_train,
    sine,
    triangle,
)
from ohmgrad.devices.compact.model import require
from ohmgrad.errors import InputError

NO_HEAT = StanfordPku(thermal_kelvin_per_watt=0.0)
LOOPS = {
    "drift": (LinearIonDrift(), 1.0, 0.5, 0.1),
    "vteam": (Vteam(k_on_metres_per_second=-5e-3), 1.0, 5e6, 0.5),
    "yakopcic": (Yakopcic(), 0.45, 100.0, 0.11),
    "stanford": (StanfordPku(), 1.5, 1e6, 0.0),
}
"""A model, volts, hertz and state at which its loop is open."""
each_loop = pytest.mark.parametrize("name", LOOPS)


# the models again, in float64: states 0..1 as ours


def drift_rate(x, v, f=lambda x: 1.0):
    return 1e-14 * 100 / (10e-9) ** 2 * v / (100 * x + 16e3 * (1 - x)) * f(x)


def vteam_rate(s, v):
    dx = 5e-4 * (v / 0.02 - 1) if v > 0.02 else -5e-3 * (v / -0.2 - 1) ** 3 if v < -0.2 else 0.0
    return -dx / 3e-9


def yakopcic_rate(x, v):
    if v > 0.16:
        speed = 4000 * (np.exp(v) - np.exp(0.16))
        return speed * (np.exp(-(x - 0.3)) * ((0.3 - x) / 0.7 + 1) if x >= 0.3 else 1.0)
    if v < -0.15:
        speed = -4000 * (np.exp(-v) - np.exp(0.15))
        return speed * (np.exp(5 * (x - 0.5)) * x / 0.5 if x <= 0.5 else 1.0)
    return 0.0


def stanford_current(gap, v):
    return 1e-3 * np.exp(-gap / 0.25e-9) * np.sinh(v / 0.25)


def stanford_gap_rate(gap, v, heat=2.1e3):
    kt_q = 8.617333e-5 * (298 + abs(v * stanford_current(gap, v)) * heat)
    gamma = 16 - 0.8 * (gap * 1e9) ** 3
    if gamma * abs(v) / 12e-9 < 1.4e9:
        return 0.0
    return -10 * np.exp(-0.6 / kt_q) * np.sinh(gamma * 0.25 / 12 * v / kt_q)


def stopped(rate):
    """The rate of a state that cannot leave [0, 1]."""
    return lambda x, v: (
        0.0 if (x <= 0 and rate(0.0, v) < 0) or (x >= 1 and rate(1.0, v) > 0) else rate(min(max(x, 0), 1), v)
    )


def scipy_state(rate, volts, t, x0):
    """The state at the sample times, sample interval by sample interval, in units of the intervals."""
    states = [x0]
    for v0, v1, dt in zip(volts, volts[1:], np.diff(t), strict=False):
        solution = solve_ivp(
            lambda s, y, v0=v0, v1=v1, dt=dt: [dt * rate(y[0], v0 + s * (v1 - v0))],
            (0, 1), [states[-1]], rtol=1e-9, atol=1e-11,
        )  # fmt: skip
        states.append(float(np.clip(solution.y[0, -1], 0, 1)))
    return np.array(states)


def hold(model, volts, seconds, state0):
    """A constant voltage, seen at 12 times."""
    return drive(model, np.full(12, volts), np.linspace(0, seconds, 12), state0)


# linear ion drift


def flux_position(volts, t, x0):
    """R_off (x - x0) - (R_off - R_on) (x^2 - x0^2) / 2 = k flux, solved for x: the integral of v = M(x) i."""
    k, delta = 1e-14 * 100 / (10e-9) ** 2, 16e3 - 100
    flux = cumulative_trapezoid(volts, t, initial=0)
    return (16e3 - np.sqrt(16e3**2 - 2 * delta * (k * flux + 16e3 * x0 - delta * x0**2 / 2))) / delta


@pytest.mark.parametrize("wave", [sine, triangle])
def test_drift_without_a_window_has_the_memristance_of_its_flux(wave):
    t = np.linspace(0, 4, 801)
    volts = wave(1.0, 0.5, t)
    trace = drive(LinearIonDrift(), volts, t, 0.1)
    expected = flux_position(volts, t, 0.1)
    assert np.ptp(expected) > 0.4
    np.testing.assert_allclose(trace.state, expected, rtol=2e-5)
    np.testing.assert_allclose(trace.amperes, volts / (100 * expected + 16e3 * (1 - expected)), rtol=1e-4, atol=1e-12)


def test_drift_is_a_memristor_of_charge():
    """Strukov 2008, equation 7 without mu R_on / D^2 << 1: M(q) is linear in the charge that has passed."""
    trace = hysteresis(LinearIonDrift(), 1.0, 0.5, state0=0.1)
    q = cumulative_trapezoid(trace.amperes, trace.t_seconds, initial=0)
    k = 1e-14 * 100 / (10e-9) ** 2
    memristance = 16e3 - (16e3 - 100) * (0.1 + k * q)
    assert memristance.min() < 0.2 * memristance.max()
    np.testing.assert_allclose(trace.volts, memristance * trace.amperes, rtol=1e-3, atol=1e-6)


def test_drift_does_what_the_caption_of_strukovs_figure_2_says():
    """R_on = 100 ohm, D = 10 nm: the bias never drives w/D to 0 or 1; loops collapse at ten times the frequency."""
    device = LinearIonDrift()
    assert device.length_metres**2 / device.mobility_m2_per_volt_second == pytest.approx(10e-3)  # t0 at v0 = 1 V
    slow, fast = (hysteresis(device, 1.0, hertz, state0=0.1) for hertz in (0.5, 5.0))
    assert 0.05 < slow.state.min() < 0.15 < 0.8 < slow.state.max() < 0.95
    assert lobe(fast) < 0.1 * lobe(slow)
    charge = cumulative_trapezoid(slow.amperes, slow.t_seconds, initial=0)
    flux = cumulative_trapezoid(slow.volts, slow.t_seconds, initial=0)
    order = np.argsort(flux)
    assert np.abs(np.diff(charge[order])).max() < 0.02 * np.ptp(charge), "charge is no single-valued function of flux"


def test_hard_ends_stop_the_boundary_and_let_it_return():
    t = np.linspace(0, 4, 801)
    trace = drive(LinearIonDrift(), 3 * np.where(t < 2, 1.0, -1.0), t, 0.1)
    assert trace.state[399] == 1.0
    assert trace.state[-1] == 0.0
    assert ((trace.state >= 0) & (trace.state <= 1)).all()


@pytest.mark.parametrize(("end", "volts"), [(1.0, 1.0), (0.0, -1.0)])
def test_a_boundary_that_waits_at_its_end_returns_as_the_voltage_turns(end, volts):
    """Within one interval from V to -V: only the flux after the turn moves it, back from the end."""
    trace = drive(LinearIonDrift(), [volts, -volts], [0.0, 2.0], abs(end - 0.05))
    since = np.linspace(0, 1, 201)
    assert trace.state[-1] == pytest.approx(flux_position(-volts * since, since, end)[-1], rel=1e-3)


WINDOWS = {
    "strukov": (Window("strukov"), lambda x, rising: x * (1 - x)),
    "joglekar": (Window("joglekar", p=2), lambda x, rising: 1 - (2 * x - 1) ** 4),
    "biolek": (Window("biolek", p=2), lambda x, rising: 1 - (x if rising else 1 - x) ** 4),
    "prodromakis": (Window("prodromakis", p=3, j=2.0), lambda x, rising: 2 * (1 - ((x - 0.5) ** 2 + 0.75) ** 3)),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("volts", [0.7, -0.7])
def test_windowed_drift_obeys_its_separated_equation(name, volts):
    """The integral of M(x) / f(x) dx from x0 to x is k V t."""
    window, f = WINDOWS[name]
    trace = hold(LinearIonDrift(window=window), volts, 0.4, 0.4)
    k = 1e-14 * 100 / (10e-9) ** 2
    assert abs(trace.state[-1] - 0.4) > 0.05
    for x, seconds in zip(trace.state[1::2], trace.t_seconds[1::2], strict=True):
        area, _ = quad(lambda x: (100 * x + 16e3 * (1 - x)) / f(x, volts > 0), 0.4, float(x))
        assert area == pytest.approx(k * volts * seconds, rel=1e-3)


@pytest.mark.parametrize(("name", "locks"), [("strukov", 1), ("joglekar", 1), ("prodromakis", 1), ("biolek", 0)])
def test_windows_that_are_zero_at_the_ends_hold_the_state_there(name, locks):
    window, _ = WINDOWS[name]
    for end, volts in ((0.0, 1.0), (1.0, -1.0)):
        trace = hold(LinearIonDrift(window=window), volts, 1.0, end)
        assert (trace.state[-1] == end) == bool(locks)


# VTEAM


@pytest.mark.parametrize(
    ("volts", "slope"), [(0.1, -5e-4 * 4 / 3e-9), (1.0, -5e-4 * 49 / 3e-9), (-0.3, 10 * 0.5**3 / 3e-9)]
)
def test_vteam_moves_linearly_in_time_above_its_thresholds(volts, slope):
    """Constant voltage, flat window: dx/dt = k (v / v_th - 1)^alpha, so x = x0 + that times t."""
    x0 = 0.8 if slope < 0 else 0.2
    trace = hold(Vteam(), volts, 0.5 / abs(slope), x0)
    np.testing.assert_allclose(trace.state - x0, slope * trace.t_seconds, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("volts", [0.02, 0.019, -0.199, -0.2])
def test_vteam_does_not_move_up_to_its_thresholds(volts):
    assert hold(Vteam(), volts, 1e6, 0.4).state[-1] == np.float32(0.4)


def test_vteam_slows_by_a_window_in_its_direction_of_motion():
    """Biolek's, p = 1, away from the on state: with y = 1 - x, dy/dt = r (1 - y^2), so y = tanh(r t)."""
    speed = 5e-4 * 4 / 3e-9
    trace = hold(Vteam(window=Window("biolek")), 0.1, 2 / speed, 1.0)
    np.testing.assert_allclose(1 - trace.state, np.tanh(speed * trace.t_seconds), rtol=1e-3)


def test_vteam_resistance_is_linear_or_exponential_in_position():
    states = jnp.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(1 / Vteam().conductance(states, 0.1), [1000, 525, 50], rtol=1e-5)
    np.testing.assert_allclose(
        1 / Vteam(iv="exponential").conductance(states, 0.1), [1000, np.sqrt(50e3), 50], rtol=1e-5
    )


# Yakopcic


def test_yakopcic_conducts_as_a_sinh_with_an_amplitude_for_each_sign():
    volts = np.array([-3.0, -0.4, 0.2, 3.0])
    device = Yakopcic(a1_amperes=3.7e-7, a2_amperes=4.35e-7, b_per_volt=0.7)
    expected = np.where(volts > 0, 3.7e-7, 4.35e-7) * 0.3 * np.sinh(0.7 * volts)
    np.testing.assert_allclose(device.current(jnp.full(4, 0.3), jnp.asarray(volts)), expected, rtol=1e-5)


def test_yakopcic_begins_as_its_published_listing():
    """Silver chalcogenide, wholly on: 0.17 sinh(0.05 V) A of either sign."""
    volts = jnp.array([-0.45, 0.45])
    np.testing.assert_allclose(Yakopcic().current(jnp.ones(2), volts), 0.17 * np.sinh(0.05 * volts), rtol=1e-5)


def test_yakopcic_moves_only_beyond_its_thresholds_and_linearly_before_x_p():
    for volts in (0.16, -0.15, 0.0):
        assert hold(Yakopcic(), volts, 1e3, 0.2).state[-1] == np.float32(0.2)
    speed = 4000 * (np.exp(0.3) - np.exp(0.16))
    trace = hold(Yakopcic(), 0.3, 0.19 / speed, 0.1)
    np.testing.assert_allclose(trace.state, 0.1 + speed * trace.t_seconds, rtol=1e-4)


@pytest.mark.parametrize("eta", [1, -1])
@pytest.mark.parametrize("volts", [0.4, -0.4])
def test_yakopcic_slows_exponentially_past_its_knees_and_eta_turns_it_round(eta, volts):
    """Integral of dx / f over the way gone = speed times time; written for the direction of motion."""
    device = Yakopcic(eta=eta)
    speed = 4000 * (np.exp(0.4) - np.exp(0.16 if volts > 0 else 0.15))
    rises = eta * volts > 0
    trace = hold(device, volts, 1.0 / speed, 0.5)
    assert (trace.state[-1] > 0.6) if rises else (trace.state[-1] < 0.4)
    for x, seconds in zip(trace.state[1::2], trace.t_seconds[1::2], strict=True):
        if rises:
            way, _ = quad(lambda x: np.exp(x - 0.3) / (1 - (x - 0.3) / 0.7), 0.5, float(x))
        else:
            way, _ = quad(lambda x: np.exp(-5 * (x - 0.5)) / (x / 0.5), float(x), 0.5)
        assert way == pytest.approx(speed * seconds, rel=1e-3)


def test_energy_of_a_tiny_current_is_as_exact():
    """Below threshold one interval from 0 to V: the integral of a x V s sinh(b V s) over s from 0 to 1, times time."""
    device = Yakopcic(a1_amperes=1e-18, b_per_volt=120.0)
    trace = drive(device, [0.0, 0.15], [0.0, 3.0], 0.4)
    end = 120 * 0.15
    expected = 3 * 1e-18 * 0.4 * 0.15 * (end * np.cosh(end) - np.sinh(end)) / end**2
    assert trace.energy_joules[-1] == pytest.approx(expected, rel=1e-4)


# Stanford-PKU


def gap(trace):
    return 1.7e-9 - np.asarray(trace.state, float) * 1.5e-9


def test_stanford_current_falls_exponentially_with_the_gap():
    states, volts = np.array([0.0, 0.3, 1.0]), np.array([1.2, -0.7, 0.05])
    ours = StanfordPku().current(jnp.asarray(states), jnp.asarray(volts))
    np.testing.assert_allclose(ours, stanford_current(1.7e-9 - 1.5e-9 * states, volts), rtol=1e-5)


@pytest.mark.parametrize("heat", [2.1e3, 0.0])
@pytest.mark.parametrize(("volts", "state0", "seconds"), [(-1.3, 1.0, 20e-9), (-1.25, 0.8, 100e-9), (1.6, 0.2, 8e-9)])
def test_stanford_gap_moves_as_an_independent_solver_says(volts, state0, seconds, heat):
    trace = hold(StanfordPku(thermal_kelvin_per_watt=heat), volts, seconds, state0)
    oracle = solve_ivp(
        lambda t, g: [stanford_gap_rate(min(max(g[0], 0.2e-9), 1.7e-9), volts, heat)],
        (0, seconds), [1.7e-9 - 1.5e-9 * state0], t_eval=trace.t_seconds, method="LSODA", rtol=1e-9, atol=1e-16,
        max_step=seconds / 1e4,
    ).y[0]  # fmt: skip
    oracle = np.clip(oracle, 0.2e-9, 1.7e-9)
    assert np.ptp(oracle) > 0.1e-9
    assert trace.ok
    np.testing.assert_allclose(gap(trace), oracle, rtol=3e-3)


def test_stanford_reset_pulse_is_the_one_of_the_user_guide():
    """Figure 5 of the user guide (May 2014), -1.3 V for 100 ns from 0.2 nm, read off by eye to 1 mA; heating off."""
    t = np.linspace(0, 100e-9, 101)
    trace = drive(NO_HEAT, np.full(101, -1.3), t, 1.0)
    np.testing.assert_allclose(-1e3 * trace.amperes[[0, 10, 23, 50, 100]], [40, 30, 20, 10, 3], atol=1.0)


def test_stanford_sweep_switches_where_the_user_guide_shows_it():
    """Figure 3 of the user guide, triangle of +-1.6 V at 0.5 V/ms: set at 1.4 V from 0.15 mA, reset from -1.05 V."""
    t = np.linspace(0, 12.8e-3, 1281)
    trace = drive(StanfordPku(), triangle(1.6, 1 / 12.8e-3, t), t, 0.0)
    assert trace.ok
    jump = int(np.argmax(trace.state > 0.5))
    assert 1.36 < trace.volts[jump] < 1.42
    assert 1e-4 < trace.amperes[jump - 3] < 2e-4
    assert 0.12 < trace.amperes[320] < 0.15
    leaves = int(np.argmax((t > 6.4e-3) & (trace.state < 0.95)))
    assert -1.08 < trace.volts[leaves] < -1.01
    assert 0.01 < -trace.amperes[leaves - 3] < 0.02
    assert 3e-4 < -trace.amperes[960] < 4e-4


def test_stanford_slow_reset_stays_on_the_edge_of_its_field_threshold():
    """gamma(g) |V| / t_ox = F_min on the way down: g = ((gamma0 - F_min t_ox / |V|) / beta)^(1/3) nm."""
    t = np.linspace(0, 13.5e-3, 1281)
    trace = drive(StanfordPku(), -100 * t, t, 1.0)
    picked = np.searchsorted(-trace.volts, [1.1, 1.15, 1.2, 1.25, 1.3, 1.34])
    expected = np.cbrt((16 - 1.4e9 * 12e-9 / -trace.volts[picked]) / 0.8) * 1e-9
    np.testing.assert_allclose(gap(trace)[picked], expected, rtol=0.025)
    field = (16 - 0.8 * (1e9 * gap(trace)[picked]) ** 3) * -trace.volts[picked] / 12e-9
    np.testing.assert_allclose(field, 1.4e9, rtol=5e-3)


def test_stanford_is_not_disturbed_by_a_read():
    for state in (0.0, 0.5, 1.0):
        for volts in (0.2, -0.2):
            assert hold(StanfordPku(), volts, 1.0, state).state[-1] == np.float32(state)


def test_stanford_filament_is_as_hot_as_its_power_says():
    kelvin = StanfordPku().temperature(jnp.ones(1), jnp.full(1, -1.3))
    assert float(kelvin[0]) == pytest.approx(298 + 1.3 * stanford_current(0.2e-9, 1.3) * 2.1e3, rel=1e-5)


# all of them


def lobe(trace):
    """Area of the loop's lobes in the last cycle, watts."""
    cycle = slice(-401, None)
    return np.sum(np.abs(branch_area(trace.volts[cycle], trace.amperes[cycle])))


def branch_area(volts, amperes):
    """Each half cycle's closed area."""
    return [np.trapezoid(amperes[half], volts[half]) for half in (slice(0, 201), slice(200, 401))]


@each_loop
def test_loops_are_pinched_and_collapse_with_frequency(name):
    """Chua's fingerprints (Semicond. Sci. Technol. 29, 104001, 2014); at high frequency a resistor remains."""
    model, volts, hertz, state0 = LOOPS[name]
    states = jnp.linspace(0, 1, 5)
    np.testing.assert_array_equal(model.current(states, jnp.zeros(5)), 0.0)
    slow, faster, fastest = (hysteresis(model, volts, factor * hertz, 2, state0) for factor in (1, 10, 1000))
    zeros = np.abs(slow.volts) < 1e-12
    assert zeros.sum() >= 4
    assert np.abs(slow.amperes[zeros]).max() < 1e-9 * np.abs(slow.amperes).max()
    assert lobe(slow) > 0.05 * volts * np.abs(slow.amperes).max()
    assert lobe(faster) < lobe(slow)
    assert lobe(fastest) < 0.02 * volts * np.abs(fastest.amperes).max()


@pytest.mark.parametrize(("name", "rate"), [("drift", drift_rate), ("vteam", vteam_rate), ("yakopcic", yakopcic_rate)])
def test_states_agree_with_scipy_at_tight_tolerance(name, rate):
    model, volts, hertz, state0 = LOOPS[name]
    trace = hysteresis(model, volts, hertz, 1, state0, samples_per_cycle=100)
    oracle = scipy_state(stopped(rate), trace.volts, trace.t_seconds, state0)
    assert np.ptp(oracle) > 0.4
    np.testing.assert_allclose(trace.state, oracle, atol=2e-4)


@each_loop
def test_energy_is_the_integral_of_voltage_times_current(name):
    model, volts, hertz, state0 = LOOPS[name]
    trace = hysteresis(model, volts, hertz, 2, state0)
    expected = np.trapezoid(trace.volts * trace.amperes, trace.t_seconds)
    assert trace.energy_joules[0] == 0
    assert (np.diff(trace.energy_joules) >= 0).all()
    assert trace.energy_joules[-1] == pytest.approx(expected, rel=2e-3)


@each_loop
def test_conductance_at_zero_volts_is_the_limit(name):
    model, *_ = LOOPS[name]
    states = jnp.array([0.05, 0.5, 1.0])
    np.testing.assert_allclose(model.conductance(states, 0.0), model.conductance(states, 1e-4), rtol=1e-5)
    np.testing.assert_allclose(
        model.conductance(states, 0.2), np.asarray(model.current(states, jnp.full(3, 0.2)), float) / 0.2, rtol=1e-5
    )


@each_loop
@settings(max_examples=20, deadline=None)
@given(levels=st.lists(st.floats(-3, 3), min_size=12, max_size=12), state=st.floats(0, 1), scale=st.floats(-9, 3))
def test_states_stay_inside_and_finite_under_any_waveform(name, levels, state, scale):
    model, *_ = LOOPS[name]
    trace = drive(model, levels, 10.0**scale * np.arange(12), state)
    for values in (trace.state, trace.amperes, trace.energy_joules):
        assert np.isfinite(values).all()
    assert ((trace.state >= 0) & (trace.state <= 1)).all()
    assert trace.ok == (len(trace.state) == 12)
    assert trace.ok == (not trace.message)


def test_switching_faster_than_the_samples_is_a_jump():
    trace = drive(StanfordPku(), np.repeat([0.0, 3.0, -3.0, 3.0], 3), 1e-3 * np.arange(12), 0.0)
    assert trace.ok
    np.testing.assert_array_equal(trace.state, np.repeat([0.0, 1.0, 0.0, 1.0], 3))


def test_a_solver_that_gives_up_says_where_and_keeps_what_it_had():
    t = np.linspace(0, 2, 12)
    volts = np.repeat([0.1, 3.0], 6)
    whole, part = drive(LinearIonDrift(), volts, t, 0.1), drive(LinearIonDrift(), volts, t, 0.1, max_steps=3)
    kept = len(part.state)
    assert whole.ok
    assert not part.ok
    assert 1 < kept < 12
    assert "after 3 steps between t =" in part.message
    np.testing.assert_array_equal(part.state, whole.state[:kept])
    np.testing.assert_array_equal(part.t_seconds, t[:kept])
    assert len(part.amperes) == len(part.energy_joules) == kept


# pulses

MAPS = {
    "drift": (LinearIonDrift(), Pulse(1.0, 40e-3), Pulse(-1.0, 40e-3)),
    "biolek": (LinearIonDrift(window=Window("biolek", p=2)), Pulse(1.0, 40e-3), Pulse(-1.0, 40e-3)),
    "vteam": (Vteam(), Pulse(-0.3, 1e-10), Pulse(0.1, 5e-8)),
    "yakopcic": (Yakopcic(), Pulse(0.3, 5e-5), Pulse(-0.3, 5e-5)),
    "stanford": (NO_HEAT, Pulse(1.45, 1e-8), Pulse(-1.3, 5e-9)),
}


@pytest.mark.parametrize("name", MAPS)
def test_pulse_map_is_what_pulses_one_by_one_give(name):
    model, up, down = MAPS[name]
    table = pulse_map(model, up, down, pulses=11, read_volts=0.1)
    assert table.ok, table.message
    for pulse, state, siemens, joules in (
        (up, 0.0, table.up_siemens, table.up_joules),
        (down, 1.0, table.down_siemens, table.down_joules),
    ):
        assert len(siemens) == 12
        assert len(joules) == 11
        for number in range(11):
            trace = drive(model, np.full(801, pulse.volts), np.linspace(0, pulse.seconds, 801), state)
            after = float(model.conductance(jnp.asarray(trace.state), 0.1)[-1])
            assert siemens[number + 1] == pytest.approx(after, rel=2e-3)
            joule = np.trapezoid(trace.volts * trace.amperes, trace.t_seconds)
            assert joules[number] == pytest.approx(joule, rel=2e-2)
            state = float(trace.state[-1])
    assert (np.diff(table.up_siemens) >= 0).all() and table.up_siemens[-1] > 1.2 * table.up_siemens[0]
    assert (np.diff(table.down_siemens) <= 0).all() and table.down_siemens[-1] < 0.8 * table.down_siemens[0]


def test_pulse_map_of_vteam_has_equal_steps_of_resistance_and_their_energy():
    """x = k (v / v_off - 1) n t, linear resistance: closed forms of conductance and of V^2 times integral dt / R."""
    step = 5e-4 * 4 / 3e-9 * 5e-8
    table = pulse_map(Vteam(), Pulse(-0.3, 1e-10), Pulse(0.1, 5e-8), pulses=10, read_volts=0.01)
    ohms = 50 + 950 * step * np.arange(11)
    np.testing.assert_allclose(table.down_siemens, 1 / ohms, rtol=1e-4)
    joules = 0.1**2 * 5e-8 / (950 * step) * np.log(ohms[1:] / ohms[:-1])
    np.testing.assert_allclose(table.down_joules, joules, rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "up"),
    [
        (Vteam(), Pulse(0.3, 1e-9)),  # the wrong sign
        (Vteam(), Pulse(-0.1, 1.0)),  # below threshold
        (LinearIonDrift(window=Window("joglekar")), Pulse(1.0, 1.0)),  # locked at its end
    ],
)
def test_pulses_that_do_nothing_are_told(model, up):
    table = pulse_map(model, up, Pulse(0.1, 5e-8), pulses=3, read_volts=0.01)
    assert not table.ok
    assert f"up pulses of {up.volts:g} V, {up.seconds:g} s do not move the device from 0" in table.message


def test_a_pulse_map_whose_solver_gives_up_ends_there():
    table = pulse_map(Yakopcic(), Pulse(0.45, 5e-3), Pulse(-0.3, 1e-6), 4, 0.1, (0.1, 0.9), max_steps=2)
    assert not table.ok
    assert "gave up in up pulse 1 after 2 steps" in table.message
    assert len(table.up_siemens) == 1 and table.up_joules == ()
    assert len(table.down_siemens) == 5


# waveforms, faults, the room


def test_waveforms():
    np.testing.assert_allclose(triangle(2.0, 0.25, np.arange(9) / 2), [0, 1, 2, 1, 0, -1, -2, -1, 0], atol=1e-12)
    np.testing.assert_allclose(sine(2.0, 0.25, np.arange(5.0)), [0, 2, 0, -2, 0], atol=1e-12)
    volts, t = pulse_train([Pulse(1.0, 4.0), Pulse(-2.0, 3.0)], rest_seconds=2.0, edge_seconds=0.5)
    np.testing.assert_allclose(volts, [0, 1, 1, 0, 0, -2, -2, 0, 0])
    np.testing.assert_allclose(t, [0, 0.5, 4.5, 5, 7, 7.5, 10.5, 11, 13])


def test_a_pulse_train_writes_as_its_pulses_do():
    """Yakopcic before its knee moves by speed times time; short edges add little."""
    volts, t = pulse_train([Pulse(0.3, 2e-5)] * 3, rest_seconds=1e-4, edge_seconds=1e-9)
    trace = drive(Yakopcic(), volts, t, 0.05)
    moved = 4000 * (np.exp(0.3) - np.exp(0.16)) * 2e-5
    np.testing.assert_allclose(trace.state[4::4] - 0.05, moved * np.arange(1, 4), rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Window("joglecar"), "joglekar"),
        (lambda: Window(p=0), "Window.p must be 1 or more, not 0"),
        (lambda: require(Vteam(), "positive", alpha_on=np.ones(1)), "Vteam.alpha_on must be one number, not of shape"),
        (lambda: LinearIonDrift(r_on_ohms=0.0), "LinearIonDrift.r_on_ohms must be positive, not 0"),
        (lambda: Vteam(k_on_metres_per_second=1.0), "Vteam.k_on_metres_per_second must be negative"),
        (lambda: Vteam(iv="cubic"), "Vteam.iv"),
        (lambda: Yakopcic(x_p=1.0), "x_p"),
        (lambda: Yakopcic(eta=0), "eta must be 1 or -1"),
        (lambda: StanfordPku(gap_min_metres=2e-9), "gap_min_metres < gap_max_metres"),
        (lambda: StanfordPku(v0_volts=float("nan")), "StanfordPku.v0_volts must be positive"),
        (lambda: drive(Vteam(), [0.0, 1.0], [0.0, 0.0], 0.5), "rise"),
        (lambda: drive(Vteam(), [0.0, np.nan], [0.0, 1.0], 0.5), "finite"),
        (lambda: drive(Vteam(), [0.0], [0.0], 0.5), "same length"),
        (lambda: drive(Vteam(), [0.0, 1.0], [0.0, 1.0], 1.5), "state0 must lie in [0, 1], not 1.5"),
        (lambda: hold(StanfordPku(), -40.0, 1.0, 0.0), "40 V drive StanfordPku to a power beyond float32"),
        (lambda: hysteresis(Vteam(), 1.0, 0.0), "hertz > 0"),
        (
            lambda: pulse_map(Vteam(), Pulse(1.0, 0.0), Pulse(1.0, 1.0), 3, 0.1),
            "Pulse.seconds: input should be greater",
        ),
        (lambda: pulse_map(Vteam(), Pulse(1.0, 1.0), Pulse(1.0, 1.0), 3, 0.1, (0.6, 0.4)), "in order within [0, 1]"),
        (lambda: pulse_train([Pulse(1.0, 1.0)], 0.0, 1.0), "positive seconds"),
    ],
)
def test_bad_input_is_one_sentence(make, words):
    with pytest.raises(InputError) as error:
        make()
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_else_imports_the_solver():
    code = "import sys, ohmgrad, ohmgrad.cli, ohmgrad.devices; sys.exit('diffrax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_picture_of_a_loop_is_one_svg_with_every_name():
    from ohmgrad.report import loops

    trace = hysteresis(LinearIonDrift(), 1.0, 0.5)
    picture = loops.hysteresis({"slow": (trace.volts, trace.amperes)})
    assert picture.startswith("<svg") and picture.rstrip().endswith("</svg>")
    assert picture == loops.hysteresis({"slow": (trace.volts, trace.amperes)})
    two = loops.hysteresis({"slow": (trace.volts, trace.amperes), "twice": (trace.volts, 2 * trace.amperes)})
    assert two.count('id="line2d') > picture.count('id="line2d')
