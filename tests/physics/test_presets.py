"""Oracle: the formulas and tables that the presets cite, coded here once more in float64 from the publications."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from ohmgrad import devices
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.response_models import label_bend
from ohmgrad.parts import schema
from ohmgrad.quantity import Quantity, Strict

KEY = jax.random.key(0)
MICRO = 1e-6


def figures(record):
    """Every figure that a preset's file gives, by path."""
    for name in record.model_fields_set:
        value = getattr(record, name)
        if isinstance(value, Quantity):
            yield name, value
        elif isinstance(value, Strict):
            yield from ((f"{name}.{inner}", figure) for inner, figure in figures(value))


def pulsed(device, start, up, down):
    """Mean conductance after pulses, scatter and bounds aside, from conductances in siemens."""
    x = (jnp.asarray(start, jnp.float32) - device.g_min_siemens) / device.range_siemens
    after = device.response.after(x, jnp.full_like(x, up), jnp.full_like(x, down))
    return device.g_min_siemens + device.range_siemens * np.asarray(after, np.float64)


@pytest.mark.parametrize("name", devices.names())
def test_every_preset_loads_builds_and_moves(name):
    record, device = devices.load(name), devices.preset(name)
    given = dict(figures(record))
    assert {"g_min_siemens", "g_max_siemens", "read_volts"} <= given.keys()
    for path, figure in given.items():
        assert figure.basis == "published" or len(figure.source) > 10, f"{path} does not say where it comes from"
        assert figure.basis != "memory" or "from memory" in figure.source, path
    middle = jnp.full((64, 64), (device.g_min_siemens + device.g_max_siemens) / 2)
    ones, zeros = jnp.ones_like(middle), jnp.zeros_like(middle)
    x = jnp.full_like(middle, 0.5)
    assert np.all(device.response.after(x, ones, zeros) > x) and np.all(device.response.after(x, zeros, ones) < x)
    own = device.fabricate((64, 64), KEY)
    for g in (device.pulse(middle, ones, zeros, KEY, own), device.verified_write(middle, KEY, own)):
        assert np.all(np.isfinite(g)) and np.all(np.asarray(g) >= 0)


# NeuroSim V3.0's manual, section 9: states up and down, labels, Ron, on/off ratio, pulse up, noise in % of the range,
# and the energy of a potentiating pulse at G_max, V^2 G t, worked out by hand from these.
NEUROSIM = {
    "ag-asi": (97, 100, 2.4, -4.88, 26e6, 12.5, 3.2, 300e-6, 3.5, 118e-12),
    "taox-tio2": (102, 102, 1.85, -1.79, 5e6, 2, 3.0, 40e-3, 1.0, 72e-9),
    "taox-hfox": (128, 128, 0.04, -0.63, 100e3, 10, 1.6, 50e-9, 3.7, 1.28e-12),
    "pcmo": (50, 50, 3.68, -6.76, 23e6, 6.84, -2.0, 1e-3, 1.0, 174e-12),
    "alox-hfo2": (40, 40, 1.94, -0.61, 16.9e3, 4.43, 0.9, 100e-6, 5.0, 4.8e-9),
    "gst-pcm": (100, 100, 0.105, 2.4, 4.71e3, 19.8, 0.7, 6e-6, 1.5, 0.62e-9),
    "epiram": (64, 64, 0.5, -0.5, 81e3, 50.2, 5.0, 5e-6, 2.0, 1.54e-9),
    "hzo-fefet": (32, 32, 1.75, 1.46, 559.28e3, 45, 3.65, 75e-9, 0.5, None),
}
# The normalised A that NeuroSim's public table gives for a label.
PRINTED_BENDS = {1.00: 1.251653, 4.88: 0.200303, 9.00: 0.022810}


def bend(label):
    """A of a label, from its definition: the normalised curve's farthest point lies 0.07 |label| off the diagonal."""

    def farthest(a):
        p = np.linspace(0, 1, 20001)
        return np.max(-np.expm1(-p / a) / -np.expm1(-1 / a) - p) / np.sqrt(2)

    low, high = 1e-3, 1e4
    for _ in range(60):
        a = np.sqrt(low * high)
        low, high = (a, high) if farthest(a) > 0.07 * abs(label) else (low, a)
    return np.sqrt(low * high)


@pytest.mark.parametrize("label", PRINTED_BENDS)
def test_bend_of_a_label_is_the_one_that_neurosim_prints(label):
    assert label_bend(label) == pytest.approx(PRINTED_BENDS[label], rel=5e-5)
    assert label_bend(-label) == pytest.approx(-PRINTED_BENDS[label], rel=5e-5)
    assert bend(label) == pytest.approx(PRINTED_BENDS[label], rel=5e-4)


@pytest.mark.parametrize("name", NEUROSIM)
def test_neurosim_presets_follow_the_manuals_curves(name):
    ups, downs, ltp, ltd, ohms, ratio, *_ = NEUROSIM[name]
    device = devices.preset(f"neurosim-{name}")
    g_max, g_min = 1 / ohms, 1 / ohms / ratio
    span = g_max - g_min
    p, total = np.linspace(0, ups, 11), ups
    a = np.sign(ltp) * bend(ltp) * total
    ltp_curve = span / -np.expm1(-total / a) * -np.expm1(-p / a) + g_min
    # G_LTD = -B (1 - exp((P - P_max) / A)) + G_max, walked from P_max to 0; A > 0 where the printed label is negative.
    q, total = np.linspace(0, downs, 11), downs
    a = -np.sign(ltd) * bend(ltd) * total
    ltd_curve = -span / -np.expm1(-total / a) * -np.expm1((q - total) / a) + g_max
    tolerance = 2e-3 * span  # float32, and the oracle's own bend
    for pulses, wanted in zip(p, ltp_curve, strict=True):
        assert pulsed(device, [g_min], pulses, 0.0)[0] == pytest.approx(wanted, abs=tolerance)
    for position, wanted in zip(q, ltd_curve, strict=True):
        assert pulsed(device, [g_max], 0.0, downs - position)[0] == pytest.approx(wanted, abs=tolerance)
    assert pulsed(device, [g_min], ups, 0.0)[0] == pytest.approx(g_max, rel=1e-4)
    assert pulsed(device, [g_max], 0.0, downs)[0] == pytest.approx(g_min, abs=1e-4 * span)


@pytest.mark.parametrize("name", NEUROSIM)
def test_neurosim_presets_hold_the_tables_noise_and_pulse_energy(name):
    *_, ohms, ratio, volts, seconds, percent, joules = NEUROSIM[name]
    record = devices.load(f"neurosim-{name}")
    assert record.pulse_noise_siemens.nominal == pytest.approx(percent / 100 * (1 - 1 / ratio) / ohms, rel=1e-6)
    assert record.up_pulse is not None and record.read_volts.nominal == 0.5
    assert (record.up_pulse.volts.nominal, record.up_pulse.seconds.nominal) == (volts, seconds)
    if joules is not None:  # the transistor's gate takes no current
        energy = record.up_pulse.volts.nominal**2 * record.g_max_siemens.nominal * record.up_pulse.seconds.nominal
        assert energy == pytest.approx(joules, rel=7e-3)  # of the two or three digits that are printed


def exponential(dw_min, up_down, a, b, gamma, amplitude_up, amplitude_down, w_min, w_max):
    def steps(w):
        z = 2 * w / (w_max - w_min) * a + b
        up = dw_min * (1 + min(up_down, 0)) * np.maximum(1 - amplitude_up * np.exp(gamma * z), 0)
        return up, dw_min * (1 - max(up_down, 0)) * np.maximum(1 - amplitude_down * np.exp(-gamma * z), 0)

    return steps


def linear(dw_min, gamma_up, gamma_down, w_min, w_max):
    return lambda w: (dw_min * (1 - gamma_up * w / w_max), dw_min * (1 - gamma_down * w / w_min))


# aihwkit's presets: w_min, w_max and the mean step of one pulse up and down at a weight.
AIHWKIT = {
    "reram-es": (-1, 1, exponential(0.00135, 0.259359, -0.5, -0.5, 5.0, -1.18445, -0.081404, -1, 1)),
    "reram-sb": (-0.75, 1.25, linear(0.002, 1, 1, -0.75, 1.25)),
    "capacitor": (-1, 1, linear(0.005, 0.05, 0.05, -1, 1)),
    "ecram": (-0.8276, 1.1724, linear(0.002, 0.1153, 0.5085, -0.8276, 1.1724)),
    "ecram-mo": (-0.8286, 1.1714, linear(2.8214e-4, 0.4152, 0.7342, -0.8286, 1.1714)),
    "idealized": (-1, 1, linear(0.0002, 0, 0, -1, 1)),
    "gokmen-vlasov": (-1, 1, linear(0.0016, 0, 0, -1, 1)),
    "pcm": (0, 2, exponential(0.01, 0, -1.0, 0, 2.5, -27.235, -2.235, 0, 2)),
    "reram-array-om": (-1, 1, linear(0.0949, 1, 1, -1, 1)),
    "reram-array-hfo2": (-1, 1, linear(0.4622, 1, 1, -1, 1)),
}


def median(name):
    """The response of the device that aihwkit's dw_min describes: where steps are lognormal, not that of the mean."""
    device = devices.preset(f"aihwkit-{name}")
    spread = device.spread
    share = float(np.exp(-((spread.step or 0.0) ** 2) / 2)) if spread.distribution == "lognormal" else 1.0
    return replace(device, response=device.response.with_variation(share, share, 0.0, 1.0))


@pytest.mark.parametrize("name", AIHWKIT)
def test_aihwkit_presets_take_aihwkits_steps(name):
    w_min, w_max, steps = AIHWKIT[name]
    device = median(name)
    w = w_min + (w_max - w_min) * np.linspace(0.02, 0.98, 9)
    siemens_per_weight = device.range_siemens / (w_max - w_min)
    start = device.g_min_siemens + (w - w_min) * siemens_per_weight
    x = jnp.asarray((w - w_min) / (w_max - w_min), jnp.float32)
    for side, (sign, up, down) in enumerate(((1, 1.0, 0.0), (-1, 0.0, 1.0))):
        if name in ("reram-es", "pcm"):
            speed = np.asarray(device.response.speeds(x)[side]) * (w_max - w_min)
            np.testing.assert_allclose(speed, steps(w)[side], rtol=1e-5)
        if device.one_sided and sign == -1:
            continue  # never pulsed down
        step = steps(w)[side]
        moved = sign * (pulsed(device, start, up, down) - start) / siemens_per_weight
        # A flow differs from a whole step by half of what the step changes of the next; linear steps are exact.
        later = steps(np.clip(w + sign * step, w_min, w_max))[side]
        flow = np.abs(step - later) / 2 if name in ("reram-es", "pcm") else 0
        rounding = 3e-7 * (w_max - w_min)  # of positions in float32
        assert np.all(np.abs(moved - step) <= 1e-4 * step + 1.2 * flow + rounding)


# dw_min, dw_min_std, whether it scales with the step, write_noise_std; deviations of w_min, w_max, step and up_down.
AIHWKIT_NOISE = {
    "reram-es": (0.00135, 5.0, True, 75.0, 0.3, 0.3, 0.2, 0.05),
    "reram-sb": (0.002, 3.75, False, 56.0, 0.3, 0.3, 0.3, 0.01),
    "capacitor": (0.005, 0.3, False, 0.0, 0.07, 0.07, 0.1, 0.06),
    "ecram": (0.002, 0.3, True, 0.0, 0.05 * 0.8276, 0.05 * 1.1724, 0.1, 0.01),
    "ecram-mo": (2.8214e-4, 2.0, True, 0.0, 0.05 * 0.8286, 0.05 * 1.1714, 0.1, 0.01),
    "idealized": (0.0002, 0.3, True, 0.0, 0.3, 0.3, 0.3, 0.0),
    "gokmen-vlasov": (0.0016, 0.3, True, 0.0, 0.3, 0.3, 0.3, 0.01),
    "reram-array-om": (0.0949, 0.4158, False, 1.4113, 0.5695, 0.3499, 0.7829, 0.01),
    "reram-array-hfo2": (0.4622, 0.2174, False, 0.5841, 0.5990, 0.4295, 0.7125, 0.01),
}


@pytest.mark.parametrize("name", AIHWKIT_NOISE)
def test_aihwkit_presets_scatter_as_aihwkit_does(name):
    dw_min, std, with_step, write_noise, low, high, step, tilt = AIHWKIT_NOISE[name]
    w_min, w_max, steps = AIHWKIT[name]
    device = devices.preset(f"aihwkit-{name}")
    siemens_per_weight = device.range_siemens / (w_max - w_min)
    assert (device.unsettled_siemens or 0.0) == pytest.approx(write_noise * dw_min * siemens_per_weight, rel=1e-6)
    middle = (w_min + w_max) / 2
    g = jnp.full((400, 400), device.g_min_siemens + device.range_siemens / 2)
    after = np.asarray(device.pulse(g, jnp.ones_like(g), jnp.zeros_like(g), KEY), np.float64)
    scatter = after.std() / siemens_per_weight
    expected = std * (steps(middle)[0] if with_step else dw_min)
    assert scatter == pytest.approx(expected, rel=0.01)
    own = device.fabricate((400, 400), KEY)
    span = w_max - w_min
    assert own.low is not None and own.high is not None and own.up is not None and own.down is not None
    if high < 0.2:  # wider spreads are cut where a bound would meet zero or the other bound
        assert np.std(own.low) * span == pytest.approx(low, rel=0.02)
    assert np.median(np.abs(np.asarray(own.high) - 1)) * span == pytest.approx(0.6745 * high, rel=0.02)
    both = (np.asarray(own.up) + np.asarray(own.down)) / 2
    logarithm = np.log(both) if name.startswith("reram-array") else both
    assert np.std(logarithm) == pytest.approx(step, rel=0.02)
    assert np.std(np.asarray(own.up) - np.asarray(own.down)) / 2 == pytest.approx(tilt, rel=0.02)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("pulses", [1, 20])
@pytest.mark.parametrize("name", [name for name in AIHWKIT_NOISE if name != "idealized"])
def test_aihwkit_presets_walk_as_aihwkits_cells_do(name, pulses, sign):
    """Many pulses at once against aihwkit's rule, pulse by pulse: a step at the weight, its noise, then the bounds."""
    dw_min, std, with_step, *_ = AIHWKIT_NOISE[name]
    w_min, w_max, steps = AIHWKIT[name]
    pulses = min(pulses, 2) if dw_min > 0.2 else pulses  # its third pulse would come to the bounds
    start, cells, rng = w_min + (0.45 if sign > 0 else 0.55) * (w_max - w_min), 100_000, np.random.default_rng(0)
    w = np.full(cells, start)
    for _ in range(pulses):
        step = steps(w)[0 if sign > 0 else 1]
        w = np.clip(w + sign * (step + std * rng.normal(size=cells) * (step if with_step else dw_min)), w_min, w_max)
    device = median(name)
    siemens_per_weight = device.range_siemens / (w_max - w_min)
    g = jnp.full(cells, device.g_min_siemens + (start - w_min) * siemens_per_weight, jnp.float32)
    many, none = jnp.full(cells, float(pulses)), jnp.zeros(cells)
    up, down = (many, none) if sign > 0 else (none, many)
    after = device.pulse(g, up, down, KEY)
    ours = w_min + (np.asarray(after, np.float64) - device.g_min_siemens) / siemens_per_weight
    assert ours.std() == pytest.approx(w.std(), rel=0.02)
    assert ours.mean() - start == pytest.approx(w.mean() - start, rel=0.01, abs=5 * np.sqrt(2 / cells) * w.std())


@pytest.mark.parametrize(
    ("name", "start", "pulses", "up"),
    [
        ("aihwkit-pcm", 0.0, 1, True),
        ("aihwkit-pcm", 0.0, 10, True),
        ("aihwkit-pcm", 0.3, 10, True),
        ("aihwkit-reram-es", 0.4, 300, True),
        ("aihwkit-reram-es", 0.6, 300, False),
        ("aihwkit-reram-array-hfo2", 0.2, 3, True),
        ("aihwkit-reram-array-om", 0.8, 10, False),
        ("neurosim-pcmo", 0.1, 10, True),
        ("neurosim-pcmo", 1.0, 5, False),
        ("neurosim-ag-asi", 0.2, 30, True),
        ("taox-1t1r", 0.5, 6, False),
    ],
)
def test_pulses_at_once_scatter_as_single_ones(name, start, pulses, up):
    device, cells = devices.preset(name), 50_000
    g = jnp.full(cells, device.g_min_siemens + start * device.range_siemens)
    one, none = jnp.ones(cells), jnp.zeros(cells)
    raised, lowered = (one, none) if up else (none, one)
    keys = jax.random.split(KEY, pulses)
    walk = jax.jit(lambda g: jax.lax.scan(lambda g, key: (device.pulse(g, raised, lowered, key), None), g, keys)[0])
    single = np.asarray(walk(g), np.float64)
    once = np.asarray(device.pulse(g, pulses * raised, pulses * lowered, jax.random.key(1)), np.float64)
    moved = single.mean() - float(g[0])
    assert once.std() == pytest.approx(single.std(), rel=0.03)
    # Scatter that reaches bounds, or a curve's bend, moves the mean a little: by less than a fifth of the scatter.
    assert once.mean() - float(g[0]) == pytest.approx(moved, rel=0.01, abs=0.2 * single.std())


@pytest.mark.parametrize(("distribution", "most"), [("normal", 1), ("lognormal", 3)])
def test_a_spread_of_steps_given_in_per_cent_is_refused(distribution, most):
    given = {"preset": "taox-1t1r", "spread": {"step": 5.0, "distribution": distribution}}
    with pytest.raises(ValueError, match=f"step: 5 is above {most}.*0.05 is 5 %"):
        devices.Device.model_validate(given)
    given["spread"]["step"] = float(most)
    assert devices.Device.model_validate(given).spread.step.nominal == most


def test_capacitor_leaks_to_the_weight_zero():
    device = devices.preset("aihwkit-capacitor")
    aging = devices.load("aihwkit-capacitor").aging
    assert aging.kind == "retention"
    middle = (device.g_min_siemens + device.g_max_siemens) / 2
    g = jnp.full((401, 401), device.g_max_siemens)
    own = device.fabricate(g.shape, KEY)
    left = (np.asarray(device.aged(g, aging.lifetime_seconds.nominal, own)) - middle) / (device.g_max_siemens - middle)
    assert np.median(left) == pytest.approx(np.exp(-1), rel=0.01)


def test_corrupt_devices_of_the_arrays_are_off_but_told():
    for name, rate in (("om", 0.1348), ("hfo2", 0.0977)):
        faults = devices.load(f"aihwkit-reram-array-{name}").faults
        assert (faults.stuck_at_value.nominal, faults.stuck_at_value.high) == (0, rate)


def test_no_more_than_all_devices_are_stuck():
    """Devices stuck at the lowest, the highest and another conductance are apart: their shares add up to 1 at most."""
    shares = {"stuck_at_min": 0.25, "stuck_at_max": 0.25, "stuck_at_value": 0.5}
    record = schema(Faults, sourced=True)
    assert record.model_validate(shares).stuck_at_value.nominal == 0.5
    for name in shares:
        with pytest.raises(ValidationError, match="must not exceed 1"):
            record.model_validate(shares | {name: 0.51})


def saturating(g):
    """CrossSim's SONOS in nA, at 0.1 V."""
    return 19.88665 * (1 - np.exp(-g * 100 / 176.3115)) / 100


# sigma in uS of a write that aims at so many uS, and the largest deviation allowed of the preset from it.
WRITE_ERRORS = {
    "crosssim-pcm-joshi": (lambda g: 0.28638599 + 0.07585724 * g - 0.00178767 * g**2, (0.25, 25), 0),
    "crosssim-rram-milo": (lambda g: 4.782321 - 0.009107 * g, (50, 225), 0),
    "crosssim-rram-wan": (lambda g: 1.536e-4 * g**3 - 1.167e-2 * g**2 + 2.374e-1 * g + 1.053, (1, 39.26), 0),
    "crosssim-sonos": (saturating, (0, 16), 3e-4),
    "pcm-inference": (lambda g: 0.26348 + 1.9650 * (g / 25) - 1.1731 * (g / 25) ** 2, (0, 25), 0),
    "reram-wan": (lambda g: np.polyval([-16.815, 45.393, -43.853, 16.030, 0.348], g / 40), (0, 40), 0),
    "eapu": (lambda g: 2.4 + 0 * g, (0, 80), 0),
}


@pytest.mark.parametrize("name", WRITE_ERRORS)
def test_write_errors_are_the_published_fits(name):
    formula, (low, high), allowed = WRITE_ERRORS[name]
    device = devices.preset(name)
    g = np.linspace(low, high, 17)
    deviation = np.asarray(device.write_deviation(jnp.asarray(g * MICRO, jnp.float32)), np.float64) / MICRO
    np.testing.assert_allclose(deviation, formula(g), rtol=2e-5, atol=allowed)
    aimed = jnp.full((300, 300), (low + high) / 2 * MICRO)
    landed = np.asarray(device.verified_write(aimed, KEY), np.float64) / MICRO
    assert landed.std() == pytest.approx(formula((low + high) / 2), rel=0.02)
    assert landed.mean() == pytest.approx((low + high) / 2, abs=0.02 * formula((low + high) / 2))


@pytest.mark.parametrize(("g", "mean", "deviation"), [(0.05, 0.0708, 0.0315), (0.5, 0.049, 0.008), (0.002, 0.1, 0.045)])
def test_phase_change_memory_drifts(g, mean, deviation):
    device = devices.preset("pcm-inference")
    assert mean == pytest.approx(np.clip(-0.0155 * np.log(g) + 0.0244, 0.049, 0.1), rel=5e-3)
    assert deviation == pytest.approx(np.clip(-0.0125 * np.log(g) - 0.0059, 0.008, 0.045), rel=5e-3)
    start = jnp.full((300, 300), g * 25 * MICRO)
    own = device.fabricate(start.shape, KEY)
    assert np.allclose(device.aged(start, 20.0, own), start)
    nu = -np.log(np.asarray(device.aged(start, 2000.0, own) / start, np.float64)) / np.log(100)
    folded = stats.foldnorm(mean / deviation, scale=deviation)
    assert nu.mean() == pytest.approx(folded.mean(), rel=0.01)
    assert nu.std() == pytest.approx(folded.std(), rel=0.01)


@pytest.mark.parametrize("g", [0.001, 0.05, 0.5, 1.0])
def test_phase_change_memory_reads_with_flicker(g):
    device = devices.preset("pcm-inference")
    share = min(0.0088 / g**0.65, 0.2)
    sigma = g * 25 * MICRO * share * np.sqrt(np.log((20 + 250e-9) / (2 * 250e-9)))
    assert np.sqrt(device.read_variance(jnp.float32(g * 25 * MICRO))) == pytest.approx(sigma, rel=1e-4)


def test_cubic_current_of_the_milo_device_is_crosssims_between_the_measured_states():
    device = devices.preset("crosssim-rram-milo")
    g = 86.25e-6  # half way between 62.5 and 110 uS
    third = np.polyval([8.8710e-05, 6.7919e-04, 1.2968e-03], np.log10(g))
    assert device.cubic_per_square_volt == pytest.approx(third / g, rel=1e-6)


def test_sonos_read_noise_at_half_the_range():
    noise = 12.58037 * (1 - np.exp(-800 / 215.36557)) / 100
    assert devices.preset("crosssim-sonos").read_noise_siemens == pytest.approx(noise * MICRO, rel=1e-6)


def test_levels_of_the_fine_device():
    device = devices.preset("taox-2048")
    targets = jnp.linspace(device.g_min_siemens, device.g_max_siemens, 20001)
    step = device.range_siemens / 2047
    landed = np.asarray(replace(device, write_error=None).verified_write(targets, KEY))
    assert len(np.unique(np.round((landed - device.g_min_siemens) / step))) == 2048
    assert np.max(np.abs(landed - np.asarray(targets))) <= 0.5 * step * (1 + 1e-3)
