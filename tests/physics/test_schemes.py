"""Oracles: binomial statistics, closed forms of expected writes, the published algorithms coded anew in plain numpy."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from ohmgrad import devices
from ohmgrad.crossbar import Adc, Hardware, Pair, Single, Slices, Wires
from ohmgrad.crossbar.arrays import Arrays
from ohmgrad.crossbar.mapping import Mapping
from ohmgrad.crossbar.schemes import (
    ErrorAware,
    Layout,
    Manhattan,
    MixedPrecision,
    Outer,
    PulseCount,
    PulseTrains,
    SinglePulse,
    TikiTaka,
    WriteVerify,
)
from ohmgrad.crossbar.schemes.trains import coincidences
from ohmgrad.devices.aging import Retention
from ohmgrad.devices.memristor import DeviceVariation, Memristor
from ohmgrad.devices.response import LinearStep
from ohmgrad.devices.response_models import SoftBounds
from ohmgrad.errors import InputError
from ohmgrad.recipes.schema.experiment import Evaluation
from ohmgrad.runs import arms
from ohmgrad.synapses import Crossbar

QUIET = Memristor(0.0, 100e-6, 0.2, response=LinearStep(0.01, 0.01))
"""Steps of 1 uS both ways, nothing else."""
STEP = 0.02
"""What one pulse on both devices of a pair changes, for a largest weight of 1."""


MIDWAY = Pair(50e-6)


def programmed(scheme, device=QUIET, mapping: Mapping = MIDWAY, weight=0.0, shape=(40, 30)):
    hardware = Hardware(device, 40, 30, mapping=mapping, write=scheme)
    return Crossbar.program(jnp.full(shape, weight), hardware, 1.0, 1e-3, jax.random.key(0))[0]


@eqx.filter_jit
def write(crossbar, pre, post, key):
    return crossbar.write(pre, post, key)


def change(crossbar, pre, post, seed=1):
    after, counts = write(crossbar, jnp.array(pre, jnp.float32), jnp.array(post, jnp.float32), jax.random.key(seed))
    return np.asarray(after.weights - crossbar.weights, np.float64), after, counts


def met(pre, post, length, times, seed=0):
    """Coincidences of equal and of opposite signs of `times` devices at each crossing, all driven apart."""
    probabilities = Outer(*(jnp.array(v, jnp.float32)[:, None] for v in (pre, post)))
    counts = jax.jit(coincidences, static_argnums=(1, 2))(probabilities, length, times, jax.random.key(seed))
    return [np.asarray(count, np.float64)[0, 0] for count in counts]


@pytest.mark.parametrize("length", [1, 10, 31, 100])
@pytest.mark.parametrize(("row", "column"), [(0.02, 0.015), (0.2236, 0.2236), (0.5, 0.7), (1.0, 0.3), (-0.95, 0.95)])
def test_coincidences_of_one_vector_are_binomial(length, row, column):
    """Whole numbers with the mean, the variance and every probability, just above a mean of 1.5 as elsewhere."""
    n = 100_000
    both = met([[row]], [[column]], length, n)
    count, none = both if row > 0 else both[::-1]
    assert (none == 0).all()
    chance = abs(row * column)
    mean, variance = length * chance, length * chance * (1 - chance)
    assert count.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / n))
    assert count.var() == pytest.approx(variance, rel=0.03, abs=1e-3)
    share = np.bincount(count.astype(int).ravel(), minlength=length + 1) / n
    assert (count == np.round(count)).all()
    probability = stats.binom.pmf(np.arange(length + 1), length, chance)
    assert (np.abs(share - probability) < 5 * np.sqrt(probability / n) + 5 / n).all()


def test_the_cells_of_a_line_share_its_pulses():
    """Two columns on one row fire together when the row does: covariance L p (1 - p) q q'."""
    length, p, (q, r) = 31, 0.4, (0.7, 0.5)
    up, down = met([[p]], [[q, -r]], length, 200_000)
    cov = np.cov(up[:, 0, 0], down[:, 0, 1])
    assert cov[0, 1] == pytest.approx(length * p * (1 - p) * q * r, rel=0.03)
    assert cov[0, 0] == pytest.approx(length * p * q * (1 - p * q), rel=0.03)
    up, _ = met([[p, p]], [[q, r]], length, 200_000)
    assert abs(np.corrcoef(up[:, 0, 0], up[:, 1, 1])[0, 1]) < 0.01  # no line in common


def test_vectors_of_unequal_rates_scatter_less_than_one_binomial():
    """A sum of binomials, those of certain slots without any scatter."""
    rates = np.array([1.0, 1.0, 0.5, 0.1])
    up, _ = met(rates[:, None], np.ones((4, 1)), 31, 100_000)
    assert up.mean() == pytest.approx(31 * rates.sum(), rel=2e-3)
    assert up.var() == pytest.approx(31 * (rates * (1 - rates)).sum(), rel=0.03)


def test_counts_of_many_vectors_are_exact():
    """More than fit half a word, of either sign: 7,500 vectors of certain slots, the signs of a third turned."""
    signs = np.where(np.arange(7500) % 3 == 0, -1.0, 1.0)[:, None]
    up, down = met(signs, np.ones((7500, 2)), 31, 1)
    assert (up == 31 * 5000).all() and (down == 31 * 2500).all()
    assert 31 * 2500 > 2**16


@pytest.mark.parametrize("mapping", [Pair(50e-6), Single()])
def test_trains_write_the_outer_products_on_average(mapping):
    rng = np.random.default_rng(0)
    pre, post = rng.uniform(-1, 1, (8, 40)), rng.uniform(-0.01, 0.01, (8, 30))
    crossbar = programmed(PulseTrains(), mapping=mapping)
    total = sum(change(crossbar, pre, post, seed)[0] for seed in range(200)) / 200
    error = (total - pre.T @ post) / (np.abs(pre).T @ np.abs(post) * STEP / 200) ** 0.5
    assert np.abs(error).max() < 6
    assert error.std() == pytest.approx(1 if mapping.devices == 1 else np.sqrt(0.5), rel=0.1)


def test_trains_saturate_where_every_slot_fires():
    crossbar = programmed(PulseTrains(10), mapping=Single())
    moved, _, counts = change(crossbar, np.ones((1, 40)), np.full((1, 30), 5.0))
    np.testing.assert_allclose(moved, 10 * STEP, rtol=1e-3)
    assert float(counts.pulses) == pytest.approx(10 * 40 * 30, rel=1e-4)


def test_trains_need_no_outer_product():
    _, _, counts = change(programmed(PulseTrains()), np.ones((1, 40)), np.full((1, 30), 0.01))
    assert counts.update_macs == 0
    _, _, counts = change(programmed(PulseCount()), np.ones((1, 40)), np.full((1, 30), 0.01))
    assert counts.update_macs == 40 * 30


def test_counted_pulses_are_the_nearest_whole_number():
    wanted = np.linspace(-0.1, 0.1, 30)[None]
    moved, _, counts = change(programmed(PulseCount()), np.eye(1, 40), wanted)
    np.testing.assert_allclose(moved[0], STEP * np.round(wanted[0] / STEP), atol=1e-6)
    assert (moved[1:] == 0).all()
    assert float(counts.pulses) == 2 * np.abs(np.round(wanted[0] / STEP)).sum()


def test_single_pulses_have_the_mean_and_variance_of_their_closed_form():
    wanted, noise = 0.006, 0.3e-6
    crossbar = programmed(SinglePulse(), dataclasses.replace(QUIET, pulse_noise_siemens=noise))
    moved = np.concatenate(
        [change(crossbar, np.ones((1, 40)), np.full((1, 30), wanted), s)[0].ravel() for s in range(40)]
    )
    rate = wanted / STEP
    siemens = 100e-6
    variance = 2 * (rate * ((STEP / 2) ** 2 + (noise / siemens) ** 2) - (wanted / 2) ** 2)
    assert moved.mean() == pytest.approx(wanted, abs=5 * np.sqrt(variance / moved.size))
    assert moved.var() == pytest.approx(variance, rel=0.03)


def test_manhattan_moves_by_one_step_whatever_the_size():
    wanted = np.concatenate([np.logspace(-9, -1, 15), -np.logspace(-9, -1, 15)])[None]
    moved, _, _ = change(programmed(Manhattan()), np.eye(1, 40), wanted)
    np.testing.assert_allclose(moved[0], STEP * np.sign(wanted[0]), rtol=1e-4)
    assert (moved[1:] == 0).all()


def test_mixed_precision_loses_nothing_in_the_long_run():
    crossbar, rng = programmed(MixedPrecision(), weight=0.2), np.random.default_rng(1)
    total, start = np.zeros((40, 30)), np.asarray(crossbar.weights)
    for seed in range(50):
        pre, post = rng.normal(size=(4, 40)), 0.002 * rng.normal(size=(4, 30))
        crossbar, _ = write(crossbar, jnp.array(pre, jnp.float32), jnp.array(post, jnp.float32), jax.random.key(seed))
        total += pre.T @ post
    assert isinstance(crossbar.scheme, MixedPrecision)
    owed = np.asarray(crossbar.scheme.accumulated)[0, 0]
    np.testing.assert_allclose(np.asarray(crossbar.weights) - start + owed, total, atol=2e-5)
    assert np.abs(owed).max() < STEP * (1 + 1e-4)


def test_error_aware_writes_are_rare_and_right_on_average():
    crossbar = programmed(ErrorAware(), dataclasses.replace(QUIET, write_error=(2.4e-6,)))
    wanted = 0.002  # 0.1 uS on each device, against a threshold of 2.4 uS
    moved, written = [], 0.0
    for seed in range(60):
        delta, _, counts = change(crossbar, np.ones((1, 40)), np.full((1, 30), wanted), seed)
        moved.append(delta)
        written += float(counts.programs)
    rate = written / (60 * 2 * 40 * 30)
    assert rate == pytest.approx(0.1 / 2.4, rel=0.05)
    deviation = np.sqrt(2 * rate) * 2 * 2.4e-6 / 100e-6
    assert np.mean(moved) == pytest.approx(wanted, abs=5 * deviation / np.sqrt(60 * 1200))


def test_write_verify_with_a_budget_says_which_cells_failed():
    device = dataclasses.replace(QUIET, verify_tolerance_siemens=1e-6, pulse_noise_siemens=0.2e-6)
    stuck = np.full((1, 1, 2, 40, 30), np.nan, np.float32)
    stuck[0, 0, 0, 3, 4] = 90e-6
    hardware = Hardware(device, 40, 30, mapping=Pair(50e-6), write=WriteVerify(60))
    crossbar, _ = Crossbar.program(jnp.zeros((40, 30)), hardware, 1.0, 1e-3, jax.random.key(0), jnp.array(stuck))
    after, counts = crossbar.write(jnp.ones((1, 40)), jnp.full((1, 30), 0.2), jax.random.key(1))
    scheme = after.scheme
    assert isinstance(scheme, WriteVerify) and scheme.failed is not None
    failed = np.argwhere(np.asarray(scheme.failed))
    assert failed.tolist() == [[0, 0, 0, 3, 4]]
    good = ~np.asarray(scheme.failed)
    assert np.abs(np.asarray(after.arrays.g)[0, 0, 0] - 60e-6)[good[0, 0, 0]].max() <= 1e-6 * (1 + 1e-4)
    assert counts.programs == 0  # every pulse and every verifying read is counted instead
    assert counts.verify_reads >= 2 * 2 * 40 * 30 and counts.verify_reads % (2 * 40 * 30) == 0
    assert float(counts.pulses) >= 10 * (2 * 40 * 30 - 1)


def test_a_budget_that_is_too_small_fails_the_cells_that_are_far():
    device = dataclasses.replace(QUIET, verify_tolerance_siemens=0.5e-6)
    targets = jnp.linspace(0, 100e-6, 101)[None, None, None, None]
    blank = Arrays(jnp.zeros_like(targets), DeviceVariation())
    arrays, failed, counts = blank.verified(device, targets, jnp.ones_like(targets), 20, jax.random.key(0))
    np.testing.assert_array_equal(np.asarray(failed)[0, 0, 0, 0], np.arange(101) > 20)
    assert np.abs(np.asarray(arrays.g - targets)[..., :21]).max() < 0.5e-6
    assert float(counts.pulses) == sum(range(21)) + 80 * 20


def tiki_taka_in_numpy(changes, every, transfer, columns=3, rows=4):
    """TTv2 (Gokmen 2021, algorithm 2) on ideal devices: A gathers, a row in turn goes to H, whole steps go to C."""
    fast, hidden, slow = (np.zeros((rows, columns)) for _ in range(3))
    for number, gradient in enumerate(changes, start=1):
        fast += gradient
        if number % every == 0:
            row = (number // every - 1) % rows
            hidden[row] += transfer * fast[row]
            whole = np.trunc(hidden[row] / STEP + 1e-9 * np.sign(hidden[row])) * STEP
            slow[row] += whole
            hidden[row] -= whole
    return slow


def test_tiki_taka_is_the_published_algorithm_on_ideal_devices():
    rng = np.random.default_rng(2)
    crossbar, _ = Crossbar.program(
        jnp.zeros((4, 3)),
        Hardware(QUIET, 4, 3, mapping=Single(), write=TikiTaka(every=2, transfer_rate=0.617, length=1)),
        1.0,
        1e-3,
        jax.random.key(0),
    )
    changes = []
    for seed in range(30):  # a train of one slot with certain pulses: the fast array moves by exactly a step
        pre, post = rng.choice([-1.0, 1.0], (1, 4)), 10 * rng.choice([-1.0, 1.0], (1, 3))
        crossbar, _ = write(crossbar, jnp.array(pre, jnp.float32), jnp.array(post, jnp.float32), jax.random.key(seed))
        changes.append(STEP * np.sign(pre.T @ post))
    np.testing.assert_allclose(crossbar.weights, tiki_taka_in_numpy(changes, 2, 0.617), atol=2e-5)
    assert np.abs(np.asarray(crossbar.weights)).max() >= STEP


def test_tiki_taka_starts_at_the_symmetry_point_of_each_device():
    device = dataclasses.replace(QUIET, response=SoftBounds(0.03, 0.01).response())
    crossbar = programmed(TikiTaka(), device, mapping=Single())
    assert isinstance(crossbar.scheme, TikiTaka) and crossbar.scheme.fast is not None
    up, down = 0.03, 0.01  # up (1 - x) = down x
    np.testing.assert_allclose(crossbar.scheme.fast.g / 100e-6, up / (up + down), rtol=5e-3)


def test_half_selected_devices_get_a_share_of_every_pulse_on_their_lines():
    device = dataclasses.replace(QUIET, half_select=0.1)
    hardware = Hardware(device, 40, 30, mapping=Single(), write=PulseCount(), passive=True)
    crossbar, _ = Crossbar.program(jnp.zeros((40, 30)), hardware, 1.0, 1e-3, jax.random.key(0))
    moved, _, counts = change(crossbar, 0.1 * np.eye(1, 40, 5), np.eye(1, 30, 7))
    steps = moved / STEP
    assert steps[5, 7] == pytest.approx(5, rel=1e-3)
    np.testing.assert_allclose(np.delete(steps[5], 7), 0.5, rtol=1e-2)
    np.testing.assert_allclose(np.delete(steps[:, 7], 5), 0.5, rtol=1e-2)
    assert np.delete(np.delete(steps, 5, 0), 7, 1).max() == 0
    assert float(counts.pulses) == 5


def test_cells_without_a_weight_are_not_half_selected():
    """5 pulses on one cell of 3 x 4 weights on an array of 40 x 30: five other cells of its lines hold weights."""
    hardware = Hardware(QUIET, 40, 30, mapping=Single(), write=PulseCount(), passive=True)
    weights = jax.random.uniform(jax.random.key(0), (3, 4), minval=-0.5, maxval=0.5)
    crossbar, _ = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(0))
    g = np.asarray(crossbar.arrays.g, float)[0, 0, 0]
    _, _, counts = change(crossbar, 0.1 * np.eye(1, 3, 1), np.eye(1, 4, 2))
    beside = g[[0, 2], 2].sum() + g[1, [0, 1, 3]].sum()
    assert float(counts.pulses) == 5
    assert float(counts.half_select_siemens) == pytest.approx(5 * beside, rel=1e-4)


def test_pulses_that_verify_half_select_too():
    """Noiseless cells 6 steps below their targets, one of them written: its row and column take a tenth of 6 pulses."""
    device = dataclasses.replace(QUIET, half_select=0.1, verify_tolerance_siemens=0.5e-6)
    g, cells = jnp.full((1, 1, 1, 3, 4), 40e-6), jnp.zeros((1, 1, 1, 3, 4)).at[..., 1, 2].set(1)
    arrays = Arrays(g, DeviceVariation())
    after, failed, counts = arrays.verified(device, g + 6e-6, cells, 20, jax.random.key(0), jnp.ones_like(g))
    steps = np.asarray(after.g - g)[0, 0, 0] / device.step_siemens
    expected = 0.6 * ((np.arange(3) == 1)[:, None] ^ (np.arange(4) == 2))
    expected[1, 2] = 6
    np.testing.assert_allclose(steps, expected, atol=1e-3)
    assert not failed.any() and float(counts.pulses) == 6


def test_one_sided_pairs_only_rise_and_are_refreshed_when_full():
    device = dataclasses.replace(QUIET, one_sided=True)
    crossbar = programmed(PulseCount(), device, mapping=Pair(0.0))
    rises = 0
    for seed in range(20):
        post = np.full((1, 30), 0.1 if seed % 2 else -0.1)
        before = np.asarray(crossbar.arrays.g)
        moved, crossbar, counts = change(crossbar, np.ones((1, 40)), post, seed)
        np.testing.assert_allclose(moved, post[0, 0], atol=2e-5)
        if float(counts.programs) == 0:
            assert (np.asarray(crossbar.arrays.g) >= before - 1e-12).all()
            rises += 1
    assert 15 <= rises < 20


@pytest.mark.parametrize("mapping", [Single(), Slices(2, 4)])
def test_one_sided_devices_without_a_partner_are_programmed_to_their_targets(mapping):
    """Verified writes reset and program again, so nothing fills up and no pair is refreshed."""
    device = dataclasses.replace(QUIET, one_sided=True)
    crossbar = programmed(WriteVerify(), device, mapping=mapping)
    moved, after, _ = change(crossbar, np.ones((1, 40)), np.full((1, 30), -0.25), 0)
    assert after.arrays.g.shape == crossbar.arrays.g.shape
    np.testing.assert_allclose(moved, -0.25, atol=0.5 / 15)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_slices_hold_weights_to_half_a_last_digit(count):
    weights = jax.random.uniform(jax.random.key(0), (40, 30), minval=-1, maxval=1)
    hardware = Hardware(QUIET, 40, 30, mapping=Slices(count, 4), write=WriteVerify())
    crossbar, counts = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(0))
    error = np.abs(np.asarray(crossbar.weights - weights))
    assert error.max() <= 0.5 / (4**count - 1) * (1 + 1e-4)
    levels = np.asarray(crossbar.arrays.g) / (100e-6 / 3)
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    assert counts.programs == 2 * count * 40 * 30


def test_parts_that_do_not_go_together_are_refused():
    with pytest.raises(InputError, match="write-verify"):
        Hardware(QUIET, mapping=Slices(), write=PulseTrains())
    with pytest.raises(InputError, match="one-sided"):
        Hardware(dataclasses.replace(QUIET, one_sided=True), mapping=Single(), write=PulseTrains())
    with pytest.raises(InputError, match="access_ohms"):
        Hardware(QUIET, passive=True, access_ohms=100.0)


def test_layout_counts_the_pulses_of_a_unit_of_weight():
    layout = Layout(QUIET, Pair(50e-6), 1.0)
    assert layout.pulses_per_weight == pytest.approx(100)
    assert layout.steps_per_weight == pytest.approx(50)
    assert Outer(jnp.ones((2, 1, 3)), jnp.ones((2, 2, 5))).macs == 2 * 3 * 10


KINDS = ("taox-1t1r", "neurosim-hzo-fefet", "aihwkit-reram-es", "aihwkit-reram-sb", "aihwkit-pcm")
"""A device of each kind of response, one-sided ones and such with individuals among them."""


SPEEDS = {
    "taox-1t1r": lambda x: (step_share("taox-1t1r"),) * 2,
    "neurosim-hzo-fefet": lambda x: exponential_speeds(x, 32, 1.75, 1.46),
    "aihwkit-reram-es": lambda x: (
        0.00135 * (1 - 0.0) / 2 * (1 + 1.18445 * np.exp(-5 * x)),
        0.00135 * (1 - 0.259359) / 2 * (1 + 0.081404 * np.exp(5 * x)),
    ),
    "aihwkit-reram-sb": lambda x: (0.002 / 1.25 * (1 - x), 0.002 / 0.75 * x),
    "aihwkit-pcm": lambda x: (0.005 * (1 + 27.235 * np.exp(-5 * x)), 0.0),
}
"""dx/dn up and down, from the publications, in shares of the range."""


def step_share(name):
    response = devices.load(name).response
    assert response.kind == "linear-step"
    return response.up.nominal


@functools.cache
def neurosim_curve(label):
    """Positions, over the share of all pulses, of the curve whose farthest point lies 0.07 |label| off the diagonal."""
    p, (low, high), a = np.linspace(0, 1, 20001), (1e-3, 1e4), 1.0
    for _ in range(60):
        a = np.sqrt(low * high)
        bulge = np.max(-np.expm1(-p / a) / -np.expm1(-1 / a) - p) / np.sqrt(2)
        low, high = (a, high) if bulge > 0.07 * abs(label) else (low, a)
    a = np.sign(label) * a
    return p, -np.expm1(-p / a) / -np.expm1(-1 / a)


def exponential_speeds(x, pulses, ltp, ltd):
    """Slopes of NeuroSim's curves by differences along them; depression is the mirror image of a curve."""
    slopes = []
    for label, at in ((ltp, x), (-ltd, 1 - x)):
        p, curve = neurosim_curve(label)
        place = min(int(np.searchsorted(curve, at)), len(p) - 2)
        slopes.append((curve[place + 1] - curve[place]) / (p[place + 1] - p[place]) / pulses)
    return slopes


def driven(name, x, up, down, parts=200):
    """Positions after pulses of both signs that take turns, by many small steps."""
    for _ in range(parts):
        speeds = SPEEDS[name](x)
        x = x + up / parts * speeds[0] - down / parts * speeds[1]
    return x


def average_hardware(name, scheme, rows=40, columns=40):
    """Every device like the mean one, every pulse like the mean one."""
    device = devices.preset(name)
    mapping = Pair(0.0 if device.one_sided else float(device.range_siemens / 2))
    hardware = Hardware(device, rows, columns, mapping=mapping, write=scheme)
    return hardware.without("device_spread", "pulse_scatter", "write_error", "read_noise")


@pytest.mark.parametrize("name", KINDS)
def test_trains_move_weights_as_far_as_the_published_steps_say(name):
    hardware = average_hardware(name, PulseTrains())
    device, (wanted, writes) = hardware.device, (0.08, 6)
    start, _ = Crossbar.program(jnp.zeros((40, 40)), hardware, 1.0, 1e-3, jax.random.key(0))
    middle = 0.0 if device.one_sided else 0.5
    mean_step = SPEEDS[name](0.5)[0] if device.one_sided else sum(SPEEDS[name](0.5)) / 2
    pulses = writes * wanted / mean_step / (1 if device.one_sided else 2)
    fallen = middle if device.one_sided else driven(name, middle, 0.0, pulses)
    for sign in (1, -1):
        crossbar, ends = start, (jnp.ones((64, 40)), jnp.full((64, 40), sign * wanted / 64))
        for seed in range(writes):
            crossbar, _ = write(crossbar, *ends, jax.random.key(seed))
        expected = sign * (driven(name, middle, pulses, 0.0) - fallen)
        assert float(crossbar.weights.mean()) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("name", ["taox-1t1r", "aihwkit-reram-sb", "aihwkit-reram-es"])
def test_tiki_taka_passes_on_what_its_fast_array_gathers(name):
    """In the mean: A moves along the device's curve from its symmetry point; a row of it goes to the buffer each write,
    and what has left the buffer stands on the slow array."""
    hardware = average_hardware(name, TikiTaka(fast_rate=0.3, transfer_rate=0.7), 8, 64)
    crossbar, _ = Crossbar.program(jnp.zeros((8, 64)), hardware, 1.0, 1e-3, jax.random.key(0))
    symmetric = 0.5
    if name != "taox-1t1r":  # where a pulse up and a pulse down cancel
        x = np.linspace(0, 1, 100_001)
        symmetric = float(x[np.abs(np.subtract(*SPEEDS[name](x))).argmin()])
    ends = jnp.ones((64, 8)), jnp.full((64, 64), 0.08 / 64)
    pulses = 0.08 * 0.3 / (sum(SPEEDS[name](0.5)) / 2) / 2
    raised, lowered = (symmetric, symmetric)
    passed = np.zeros(8)
    for number in range(24):
        crossbar, _ = write(crossbar, *ends, jax.random.key(number))
        raised, lowered = driven(name, raised, pulses, 0.0, 20), driven(name, lowered, 0.0, pulses, 20)
        passed[number % 8] += 0.7 * (raised - lowered)
    scheme = crossbar.scheme
    assert isinstance(scheme, TikiTaka) and scheme.buffer is not None
    steps = (passed[:, None] - np.asarray(scheme.buffer)[0, 0]).mean() / sum(SPEEDS[name](0.5))
    expected = driven(name, 0.5, steps, 0.0) - driven(name, 0.5, 0.0, steps)
    assert steps > 10
    assert float(crossbar.weights.mean()) == pytest.approx(expected, rel=0.07)


def test_tiki_takas_fast_array_takes_changes_so_many_times_as_large():
    crossbar = programmed(TikiTaka(every=1000, fast_rate=3.0), mapping=Single())
    assert isinstance(crossbar.scheme, TikiTaka) and crossbar.scheme.fast is not None
    before = crossbar.scheme.fast.g
    _, after, _ = change(crossbar, np.ones((1, 40)), np.full((1, 30), 0.02))
    moved = np.asarray(after.scheme.fast.g - before)
    assert moved.mean() == pytest.approx(3 * 0.02 * 100e-6 / 2, rel=0.1)


@pytest.mark.parametrize("mapping", [Single(), Pair(50e-6)])
def test_tiki_taka_reads_its_fast_array_with_the_noise_of_its_devices(mapping):
    """One row a write, nothing to write: its buffer is a reading of zero, the variances of its devices added."""
    sigma = 0.05e-6  # far below a step, so that nothing leaves the buffer
    device = dataclasses.replace(QUIET, read_noise_siemens=sigma)
    crossbar = programmed(TikiTaka(transfer_rate=0.5), device, mapping=mapping)
    for seed in range(40):
        _, crossbar, _ = change(crossbar, np.zeros((1, 40)), np.zeros((1, 30)), seed)
    scheme = crossbar.scheme
    assert isinstance(scheme, TikiTaka) and scheme.buffer is not None
    weight = sigma / (mapping.siemens_per_weight(device, 1.0)) * np.sqrt(mapping.devices)
    assert np.asarray(scheme.buffer).std() == pytest.approx(0.5 * weight, rel=0.06)


def test_mixed_precision_waits_for_its_threshold_and_writes_all_of_it():
    crossbar = programmed(MixedPrecision(threshold_steps=3.0))
    for number in range(1, 5):  # 0.9 steps each: 0.9, 1.8, 2.7, then 3.6, of which 3 are whole
        moved, crossbar, _ = change(crossbar, np.ones((1, 40)), np.full((1, 30), 0.9 * STEP), number)
        np.testing.assert_allclose(moved, 3 * STEP if number == 4 else 0, atol=1e-5)
    assert isinstance(crossbar.scheme, MixedPrecision) and crossbar.scheme.accumulated is not None
    np.testing.assert_allclose(crossbar.scheme.accumulated, 0.6 * STEP, rtol=1e-3)


@pytest.mark.parametrize("errors", [0.5, 2.0])
def test_error_aware_changes_below_the_threshold_become_the_threshold(errors):
    sigma = 1e-6
    crossbar = programmed(ErrorAware(errors), dataclasses.replace(QUIET, write_error=(sigma,)), mapping=Single())
    siemens = 0.2e-6
    written = np.concatenate(
        [
            np.asarray(change(crossbar, np.ones((1, 40)), np.full((1, 30), siemens / 50e-6), s)[1].arrays.g).ravel()
            - np.asarray(crossbar.arrays.g).ravel()
            for s in range(20)
        ]
    )
    moved = written[written != 0]
    assert len(moved) / len(written) == pytest.approx(siemens / (errors * sigma), rel=0.05)
    assert moved.mean() == pytest.approx(errors * sigma, abs=5 * sigma / np.sqrt(len(moved)))


def test_what_pulses_pass_is_counted_at_the_mean_conductance_of_each():
    """4 pulses of 1 uS up and 2 down; in a passive array also what each pulse's row and column neighbours pass."""
    g = np.linspace(10e-6, 80e-6, 12).reshape(1, 1, 1, 3, 4)
    up, down = np.zeros(g.shape), np.zeros(g.shape)
    up[..., 0, 1], down[..., 2, 3] = 4, 2
    arrays = Arrays(jnp.array(g, jnp.float32), DeviceVariation())
    raised, lowered = jnp.array(up, jnp.float32), jnp.array(down, jnp.float32)
    _, counts = arrays.pulsed(QUIET, raised, lowered, jax.random.key(0), passive_cells=jnp.ones(g.shape))
    mean = g[0, 0, 0] + 0.5e-6 * (up - down)[0, 0, 0]
    assert float(counts.up_siemens) == pytest.approx(4 * (g[0, 0, 0, 0, 1] + 2e-6), rel=1e-5)
    assert float(counts.down_siemens) == pytest.approx(2 * (g[0, 0, 0, 2, 3] - 1e-6), rel=1e-5)
    beside = 4 * (mean[0].sum() + mean[:, 1].sum() - 2 * mean[0, 1])
    beside += 2 * (mean[2].sum() + mean[:, 3].sum() - 2 * mean[2, 3])
    assert float(counts.half_select_siemens) == pytest.approx(beside, rel=1e-5)
    assert float(counts.pulses) == 6 and counts.pulsed_rows == 3
    targets = jnp.array(g + 6e-6, jnp.float32)
    _, counts = arrays.programmed(QUIET, targets, jnp.array(up > 0, jnp.float32), jax.random.key(0))
    assert float(counts.programs) == 1 and counts.programmed_rows == 3
    assert float(counts.program_siemens) == pytest.approx(g[0, 0, 0, 0, 1] + 3e-6, rel=1e-5)


def test_rows_are_read_once_more_than_they_are_pulsed_to_verify():
    """Goals 10 steps off: half of a budget of 20 brings them there in one turn; a budget of 8 takes 4, 2, 1 and 1."""
    targets = jnp.full((1, 1, 1, 5, 3), 60e-6)
    start = Arrays(targets - 10e-6, DeviceVariation())
    device = dataclasses.replace(QUIET, verify_tolerance_siemens=0.5e-6)
    for budget, turns in ((20, 1), (8, 4)):
        _, _, counts = start.verified(device, targets, jnp.ones_like(targets), budget, jax.random.key(0))
        assert float(counts.verified_rows) == 5 * (1 + turns)
        assert float(counts.verify_reads) == 15 * (1 + turns)
        assert float(counts.pulsed_rows) == 5 * turns


def test_a_crossbar_ages_by_the_seconds_that_pass():
    """Weights fade with exp(-t / lifetime), reads with them, and the recipe's age is that time."""
    device = dataclasses.replace(QUIET, aging=Retention(100.0))
    weights = jnp.full((40, 30), 0.5)
    hardware = Hardware(device, 40, 30, mapping=Pair(0.0)).without("dac", "adc")
    crossbar, _ = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(0))
    np.testing.assert_allclose(crossbar.aged(70.0).weights, 0.5 * np.exp(-0.7), rtol=1e-4)
    y, _ = crossbar.aged(70.0).read(jnp.ones((1, 40)), jax.random.key(0))
    np.testing.assert_allclose(y, 20 * np.exp(-0.7), rtol=1e-3)
    chips = jax.tree.map(lambda leaf: leaf[None] if eqx.is_array(leaf) else leaf, (crossbar,))
    (old,) = arms.aged(Evaluation.model_validate({"age_seconds": 70.0}), chips)
    assert isinstance(old, Crossbar)
    np.testing.assert_allclose(old.arrays.g, crossbar.aged(70.0).arrays.g[None], rtol=1e-6)


@pytest.mark.parametrize("name", [*KINDS, "neurosim-gst-pcm"])
def test_any_number_of_pulses_leaves_a_number(name):
    device = devices.preset(name)
    g = jnp.linspace(device.g_min_siemens, device.g_max_siemens, 300)
    for many in (1.0, 1e3, 1e6):
        for up, down in ((many, 0.0), (0.0, many), (many, many)):
            after = np.asarray(device.pulse(g, jnp.full_like(g, up), jnp.full_like(g, down), jax.random.key(0)))
            assert np.isfinite(after).all()
            assert after.min() >= device.g_min_siemens * (1 - 1e-6) - 1e-12
            assert after.max() <= device.g_max_siemens * (1 + 1e-6)


@pytest.mark.parametrize("case", ["access", "wires", "aged"])
def test_a_reference_column_cancels_what_it_shares_with_the_others(case):
    device = dataclasses.replace(QUIET, aging=Retention(100.0) if case == "aged" else None)
    access, wires = (5e3 if case == "access" else 0.0), (Wires(0.0, 5.0) if case == "wires" else None)
    hardware = Hardware(device, 40, 30, mapping=Single(), access_ohms=access, wires=wires).without("dac", "adc")
    crossbar, _ = Crossbar.program(jnp.zeros((40, 30)), hardware, 1.0, 1e-3, jax.random.key(0))
    crossbar = crossbar.aged(50.0)
    y, counts = crossbar.read(jnp.ones((1, 40)), jax.random.key(2))
    np.testing.assert_allclose(y, 0, atol=2e-4)
    x, _ = crossbar.read_transposed(jax.random.uniform(jax.random.key(3), (2, 30)), jax.random.key(2))
    np.testing.assert_allclose(x, 0, atol=2e-4)
    assert float(counts.read_watts) > 0


def test_slices_that_are_not_rounded_hold_any_weight_within_bounds():
    weights = jax.random.uniform(jax.random.key(0), (40, 30), minval=-1, maxval=1)
    for count, base in ((2, 4), (4, 3), (3, 16)):
        hardware = Hardware(QUIET, 40, 30, mapping=Slices(count, base), write=WriteVerify()).only("conductance_bounds")
        crossbar, _ = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(0))
        np.testing.assert_allclose(crossbar.weights, weights, atol=1e-6)


def test_bound_management_reads_again_and_pays_for_every_read():
    hardware = Hardware(QUIET, 40, 30, adc=Adc(8, bound_management=True))
    plain = Hardware(QUIET, 40, 30, adc=Adc(8))
    x = jax.random.uniform(jax.random.key(1), (7, 40), minval=0.5)
    weights = jax.random.uniform(jax.random.key(0), (40, 30))
    exact, error, watts = x @ weights, {}, {}
    for name, each in (("managed", hardware), ("plain", plain)):
        crossbar, _ = Crossbar.program(weights, each, 1.0, 1e-4, jax.random.key(0))
        y, counts = crossbar.read(x, jax.random.key(2))
        error[name], watts[name] = float(jnp.abs(y - exact).max()), float(counts.read_watts)
        assert (counts.reads > 7) == (name == "managed")
    assert error["managed"] < 0.1 * error["plain"]
    assert 1 < watts["managed"] / watts["plain"] < 4 / 3
