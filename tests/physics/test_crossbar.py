"""Oracle: Ohm's and Kirchhoff's laws summed device by device in numpy, closed forms of the noise and of converters."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices
from ohmgrad.crossbar import EFFECTS, Adc, Dac, Hardware, Pair, Single, Slices, Wires, tiles
from ohmgrad.crossbar.arrays import Arrays
from ohmgrad.crossbar.converters import quantise
from ohmgrad.crossbar.schemes import WriteVerify
from ohmgrad.devices.aging import Retention
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.memristor import Flicker, Spread
from ohmgrad.devices.response_models import WholeSteps
from ohmgrad.errors import InputError
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


def test_digits_of_a_weight_are_driven_and_converted_one_by_one():
    """Three pairs per weight: six devices' rows take an input each, three lines per column a conversion."""
    _, crossbar, _ = make(Hardware(DEVICE, mapping=Slices(3, 4), write=WriteVerify()), (10, 7))
    _, counts = crossbar.read(inputs(10), jax.random.key(0))
    assert counts.dac_conversions == 5 * 6 * 10
    assert counts.adc_conversions == 5 * 3 * 7


def test_read_noise_has_the_closed_form_of_independent_devices():
    _, crossbar, _ = make(Hardware(DEVICE).only("read_noise"))
    x = jnp.tile(inputs(61, batch=1), (20_000, 1))
    noisy, _ = crossbar.read(x, jax.random.key(5))
    sigma = DEVICE.read_noise_siemens * np.sqrt(2 * float(jnp.square(x[0]).sum())) / (RANGE / 0.5)
    exact = amperes(crossbar, x[:1])[0] / (VOLTS * RANGE / 0.5)
    assert np.asarray(noisy).std(0) == pytest.approx(sigma, rel=0.03)
    assert np.abs(np.asarray(noisy).mean(0) - exact).max() < 5 * sigma / np.sqrt(20_000)


@pytest.mark.parametrize("transposed", [False, True])
def test_flicker_noise_of_a_line_is_that_of_all_its_devices(transposed):
    """Each of a deviation of its own, by its conductance: the variances of both devices of every pair add up."""
    device = dataclasses.replace(DEVICE, read_noise_siemens=0.2e-6, flicker=Flicker(0.0088, 0.65, 0.2, 250e-9, 1.0))
    _, crossbar, _ = make(Hardware(device, 4, 4).only("read_noise"), (6, 5))
    drive = inputs(5 if transposed else 6, batch=1)
    x, g = jnp.tile(drive, (20_000, 1)), np.asarray(crossbar.arrays.g, float)
    g = np.block([[*row] for row in g])[:, :6, :5]
    spread = g * np.minimum(0.0088 * (g / RANGE) ** -0.65, 0.2) * np.sqrt(np.log((1 + 250e-9) / 500e-9))
    variance = (spread**2 + 0.2e-6**2).sum(0)
    sigma = np.sqrt(np.square(drive[0]) @ (variance.T if transposed else variance)) / (RANGE / 0.5)
    noisy, _ = (crossbar.read_transposed if transposed else crossbar.read)(x, jax.random.key(5))
    assert np.asarray(noisy).std(0) == pytest.approx(sigma, rel=0.03)


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
        response=WholeSteps(0.05, 0.02, 1.0, 0.5).response(),
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
        crossbar = crossbar.aged(10.0)
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


def test_a_pair_without_an_offset_holds_a_weight_on_one_device():
    """The other one stays at its lowest conductance, and with it both of a weight of zero."""
    device = dataclasses.replace(DEVICE, g_min_siemens=10e-6)
    plus, minus = Pair(0.0).conductances(jnp.array([[-0.5, -0.1, 0.0, 0.2, 0.5]]), device, 0.5)
    np.testing.assert_allclose(plus[0], [10e-6, 10e-6, 10e-6, 10e-6 + 0.4 * 140e-6, 150e-6], rtol=1e-5)
    np.testing.assert_allclose(minus[0], [150e-6, 10e-6 + 0.2 * 140e-6, 10e-6, 10e-6, 10e-6], rtol=1e-5)


def test_write_verify_leaves_cells_within_tolerance_alone_and_programs_the_others():
    hardware = Hardware(DEVICE, write=WriteVerify(), mapping=Pair(75e-6))
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


def test_the_preset_reads_with_the_published_power():
    """He et al. 2026: 150 uS at most, read at 0.2 V; one device fully on, its partner off, takes 6 uW at full input."""
    hardware = Hardware(DEVICE, 4, 4).only()
    crossbar, _ = Crossbar.program(jnp.full((1, 1), 0.5), hardware, 0.5, 4e-4, jax.random.key(0))
    _, counts = crossbar.read(jnp.ones((1, 1)), jax.random.key(1))
    assert float(counts.read_watts) == pytest.approx(6e-6, rel=1e-6)


def test_a_transposed_read_takes_the_power_of_the_columns_it_drives():
    _, crossbar, _ = make(Hardware(DEVICE, 8, 4).only("write_error"), (10, 7))
    y = inputs(7)
    _, counts = crossbar.read_transposed(y, jax.random.key(0))
    g = np.asarray(crossbar.arrays.g, np.float64)
    volts = VOLTS * np.asarray(y, np.float64)
    watts = sum(v**2 * g[:, j // 4, :, :, j % 4].sum() for row in volts for j, v in enumerate(row))
    assert float(counts.read_watts) == pytest.approx(watts, rel=1e-5)


def test_nonlinearity_bows_by_so_many_steps():
    """Its largest deviation is at 1 / sqrt 3 of full scale, opposite for the other sign, none at 0 and at the ends."""
    peak, full = 1 / np.sqrt(3), 2e-4
    adc = Adc(8, inl_lsb=3.0)
    codes = 127 / full * np.asarray(adc.convert(full * jnp.array([-1.0, -peak, 0.0, peak, 1.0]), full))
    np.testing.assert_allclose(codes, [-127, -np.round(127 * peak + 3), 0, np.round(127 * peak + 3), 127], atol=1e-3)
    dac, code = Dac(8, inl_lsb=2.0), 73 / 127  # the level next to the peak, where a bow is flat
    np.testing.assert_allclose(
        127 * np.asarray(dac.convert(jnp.array([code, -code, 0.0, 1.0]))), [75, -75, 0, 127], atol=1e-3
    )


def test_a_calibrated_range_is_the_largest_current_of_even_inputs():
    """One device at 150 uS: 64 inputs spread over [-1, 1] come within 15 % of the end but once in 30,000 times."""
    hardware = dataclasses.replace(Hardware(DEVICE, 4, 4).only("adc"), adc=Adc(8, range="calibrated"))
    crossbar, _ = Crossbar.program(jnp.full((1, 1), 0.5), hardware, 0.5, 1.0, jax.random.key(0))
    assert 0.85 * VOLTS * RANGE < float(crossbar.adc_full_scale_amperes) <= VOLTS * RANGE * (1 + 1e-6)


def test_a_calibrated_range_is_of_inputs_of_either_sign():
    """64 devices at 150 uS: sums of deviation sqrt(64 / 3), the largest of 64 of them 1.5 to 4.5 times as large."""
    hardware = dataclasses.replace(Hardware(DEVICE, 64, 4).only("adc"), adc=Adc(8, range="calibrated"))
    crossbar, _ = Crossbar.program(jnp.full((64, 1), 0.5), hardware, 0.5, 1.0, jax.random.key(0))
    assert 1.5 < float(crossbar.adc_full_scale_amperes) / (VOLTS * RANGE * np.sqrt(64 / 3)) < 4.5


def test_bound_management_pays_for_every_read_on_the_way_down():
    """A current of 6 times the range is read at 1, 1/2, 1/4 and 1/8 of the input: powers of 1, 1/4, 1/16, 1/64."""
    weights, x = jnp.full((4, 1), 0.5), jnp.array([[1.0, 1.0, 1.0, 1.0], [0.1, 0.0, 0.0, 0.0]])
    managed = dataclasses.replace(Hardware(DEVICE, 4, 4).only("adc"), adc=Adc(8, bound_management=True))
    crossbar, _ = Crossbar.program(weights, managed, 0.5, 4 / 6 * VOLTS * RANGE, jax.random.key(0))
    y, counts = crossbar.read(x, jax.random.key(1))
    watts = VOLTS**2 * RANGE * (4 * (1 + 1 / 4 + 1 / 16 + 1 / 64) + 0.01)
    assert float(counts.read_watts) == pytest.approx(watts, rel=1e-5)
    assert float(counts.reads) == 4 + 1
    assert float(y[0, 0]) == pytest.approx(2.0, abs=8 * 0.5 * 4 / 6 / 127)  # half a step of the last read, times 8


def test_bits_one_after_another_are_the_rounded_input():
    """Sevenths of the read voltage in three reads, each at full voltage for the inputs that have its bit."""
    device = dataclasses.replace(DEVICE, read_noise_siemens=0.0)
    hardware = Hardware(device, 4, 4, dac=Dac(4, bit_serial=True)).without("adc")
    _, crossbar, _ = make(hardware, (6, 3))
    x = inputs(6)
    y, counts = crossbar.read(x, jax.random.key(0))
    code = np.round(7 * np.asarray(x, float))
    expected = amperes(crossbar, code / 7)
    np.testing.assert_allclose(y * VOLTS * RANGE / 0.5, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    g = np.asarray(crossbar.circuit.g, float).sum((1, 2, 4)).ravel()[:6]
    bits = sum((np.abs(code).astype(int) >> power) & 1 for power in range(3))
    assert float(counts.read_watts) == pytest.approx(VOLTS**2 * (bits @ g).sum(), rel=1e-5)
    assert float(counts.reads) == 3 * len(x)
    assert float(counts.adc_conversions) == 3 * len(x) * 2 * 3  # every column of two tiles


def test_a_middle_subtracted_in_digital_leaves_the_product():
    """One device per weight around the middle of its range, on tiles of which the last are partly used."""
    hardware = Hardware(dataclasses.replace(DEVICE, g_min_siemens=10e-6), 4, 4, mapping=Single(on_wire=False)).only()
    weights, crossbar, _ = make(hardware, (6, 9))
    x, y = inputs(6), inputs(9)
    np.testing.assert_allclose(crossbar.read(x, jax.random.key(0))[0], x @ weights, atol=1e-5)
    np.testing.assert_allclose(crossbar.read_transposed(y, jax.random.key(0))[0], y @ weights.T, atol=1e-5)


def test_pulses_in_a_passive_array_half_select_all_others_of_their_row_and_column():
    """Siemens under half of the voltage, cell by cell, and as many pulses at that share on each of them."""
    device = dataclasses.replace(DEVICE.without_scatter(), half_select=0.25, response=WholeSteps(0.01, 0.01).response())
    g = jnp.asarray(np.random.default_rng(0).uniform(40e-6, 100e-6, (1, 1, 1, 3, 4)), jnp.float32)
    up = jnp.zeros_like(g).at[..., 1, 2].set(2.0).at[..., 0, 2].set(1.0)
    arrays = Arrays(g, device.fabricate(g.shape, jax.random.key(0)))
    after, counts = arrays.pulsed(device, up, jnp.zeros_like(up), jax.random.key(1), passive_cells=jnp.ones_like(g))
    before, now, siemens = (np.asarray(x, float)[0, 0, 0] for x in (g, after.g, (g + after.g) / 2))
    expected, selected = 0.0, np.zeros((3, 4))
    for (row, column), pulses in {(1, 2): 2.0, (0, 2): 1.0}.items():
        for i in range(3):
            for j in range(4):
                if (i == row) != (j == column):
                    expected += pulses * siemens[i, j]
                    selected[i, j] += pulses
    assert float(counts.half_select_siemens) == pytest.approx(expected, rel=1e-5)
    assert float(counts.pulses) == 3
    np.testing.assert_allclose(now - before, 0.01 * RANGE * (np.asarray(up)[0, 0, 0] + 0.25 * selected), rtol=1e-3)


def test_cells_that_do_not_verify_are_counted():
    """Steps of 3 uS, a tolerance of 5 uS, two pulses at most: 0 and 6 uS away is reached, 60 uS is not."""
    quiet = dataclasses.replace(
        DEVICE.without_scatter(), response=WholeSteps(0.02, 0.02).response(), read_noise_siemens=0.0
    )
    g = jnp.full((1, 1, 1, 1, 4), 50e-6)
    arrays = Arrays(g, quiet.fabricate(g.shape, jax.random.key(0)))
    targets, chosen = g + jnp.array([0.0, 6e-6, 60e-6, 60e-6]), jnp.array([1.0, 1.0, 1.0, 0.0])
    chosen = jnp.broadcast_to(chosen, g.shape)
    _, failed, counts = arrays.verified(quiet, targets, chosen, 2, jax.random.key(1))
    assert np.asarray(failed).ravel().tolist() == [False, False, True, False]
    assert (float(counts.verifications), float(counts.unverified)) == (3, 1)


@pytest.mark.parametrize("converter", [Adc, Dac])
def test_converters_that_cannot_be_are_refused_when_built(converter):
    name = converter.__name__
    for bits in (0, 1):
        with pytest.raises(
            InputError, match=rf"^{name}.bits: input should be greater than or equal to . \(given: {bits}\)$"
        ):
            converter(bits)
    with pytest.raises(
        InputError, match=rf"^{name}.inl_lsb: input should be greater than or equal to 0 \(given: -1.0\)$"
    ):
        converter(8, inl_lsb=-1.0)
    assert converter(None).bits is None


def test_arrays_have_at_least_one_line():
    with pytest.raises(InputError, match=r"^Hardware\.rows: .*greater than or equal to 1 \(given: 0\)$"):
        Hardware(DEVICE, rows=0)
    with pytest.raises(InputError, match=r"^Hardware\.columns: .*\(given: -3\)$"):
        Hardware(DEVICE, columns=-3)


@pytest.mark.parametrize(("mapping", "lines"), [(Pair(), (8, 8)), (Single(), (8, 12))], ids=["pair", "single"])
def test_lines_far_beyond_a_matrix_are_not_simulated_and_change_nothing(mapping, lines, monkeypatch):
    """A 5 x 6 matrix on 16 x 12 arrays with blocks of 4 lines, on wires fed from both ends; a reference stays where it
    is."""
    flawed = dataclasses.replace(DEVICE, g_min_siemens=10e-6)
    wires = Wires(20.0, 30.0, 40.0, 50.0, "both", "both")
    hardware = Hardware(flawed, 16, 12, mapping=mapping, wires=wires).only("wires")
    x, y, found = inputs(5), inputs(6), {}
    for block in (4, 16):
        monkeypatch.setattr(tiles, "_BLOCK", block)
        _, crossbar, _ = make(hardware, (5, 6))
        forward, counts = crossbar.read(x, jax.random.key(0))
        back, more = crossbar.read_transposed(y, jax.random.key(0))
        found[crossbar.arrays.g.shape[3:]] = [forward, counts.read_watts, back, more.read_watts]
    for cut, whole in zip(found[lines], found[16, 12], strict=True):
        np.testing.assert_allclose(cut, whole, rtol=1e-4, atol=1e-6 * np.abs(np.asarray(whole)).max())


def test_cells_that_hold_no_weight_are_open():
    hardware = Hardware(dataclasses.replace(DEVICE, g_min_siemens=10e-6), 4, 4, mapping=Single(), access_ohms=1e3)
    _, crossbar, _ = make(hardware, (6, 3))
    g = np.asarray(crossbar.circuit.g)[:, 0, 0]
    assert (g[0, :, :3] > 0).all() and (g[1, :2, :3] > 0).all()
    assert (g[1, 2:] == 0).all() and (g[:, :, 3] == 0).all()
    assert (g[0, :, 4] > 0).all() and (g[1, :2, 4] > 0).all()  # the reference column
    assert hardware.cells_used((6, 3)) == 18 / 32


@pytest.mark.parametrize(("shape", "lines"), [((61, 63), (64, 64)), ((65, 256), (128, 256)), ((300, 10), (256, 64))])
def test_only_blocks_with_weights_are_simulated(shape, lines):
    assert Hardware(DEVICE, 256, 256).simulated(shape) == lines
    assert Hardware(DEVICE, 64, 64).simulated(shape) == (64, 64)


@pytest.mark.parametrize("transposed", [False, True])
def test_clipped_conversions_are_the_currents_beyond_full_scale(transposed):
    """Of lines that are used, on every tile; with a range of its own for each vector nothing clips."""
    shape, full = (130, 70), 2e-6
    hardware = Hardware(DEVICE, adc=Adc(8)).only("adc")
    _, crossbar, _ = make(hardware, shape, full_scale=full)
    x = inputs(shape[1] if transposed else shape[0])
    read = crossbar.read_transposed if transposed else crossbar.read
    g = np.asarray(crossbar.arrays.g, np.float64)
    net, (height, width) = g[:, :, 0] - g[:, :, 1], shape
    expected = 0
    for row_tile, column_tile in np.ndindex(net.shape[:2]):
        rows, columns = min(64, height - 64 * row_tile), min(64, width - 64 * column_tile)
        matrix = net[row_tile, column_tile, :rows, :columns]
        first = 64 * (column_tile if transposed else row_tile)
        part = np.asarray(x, np.float64)[:, first : first + len(matrix.T if transposed else matrix)]
        expected += (np.abs(VOLTS * part @ (matrix.T if transposed else matrix)) > full).sum()
    _, counts = read(x, jax.random.key(0))
    assert expected > 100
    assert abs(float(counts.clipped_conversions) - expected) <= 2  # float32 currents at the very edge
    for other in (Adc(8, range="vector"), Adc(None)):
        free = dataclasses.replace(crossbar, hardware=dataclasses.replace(hardware, adc=other))
        _, counts = (free.read_transposed if transposed else free.read)(x, jax.random.key(0))
        assert float(counts.clipped_conversions) == 0


def test_counts_of_a_matrix_stand_in_its_place():
    _, crossbar, _ = make(Hardware(DEVICE), (10, 7))
    placed = dataclasses.replace(crossbar, place=jnp.array([0.0, 1.0, 0.0]))
    _, counts = placed.read(inputs(10), jax.random.key(0))
    np.testing.assert_array_equal(counts.adc_conversions, [0, 5 * 7, 0])
    assert counts.clipped_conversions.shape == (3,)
