"""Oracles: binomial statistics, closed forms of expected writes, the published algorithms coded anew in plain numpy."""

import dataclasses

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
from ohmgrad.devices.memristor import Individuals, Memristor
from ohmgrad.devices.response import LinearStep
from ohmgrad.errors import InputError
from ohmgrad.synapses import Crossbar

QUIET = Memristor(0.0, 100e-6, 0.2, response=LinearStep(0.01, 0.01))
"""Steps of 1 uS both ways, nothing else."""
STEP = 0.02
"""What one pulse on both devices of a pair changes, for a largest weight of 1."""


MIDWAY = Pair(50e-6)


def programmed(scheme, device=QUIET, mapping: Mapping = MIDWAY, weight=0.0, shape=(40, 30)):
    hardware = Hardware(device, 40, 30, mapping=mapping, scheme=scheme)
    return Crossbar.program(jnp.full(shape, weight), hardware, 1.0, 1e-3, jax.random.key(0))[0]


@eqx.filter_jit
def write(crossbar, pre, post, key):
    return crossbar.write(pre, post, key)


def change(crossbar, pre, post, seed=1):
    after, counts = write(crossbar, jnp.array(pre, jnp.float32), jnp.array(post, jnp.float32), jax.random.key(seed))
    return np.asarray(after.weights - crossbar.weights, np.float64), after, counts


@pytest.mark.parametrize("slots", [1, 10, 31, 1984])
@pytest.mark.parametrize("chance", [3e-4, 0.003, 0.1, 0.9])
def test_coincidences_of_one_vector_are_binomial(slots, chance):
    n = 200_000
    mean = jnp.full(n, slots * chance, jnp.float32)
    up, down = (np.asarray(c, np.float64) for c in coincidences(mean, mean, float(slots), jax.random.key(0)))
    expected = stats.binom(slots, chance)
    for count in (up, down):
        assert count.mean() == pytest.approx(
            expected.mean(), abs=5 * expected.std() / np.sqrt(n) + 5e-3 * expected.mean()
        )
        assert count.var() == pytest.approx(expected.var(), rel=0.06, abs=1e-3)
    assert abs(np.corrcoef(up, down)[0, 1]) < 0.01
    if slots * chance < 1.5:
        for k in range(4):
            assert (up == k).mean() == pytest.approx(stats.binom.pmf(k, slots, chance), abs=5 / np.sqrt(n))


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
    owed = np.asarray(crossbar.scheme.left)[0, 0]
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
    hardware = Hardware(device, 40, 30, mapping=Pair(50e-6), scheme=WriteVerify(60))
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
    goals = jnp.linspace(0, 100e-6, 101)[None, None, None, None]
    blank = Arrays(jnp.zeros_like(goals), Individuals())
    arrays, failed, counts = blank.verified(device, goals, jnp.ones_like(goals), 20, jax.random.key(0))
    np.testing.assert_array_equal(np.asarray(failed)[0, 0, 0, 0], np.arange(101) > 20)
    assert np.abs(np.asarray(arrays.g - goals)[..., :21]).max() < 0.5e-6
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
        Hardware(QUIET, 4, 3, mapping=Single(), scheme=TikiTaka(every=2, transfer_rate=0.617, length=1)),
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
    device = dataclasses.replace(QUIET, response=LinearStep.of_steps(0.03, 0.01, 1.0, 1.0))
    crossbar = programmed(TikiTaka(), device, mapping=Single())
    assert isinstance(crossbar.scheme, TikiTaka) and crossbar.scheme.fast is not None
    up, down = 0.03, 0.01  # up (1 - x) = down x
    np.testing.assert_allclose(crossbar.scheme.fast.g / 100e-6, up / (up + down), rtol=5e-3)


def test_half_selected_devices_get_a_share_of_every_pulse_on_their_lines():
    device = dataclasses.replace(QUIET, half_select=0.1)
    hardware = Hardware(device, 40, 30, mapping=Single(), scheme=PulseCount(), passive=True)
    crossbar, _ = Crossbar.program(jnp.zeros((40, 30)), hardware, 1.0, 1e-3, jax.random.key(0))
    moved, _, counts = change(crossbar, 0.1 * np.eye(1, 40, 5), np.eye(1, 30, 7))
    steps = moved / STEP
    assert steps[5, 7] == pytest.approx(5, rel=1e-3)
    np.testing.assert_allclose(np.delete(steps[5], 7), 0.5, rtol=1e-2)
    np.testing.assert_allclose(np.delete(steps[:, 7], 5), 0.5, rtol=1e-2)
    assert np.delete(np.delete(steps, 5, 0), 7, 1).max() == 0
    assert float(counts.pulses) == 5


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


@pytest.mark.parametrize("count", [1, 2, 3])
def test_slices_hold_weights_to_half_a_last_digit(count):
    weights = jax.random.uniform(jax.random.key(0), (40, 30), minval=-1, maxval=1)
    hardware = Hardware(QUIET, 40, 30, mapping=Slices(count, 4), scheme=WriteVerify())
    crossbar, counts = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(0))
    error = np.abs(np.asarray(crossbar.weights - weights))
    assert error.max() <= 0.5 / (4**count - 1) * (1 + 1e-4)
    levels = np.asarray(crossbar.arrays.g) / (100e-6 / 3)
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    assert counts.programs == 2 * count * 40 * 30


def test_parts_that_do_not_go_together_are_refused():
    with pytest.raises(InputError, match="write-verify"):
        Hardware(QUIET, mapping=Slices(), scheme=PulseTrains())
    with pytest.raises(InputError, match="one-sided"):
        Hardware(dataclasses.replace(QUIET, one_sided=True), mapping=Single(), scheme=PulseTrains())
    with pytest.raises(InputError, match="access_ohms"):
        Hardware(QUIET, passive=True, access_ohms=100.0)


def test_layout_counts_the_pulses_of_a_unit_of_weight():
    layout = Layout(QUIET, Pair(50e-6), 1.0)
    assert layout.pulses_per_weight == pytest.approx(100)
    assert layout.steps_per_weight == pytest.approx(50)
    assert Outer(jnp.ones((2, 1, 3)), jnp.ones((2, 2, 5))).macs == 2 * 3 * 10


KINDS = ("taox-1t1r", "neurosim-hzo-fefet", "aihwkit-reram-es", "aihwkit-reram-sb", "aihwkit-pcm")
"""A device of each kind of response, one-sided ones and such with individuals among them."""


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_device_trains_a_weight_in_the_wanted_direction(name):
    device = devices.preset(name)
    mapping = Pair(0.0 if device.one_sided else device.range_siemens / 2)
    hardware = Hardware(device, 8, 8, mapping=mapping, scheme=PulseTrains())
    crossbar, _ = Crossbar.program(jnp.zeros((8, 8)), hardware, 1.0, 1e-3, jax.random.key(0))

    @eqx.filter_jit
    def trained(crossbar, post):
        def step(crossbar, key):
            return crossbar.write(jnp.ones((4, 8)), post, key)[0], None

        return jax.lax.scan(step, crossbar, jax.random.split(jax.random.key(1), 20))[0].weights.mean()

    post = jnp.full((4, 8), 0.02)
    assert float(trained(crossbar, post)) > float(crossbar.weights.mean()) > float(trained(crossbar, -post))


@pytest.mark.parametrize("name", ["taox-1t1r", "aihwkit-reram-sb", "aihwkit-reram-es"])
def test_tiki_taka_trains_every_kind_of_device(name):
    device = devices.preset(name)
    hardware = Hardware(device, 8, 8, mapping=Pair(device.range_siemens / 2), scheme=TikiTaka())
    crossbar, _ = Crossbar.program(jnp.zeros((8, 8)), hardware, 1.0, 1e-3, jax.random.key(0))

    @eqx.filter_jit
    def trained(crossbar):
        def step(crossbar, key):
            return crossbar.write(jnp.ones((4, 8)), jnp.full((4, 8), 0.02), key)[0], None

        return jax.lax.scan(step, crossbar, jax.random.split(jax.random.key(1), 40))[0].weights.mean()

    assert float(trained(crossbar)) > float(crossbar.weights.mean())


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
    crossbar = crossbar.aged(50.0, jax.random.key(1))
    y, counts = crossbar.read(jnp.ones((1, 40)), jax.random.key(2))
    np.testing.assert_allclose(y, 0, atol=2e-4)
    x, _ = crossbar.read_transposed(jax.random.uniform(jax.random.key(3), (2, 30)), jax.random.key(2))
    np.testing.assert_allclose(x, 0, atol=2e-4)
    assert float(counts.read_watts) > 0


def test_slices_that_are_not_rounded_hold_any_weight_within_bounds():
    weights = jax.random.uniform(jax.random.key(0), (40, 30), minval=-1, maxval=1)
    for count, base in ((2, 4), (4, 3), (3, 16)):
        hardware = Hardware(QUIET, 40, 30, mapping=Slices(count, base), scheme=WriteVerify()).only("conductance_bounds")
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
