"""Oracle: Ohm's and Kirchhoff's laws summed device by device in numpy, closed forms of the noise and of converters."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices
from ohmgrad.crossbar import EFFECTS, Adc, Dac, Hardware, Pair, Wires
from ohmgrad.crossbar.converters import quantise
from ohmgrad.crossbar.schemes import WriteVerify
from ohmgrad.devices.aging import Retention
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.memristor import Spread
from ohmgrad.devices.response import LinearStep
from ohmgrad.synapses import Crossbar

DEVICE = devices.preset("taox-1t1r")
VOLTS, RANGE = 0.2, 150e-6


def make(hardware: Hardware, shape=(61, 63), weight_max=0.5, full_scale=4e-4, seed=0):
    weights = 0.1 * jax.random.normal(jax.random.key(seed), shape)
    crossbar, counts = Crossbar.program(weights, hardware, weight_max, full_scale, jax.random.key(seed + 1))
    return weights, crossbar, counts


def inputs(rows, batch=5, seed=3):
    return jax.random.uniform(jax.random.key(seed), (batch, rows), minval=-1, maxval=1)


def amperes(crossbar, x, transposed=False):
    """Line currents of both arrays, device by device, in double precision: shape (batch, outputs)."""
    g = np.asarray(crossbar.arrays.g, np.float64)
    rows, columns = g.shape[3:]
    height, width = crossbar.shape
    out = np.zeros((len(x), height if transposed else width))
    for i in range(height):
        for j in range(width):
            plus, minus = g[i // rows, j // columns, :, i % rows, j % columns]
            drive, line = (j, i) if transposed else (i, j)
            out[:, line] += VOLTS * np.asarray(x, np.float64)[:, drive] * (plus - minus)
    return out


@pytest.mark.parametrize("shape", [(61, 63), (10, 7), (130, 65)])
def test_read_is_the_current_that_kirchhoff_gives(shape):
    _, crossbar, _ = make(Hardware(DEVICE).only("write_error"), shape)
    x, y = inputs(shape[0]), inputs(shape[1])
    scale = VOLTS * RANGE / 0.5
    ours, _ = crossbar.read(x, jax.random.key(0))
    back, _ = crossbar.read_transposed(y, jax.random.key(0))
    expected, expected_back = amperes(crossbar, x), amperes(crossbar, y, transposed=True)
    np.testing.assert_allclose(ours * scale, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(back * scale, expected_back, rtol=1e-5, atol=1e-6 * np.abs(expected_back).max())


def test_cell_power_is_the_sum_of_voltage_squared_times_conductance():
    _, crossbar, _ = make(Hardware(DEVICE).only("write_error"), (10, 7))
    x = inputs(10)
    _, counts = crossbar.read(x, jax.random.key(0))
    g = np.asarray(crossbar.arrays.g, np.float64)[0, 0]
    volts = VOLTS * np.asarray(x, np.float64)
    watts = sum(v**2 * g[pair, i, j] for row in volts for i, v in enumerate(row) for j in range(64) for pair in (0, 1))
    assert float(counts.read_watts) == pytest.approx(watts, rel=1e-5)


def test_counts_are_the_shapes():
    _, crossbar, _ = make(Hardware(DEVICE), (130, 65))
    _, counts = crossbar.read(inputs(130), jax.random.key(0))
    assert (counts.reads, counts.macs) == (5, 5 * 130 * 65)
    assert counts.dac_conversions == 5 * 2 * 2 * 130  # every row of both arrays, on each of two tiles side by side
    assert counts.adc_conversions == 5 * 3 * 65  # every column of each of three row tiles
    _, counts = crossbar.read_transposed(inputs(65), jax.random.key(0))
    assert counts.dac_conversions == 5 * 2 * 3 * 65  # every column, on each of the three tiles above one another
    assert counts.adc_conversions == 5 * 2 * 130


def test_read_noise_has_the_closed_form_of_independent_devices():
    _, crossbar, _ = make(Hardware(DEVICE).only("read_noise"))
    x = jnp.tile(inputs(61, batch=1), (20_000, 1))
    noisy, _ = crossbar.read(x, jax.random.key(5))
    sigma = DEVICE.read_noise_siemens * np.sqrt(2 * float(jnp.square(x[0]).sum())) / (RANGE / 0.5)
    exact = amperes(crossbar, x[:1])[0] / (VOLTS * RANGE / 0.5)
    assert np.asarray(noisy).std(0) == pytest.approx(sigma, rel=0.03)
    assert np.abs(np.asarray(noisy).mean(0) - exact).max() < 5 * sigma / np.sqrt(20_000)


def test_noise_is_fresh_at_every_read():
    _, crossbar, _ = make(Hardware(DEVICE).only("read_noise"))
    x = inputs(61)
    first, second = (crossbar.read(x, jax.random.key(seed))[0] for seed in (1, 2))
    assert (first != second).all()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_converters_have_evenly_spaced_levels_zero_among_them(bits):
    levels = np.unique(np.asarray(quantise(jnp.linspace(-3, 3, 100_001), bits, 2.0)))
    assert len(levels) == 2**bits - 1
    assert 0 in levels
    np.testing.assert_allclose(np.diff(levels), 2.0 / (2 ** (bits - 1) - 1), rtol=1e-5)
    assert (levels[0], levels[-1]) == (-2, 2)


def test_converters_round_to_the_nearest_level():
    signal = np.linspace(-1, 1, 1001)
    step = 1 / 7
    assert np.abs(np.asarray(quantise(jnp.array(signal), 4, 1.0)) - signal).max() <= step / 2 + 1e-6


def test_adc_clips_every_tile_at_its_full_scale():
    hardware = Hardware(DEVICE).only("adc")
    weights = jnp.full((128, 1), 0.5)
    crossbar, _ = Crossbar.program(weights, hardware, 0.5, 1e-4, jax.random.key(0))
    y, _ = crossbar.read(jnp.ones((1, 128)), jax.random.key(0))
    assert float(y[0, 0]) == pytest.approx(2 * 1e-4 / (VOLTS * RANGE / 0.5), rel=1e-5)


FLAWED = Hardware(
    dataclasses.replace(
        DEVICE,
        response=LinearStep.of_steps(0.05, 0.02, 1.0, 0.5),
        cubic_per_square_volt=5.0,
        half_select=0.05,
        aging=Retention(100.0),
        spread=Spread(g_max=0.2, step=0.3),
        faults=Faults(stuck_at_min=0.1),
    ),
    dac=Dac(4),
    adc=Adc(4),
    wires=Wires(5.0, 5.0),
    passive=True,
)
"""A device and arrays with every effect there is."""


@pytest.mark.parametrize("effect", EFFECTS)
def test_each_effect_alone_changes_something_and_without_it_nothing_of_it_is_left(effect):
    ideal, alone = FLAWED.only(), FLAWED.only(effect)
    assert alone != ideal
    assert alone.without(effect) == ideal
    weights = 0.3 * jax.random.normal(jax.random.key(0), (20, 10))
    x, pre, post = inputs(20, 4), inputs(20, 4, 7), 0.2 * inputs(10, 4, 8)
    exact = x @ (weights + pre.T @ post)

    def deviation(hardware):
        crossbar, _ = Crossbar.program(weights, hardware, 0.5, 4e-4, jax.random.key(1))
        crossbar, _ = crossbar.write(pre, post, jax.random.key(2))
        crossbar = crossbar.aged(10.0, jax.random.key(4))
        return np.abs(crossbar.read(x, jax.random.key(3))[0] - exact).max()

    assert deviation(ideal) < 1e-4
    assert deviation(alone) > 1e-3


def test_programming_lands_with_the_published_error():
    """He et al. 2026: sigma 3.894 uS after write-and-verify, on cells far from the ends of the range."""
    hardware = Hardware(DEVICE, mapping=Pair(75e-6))
    crossbar, counts = Crossbar.program(jnp.zeros((64, 64)), hardware, 0.5, 4e-4, jax.random.key(0))
    g = np.asarray(crossbar.arrays.g)
    assert g.std() == pytest.approx(3.894e-6, rel=0.03)
    assert g.mean() == pytest.approx(75e-6, abs=5 * 3.894e-6 / np.sqrt(g.size))
    assert counts.programs == 2 * 64 * 64
    assert float(counts.program_siemens) == pytest.approx(g.sum(dtype=np.float64) / 2, rel=1e-5)


def test_write_verify_leaves_cells_within_tolerance_alone_and_programs_the_others():
    hardware = Hardware(DEVICE, scheme=WriteVerify(), mapping=Pair(75e-6))
    crossbar, _ = Crossbar.program(jnp.zeros((2, 2)), hardware, 0.5, 4e-4, jax.random.key(0))
    siemens_per_weight = RANGE / 0.5
    small, large = 9e-6 / siemens_per_weight, 11e-6 / siemens_per_weight  # half of it on each device of a pair
    post = jnp.array([[small, large]])
    after, counts = crossbar.write(jnp.array([[1.0, 0.0]]), post, jax.random.key(1))
    changed = np.argwhere(np.asarray(after.arrays.g != crossbar.arrays.g))
    assert {tuple(place[2:]) for place in changed} == {(0, 0, 1), (1, 0, 1)}
    assert counts.programs == 2
    again, counts = after.write(jnp.array([[1.0, 0.0]]), post, jax.random.key(2))
    assert counts.programs == 4  # the small change has now added up beyond the tolerance
    assert isinstance(again.scheme, WriteVerify)
    assert again.scheme.programmed is not None
    assert np.asarray(again.scheme.programmed)[0, 0, :, 0, 1] * 1e6 == pytest.approx([75 + 11, 75 - 11], rel=1e-5)


def test_preset_holds_the_published_figures():
    preset = devices.load("taox-1t1r")
    assert preset.g_max_siemens.nominal == 150e-6
    assert preset.write_error_siemens.nominal == 3.894e-6
    assert preset.verify_tolerance_siemens.nominal == 5e-6
    assert preset.read_volts.nominal == 0.2
    assert {preset.write_error_siemens.basis, preset.read_volts.basis, preset.g_max_siemens.basis} == {"published"}
    assert {preset.pulse_noise_siemens.basis, preset.read_noise_siemens.basis} == {"assumption"}
