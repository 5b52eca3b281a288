"""A resistive network on crossbars: all effects off it is the ideal one; what each effect does, by Ohm and Joule."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.crossbar import EFFECTS, Adc, Dac, Direct, Hardware, Wires, schemes
from ohmgrad.devices import preset
from ohmgrad.devices.memristor import Memristor
from ohmgrad.errors import InputError
from ohmgrad.networks import Free, ResistiveNetwork, Settling
from ohmgrad.rules import ActivityDifference
from ohmgrad.synapses import Crossbar, Ideal
from ohmgrad.training import crossbar_chips, ideal_chips, keys

DEVICE = Memristor(1e-6, 100e-6, 0.2)
HARDWARE = Hardware(DEVICE, 16, 8, mapping=Direct(), dac=Dac(None), adc=Adc(None), write=schemes.Exact())
RANGES = (10.0, 5.0)
NETWORK = ResistiveNetwork(5, (12,), 3, input_gain=10.0, node_ranges=RANGES)
SETTLING = Settling(40, order="odd-even")
RULE = ActivityDifference(NETWORK, "nudge", 0.5, "centered", SETTLING, SETTLING)
WEIGHT_MAX = 0.8


def data(batch=4):
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.uniform(0, 1, (batch, 5)), jnp.float32), jnp.asarray(
        rng.uniform(-1, 1, (batch, 3)), jnp.float32
    )


def matrices():
    rng = np.random.default_rng(1)
    return [jnp.asarray(np.maximum(rng.uniform(-0.5, 0.7, shape), 0.02), jnp.float32) for shape in NETWORK.shapes]


def crossbars(hardware, weights=None):
    return [
        Crossbar.program(g, hardware, WEIGHT_MAX, 1e-3, jax.random.key(n))[0]
        for n, g in enumerate(matrices() if weights is None else weights)
    ]


@eqx.filter_jit
def learned(synapses, rate):
    x, target = data()
    writes, inference, counts = RULE.learn(synapses, x, target, jax.random.key(0))
    new = [s.write(*write, jax.random.key(1), rate)[0] for s, write in zip(synapses, writes, strict=True)]
    return new, inference, counts


def test_all_effects_off_a_step_equals_the_ideal_one():
    """Over several tiles, with a preset that has every kind of imperfection; weights at zero stay there."""
    hardware = replace(HARDWARE, device=preset("taox-1t1r"), dac=Dac(8), adc=Adc(8)).without(*EFFECTS)
    start = [jnp.where(g < 0.1, 0, g) for g in matrices()]
    on_crossbars, ideal = crossbars(hardware, start), [Ideal(g, 0.0) for g in start]
    for _ in range(3):
        on_crossbars, answer, _ = learned(on_crossbars, 0.05)
        ideal, expected, _ = learned(ideal, 0.05)
        np.testing.assert_allclose(answer.output, expected.output, rtol=1e-4, atol=1e-5)
    for ours, theirs, before in zip(on_crossbars, ideal, start, strict=True):
        np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-5)
        assert np.abs(theirs.weights - before).max() > 0.01
    assert min(float(s.weights.min()) for s in ideal) == 0


def test_lowest_conductance_is_the_lowest_weight():
    """An on/off ratio of 100: no weight below a hundredth of the highest, whatever was asked for."""
    (first, *_), low = crossbars(HARDWARE, [jnp.zeros(shape) for shape in NETWORK.shapes]), WEIGHT_MAX / 100
    np.testing.assert_allclose(first.weights, low, rtol=1e-6)
    pre, post = jnp.ones((1, first.shape[0])), -jnp.ones((1, first.shape[1]))
    written, _ = first.write(pre, post, jax.random.key(0))
    np.testing.assert_allclose(written.weights, low, rtol=1e-6)


def test_write_verify_forgets_what_lies_below_zero():
    """A weight driven far below zero and then raised starts from zero, as an ideal conductance does."""
    hardware = replace(HARDWARE, device=replace(DEVICE, g_min_siemens=0.0), write=schemes.WriteVerify())
    crossbar = crossbars(hardware)[1]
    ones = jnp.ones((1, crossbar.shape[0])), jnp.ones((1, crossbar.shape[1]))
    down, _ = crossbar.write(ones[0], -5 * ones[1], jax.random.key(0))
    up, _ = down.write(ones[0], 0.3 * ones[1], jax.random.key(1))
    np.testing.assert_allclose(down.weights, 0, atol=1e-7)
    np.testing.assert_allclose(up.weights, 0.3, rtol=1e-5)


def test_with_bounds_off_reads_see_nothing_below_zero():
    """Whatever noise of the last write they see beside the conductance."""
    device = replace(DEVICE, g_min_siemens=0.0, unsettled_siemens=2e-6, bounded=False)
    crossbar, *_ = crossbars(replace(HARDWARE, device=device), matrices()[1:])
    down, _ = crossbar.write(jnp.ones((1, crossbar.shape[0])), -jnp.ones((1, crossbar.shape[1])), jax.random.key(0))
    assert np.unique(down.weights) == [0]
    assert not np.any(down.read(jnp.ones((1, crossbar.shape[0])), jax.random.key(1))[0])


def test_power_is_that_of_every_device_by_joules_law():
    """settle_watts of one settling: sum of G V^2, the largest input at the read voltage; one settling per sample."""
    synapses, (x, _) = crossbars(HARDWARE), data()
    feed, _ = NETWORK.feed(synapses, x, jax.random.key(0))
    settled = NETWORK.settle(synapses, feed, Free(), NETWORK.start(x), SETTLING, jax.random.key(0))
    volt = DEVICE.read_volts / NETWORK.input_gain
    rows = np.concatenate([10 * x, -10 * x, np.ones((4, 1)), -np.ones((4, 1))], 1)
    expected = 0.0
    for synapse, nodes in zip(synapses, settled.state, strict=True):
        siemens = np.asarray(synapse.weights) * DEVICE.g_max_siemens / WEIGHT_MAX
        expected += (siemens * (volt * (rows[:, :, None] - np.asarray(nodes)[:, None])) ** 2).sum()
        rows = np.concatenate([nodes, np.ones((4, 1)), -np.ones((4, 1))], 1)
    assert float(settled.counts.settle_watts) == pytest.approx(expected, rel=1e-4)
    assert float(settled.counts.settlings) == 4
    assert float(settled.counts.dac_conversions) == 4 * 10 * 2  # 12 columns lie on 2 arrays
    np.testing.assert_array_equal(settled.counts.adc_conversions, [4 * 12, 4 * 3])


def test_dac_is_worth_rounding_the_inputs_and_adc_rounding_the_nodes():
    synapses, (x, _) = crossbars(replace(HARDWARE, dac=Dac(4), adc=Adc(5))), data()
    ideal = [Ideal(s.weights) for s in synapses]
    rounded = jnp.round(x * 7) / 7

    def settle(synapses, x):
        feed, _ = NETWORK.feed(synapses, x, jax.random.key(0))
        return NETWORK.settle(synapses, feed, Free(), NETWORK.start(x), SETTLING, jax.random.key(0)).state

    for ours, theirs, full in zip(settle(synapses, x), settle(ideal, rounded), RANGES, strict=True):
        step = full / 15
        assert np.abs(ours - jnp.clip(theirs, -full, full)).max() <= step / 2 * 1.001
        np.testing.assert_allclose(np.asarray(ours) / step, np.round(np.asarray(ours) / step), atol=1e-4)


def test_read_noise_is_of_the_devices_and_stands_for_a_step():
    sigma = 2e-6
    crossbar = crossbars(replace(HARDWARE, device=replace(DEVICE, read_noise_siemens=sigma)))[0]
    draws = np.stack([crossbar.conductances(jax.random.key(n)).values for n in range(200)])
    siemens = draws * DEVICE.g_max_siemens / WEIGHT_MAX
    high = np.asarray(crossbar.weights) > 0.1
    assert siemens.std(0)[high].mean() == pytest.approx(sigma, rel=0.03)
    assert draws.min() >= 0
    np.testing.assert_array_equal(draws[0], crossbar.conductances(jax.random.key(0)).values)


@pytest.mark.parametrize(
    ("hardware", "field"),
    [
        (Hardware(DEVICE), "mapping"),
        (replace(HARDWARE, wires=Wires(1.0, 1.0)), "wires"),
        (replace(HARDWARE, device=replace(DEVICE, cubic_per_square_volt=0.1)), "cubic_per_square_volt"),
        (replace(HARDWARE, dac=Dac(8, bit_serial=True)), "bit_serial"),
        (replace(HARDWARE, dac=Dac(8, "vector")), "dac.range"),
        (replace(HARDWARE, adc=Adc(8, bound_management=True)), "bound_management"),
    ],
)
def test_what_cannot_stand_in_a_circuit_is_refused_by_name(hardware, field):
    with pytest.raises(InputError, match=field):
        NETWORK.feed(crossbars(hardware), data()[0], jax.random.key(0))


def test_converters_need_a_full_scale_for_each_layer():
    network = ResistiveNetwork(5, (12,), 3, input_gain=10.0)
    with pytest.raises(InputError, match="node_ranges"):
        network.feed(crossbars(replace(HARDWARE, adc=Adc(8))), data()[0], jax.random.key(0))
    network.feed(crossbars(replace(HARDWARE, adc=Adc(8, "vector"))), data()[0], jax.random.key(0))


def test_one_circuit_has_one_scale():
    rule, chip_keys = ActivityDifference(NETWORK), keys([0])
    with pytest.raises(InputError, match="weight_max"):
        crossbar_chips(rule, [1.0, 2.0], chip_keys, HARDWARE, [0.8, 0.9], [1e-3] * 2)


def test_chips_start_from_half_open_conductances_in_published_bounds():
    rule, chip_keys = ActivityDifference(NETWORK), keys([0, 1])
    ideal = ideal_chips(rule, [1.0, 2.0], chip_keys)
    device = replace(DEVICE, g_min_siemens=0.0)
    programmed, _ = crossbar_chips(rule, [1.0, 2.0], chip_keys, replace(HARDWARE, device=device), [1.0] * 2, [1e-3] * 2)
    for synapse, on_crossbar, most in zip(ideal, programmed, (10**-0.5, 2 * 12**-0.5), strict=True):
        first = np.asarray(jax.vmap(lambda s: s.weights)(synapse))
        body = first[:, :-2]
        assert 0.4 < (body == 0).mean() < 0.6
        assert 0.9 * most < body.max() <= most
        assert (first[:, -2:] == 0).all()
        np.testing.assert_allclose(jax.vmap(lambda s: s.weights)(on_crossbar), first, atol=1e-6)
