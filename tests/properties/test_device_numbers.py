"""Numbers of devices are data: variants side by side equal single ones, and one compilation serves all of them."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices, records, variants
from ohmgrad.devices import spread as spreads
from ohmgrad.devices.aging import Drift, Retention
from ohmgrad.devices.curves import ExponentialStep, PowerStep
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.memristor import Flicker, Memristor
from ohmgrad.devices.response import LinearStep
from ohmgrad.devices.response_models import MeasuredTable, Neurosim, SoftBounds, WholeSteps
from ohmgrad.devices.spread import Spread
from ohmgrad.errors import InputError

SHAPE, KEY = (6, 7), jax.random.key(0)


def response(kind, vary):
    """Figures of a kind of response, each moved by `vary` its own way."""
    match kind:
        case "steps":
            return WholeSteps(0.02 * vary, 0.03 / vary).response()
        case "soft bounds":
            return SoftBounds(0.05 * vary, 0.04 / vary).response()
        case "neurosim":
            return Neurosim(50.0 * vary, 60.0 / vary, 2.0 * vary, -3.0 / vary).response()
        case "exponential":
            return ExponentialStep(0.01 * vary, 0.01, -2.0 * vary, 0.3 / vary, -3.0 * vary, 2.0 / vary)
        case "power":
            return PowerStep(0.02 * vary, 0.03, 1.5 * vary, 0.5 / vary)
        case "table":
            siemens = (5e-6, 30e-6 * vary, 60e-6, 80e-6 / vary, 105e-6)
            return MeasuredTable(siemens, siemens[::-1]).response(5e-6, 105e-6)
    raise ValueError(kind)


KINDS = ("steps", "soft bounds", "neurosim", "exponential", "power", "table")


def device(kind="steps", vary=1.0):
    """A device with every effect there is, every number of it moved by `vary`."""
    return Memristor(
        5e-6 * vary,
        105e-6 / vary,
        0.2 * vary,
        response(kind, vary),
        step_noise=0.4 * vary,
        pulse_noise_siemens=0.3e-6 / vary,
        unsettled_siemens=0.2e-6 * vary,
        write_error=(0.4e-6 * vary, 0.02 / vary),
        levels=33,
        read_noise_siemens=0.5e-6 * vary,
        flicker=Flicker(0.0088 * vary, 0.65 / vary, 0.2 * vary, 250e-9, 1.0 * vary),
        cubic_per_square_volt=0.1 * vary,
        half_select=0.1 * vary,
        aging=Retention(100.0 * vary, 4e-6 / vary, 0.3 * vary),
        spread=Spread(0.02 * vary, 0.05 / vary, 0.3 * vary, 0.1 / vary),
        faults=Faults(0.05 * vary, 0.04 / vary, 0.03 * vary, 42e-6 / vary, 0.02 * vary, 0.03 / vary),
    )


def life(device):
    """What is made, pulsed, written, aged and read of arrays."""
    up, down = jnp.tile(jnp.arange(7.0), (6, 1)), jnp.tile(jnp.arange(6.0)[:, None], (1, 7))
    own = device.fabricate(SHAPE, KEY)
    start = device.bound(jnp.full(SHAPE, device.g_min_siemens + 0.4 * device.range_siemens), own)
    pulsed = device.pulse(start, up, down, KEY, own)
    landed = device.verified_write(start, KEY, own)
    aged = device.aged(landed, 50.0, own)
    return own, pulsed, landed, aged, device.read_variance(aged), device.step_siemens


@pytest.mark.parametrize("kind", KINDS)
def test_variants_side_by_side_equal_single_devices(kind):
    """Within 2e-6 of the range: positions in float32 have steps of 1.2e-7, and differences between them a few."""
    some = [device(kind, vary) for vary in (0.93, 1.0, 1.08)]
    several = variants.per_chip(some, len(some))
    together = jax.jit(jax.vmap(lambda each: life(several.of(each))))(several.each)
    for place, variant in enumerate(some):
        for found, single in zip(jax.tree.leaves(together), jax.tree.leaves(life(variant)), strict=True):
            scale = float(np.abs(single).max())
            np.testing.assert_allclose(found[place], single, rtol=1e-5, atol=2e-6 * scale)
    pulsed = np.asarray(together[1])
    assert np.abs(pulsed[0] - pulsed[2]).mean() > 1e-7  # the variants do differ


@pytest.mark.parametrize("kind", KINDS)
def test_one_compilation_serves_a_hundred_devices(kind):
    traced = []

    @eqx.filter_jit
    def counted(device):
        traced.append(device)
        return life(device)

    for vary in np.linspace(0.9, 1.1, 100).tolist():
        counted(variants.numbers(device(kind, vary)))
    assert len(traced) == 1


def test_side_by_side_asks_for_one_structure():
    table = device("table")
    for other in (
        dataclasses.replace(table, read_noise_siemens=None),
        dataclasses.replace(table, levels=None),
        dataclasses.replace(table, response=MeasuredTable((5e-6, 1e-4), (1e-4, 5e-6)).response(5e-6, 1e-4)),
    ):
        with pytest.raises(InputError, match=r"variant 1 has not the structure of variant 0"):
            variants.per_chip([table, other], 2)


def test_an_effect_of_size_zero_is_no_effect():
    """A sweep may go through 0 with one structure: every effect at 0.0 against every effect left out."""
    none = Memristor(5e-6, 105e-6, 0.2, LinearStep(0.02, 0.03))
    zero = Memristor(
        5e-6,
        105e-6,
        0.2,
        LinearStep(0.02, 0.03, 0.0, 0.0),
        0.0,
        0.0,
        0.0,
        (0.0, 0.0),
        0.0,
        None,
        0.0,
        spread=Spread(0.0, 0.0, 0.0, 0.0),
        faults=Faults(0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    )
    lognormal = dataclasses.replace(zero, spread=Spread(0.0, 0.0, 0.0, 0.0, "lognormal"))
    start, up = jnp.linspace(20e-6, 90e-6, 42).reshape(SHAPE), jnp.tile(jnp.arange(7.0), (6, 1))
    for device in (zero, lognormal):
        own = jax.jit(device.fabricate, static_argnums=0)(SHAPE, KEY)
        assert own.low is not None and own.high is not None and own.up is not None
        np.testing.assert_allclose(own.low, 0, atol=1e-7)
        for scale in (own.high, own.up, own.down):
            np.testing.assert_allclose(scale, 1, rtol=3e-7)
        found = device.pulse(start, up, 6 - up, KEY, own), device.verified_write(start, KEY, own)
        expected = none.pulse(start, up, 6 - up, KEY), none.verified_write(start, KEY)
        np.testing.assert_allclose(found, expected, rtol=3e-6)
        assert float(jnp.max(device.read_variance(start))) == 0 == none.read_variance(start)


def test_a_record_without_an_effect_makes_a_device_without_it():
    plain = {"title": "x", "citation": "x", "g_min_siemens": 0, "g_max_siemens": 1e-4, "read_volts": 0.2}
    steps = {"kind": "linear-step", "up": 0.01, "down": 0.01}
    zeros = {"step_noise": 0, "read_noise_siemens": 0.0, "spread": {"step": 0}, "faults": {"open_rows": 0}}
    made = records.check(devices.Device, plain | zeros | {"response": steps | {"up_slope": 0}}, "device").memristor()
    assert made == Memristor(0.0, 1e-4, 0.2, LinearStep(0.01, 0.01))
    with pytest.raises(InputError, match=r"^device: response: field required$"):
        records.check(devices.Device, plain, "device")
    flat = records.check(devices.Device, plain | {"response": steps, "write_error_siemens": 2e-6}, "device")
    assert flat.memristor().write_error == (2e-6,)


@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.124, 0.126, 0.2, 0.5, 0.8, 0.95])
def test_the_cut_of_a_spread_is_that_of_a_truncated_gaussian(deviation):
    """scipy's moments of what lies above the cut, in double precision, for a number that is data."""
    from scipy import stats

    cut, mean = (float(value) for value in jax.jit(spreads._cut)(deviation))
    above = stats.truncnorm(cut, np.inf)
    assert mean == pytest.approx(above.mean() - cut, rel=3e-6)
    assert above.std() / (above.mean() - cut) == pytest.approx(deviation, rel=1e-5)


@pytest.mark.parametrize("power", [0.0, 1 / 3, 0.5, 0.9999, 1.0, 1.0001, 2.0])
def test_a_power_is_data_also_where_its_formula_has_a_limit(power):
    """dy/dn = -rate y^p in closed form, in double precision; the squares of steps by differences of the flow."""

    def left(n):
        if power == 1:
            return 0.7 * np.exp(-0.05 * n)
        return (0.7 ** (1 - power) - (1 - power) * 0.05 * n) ** (1 / (1 - power))

    update = jax.jit(lambda step: step.update(*map(jnp.float32, (0.3, 6.0, 0.0))))
    found = update(variants.numbers(PowerStep(0.05, 0.05, power, power)))
    assert float(found.x) == pytest.approx(1 - left(6), rel=2e-6)
    later = [(left(6) / left(n)) ** power for n in range(1, 7)]
    assert float(found.pulse_variance) == pytest.approx(np.square(later).sum(), rel=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_no_pulses_leave_no_scatter(kind):
    """Nor do those of the other polarity: an update by no pulses at any position, where curves are steep, too."""
    x = jnp.linspace(0.0, 1.0, 101)
    steep = ExponentialStep(0.005, 0.005, -27.0, -2.2, -5.0, -5.0)
    for each in (response(kind, 1.0), steep):
        update = each.update(x, 0 * x, 0 * x)
        np.testing.assert_allclose(update.step_variance * jnp.ones_like(x), 0, atol=1e-12)
        np.testing.assert_allclose(update.pulse_variance * jnp.ones_like(x), 0, atol=1e-6)


def test_the_mean_step_is_data_as_everything_else():
    for kind in KINDS:
        single = device(kind)
        assert isinstance(single.step_siemens, float)
        traced = eqx.filter_jit(lambda each: each.step_siemens)(variants.numbers(single))
        assert float(traced) == pytest.approx(single.step_siemens, rel=1e-5)


OWN = '''
import jax.numpy as jnp

from ohmgrad.devices.aging import Aging
from ohmgrad.devices.response import Response, PulseUpdate
from ohmgrad.parts import Number, number, setting


class Floor(Response):
    """Constant steps up to a ceiling of its own."""

    ceiling: Number = number(0.5, "position beyond which no pulse leads", gt=0, le=1)
    times: int = setting(1, "pulses that each is", ge=1)

    def update(self, x, up, down):
        new = jnp.minimum(x + self.times * (up * self.up - down * self.down), self.ceiling)
        return PulseUpdate(new, 1.0, self.times * (up * self.up**2 + down * self.down**2), up + down)

    def speeds(self, x):
        return self.times * self.up, self.times * self.down


class Linear(Aging):
    siemens_per_second: Number = number(meaning="lost", unit="S/s", ge=0)

    def after(self, g, seconds, g_max_siemens, own=0.0):
        return g - self.siemens_per_second * seconds


class Other:
    pass
'''


@pytest.fixture
def own_law(tmp_path, monkeypatch):
    (tmp_path / "own_law.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)


def own(**fields):
    response = {"kind": "own_law:Floor", "up": 0.01, "down": 0.02} | fields
    aging = {"kind": "own_law:Linear", "siemens_per_second": 1e-9}
    return {"preset": "taox-1t1r", "response": response, "aging": aging}


def test_a_law_of_ones_own_is_named_by_where_python_finds_it(own_law):
    record = records.check(devices.Device, own(ceiling=0.45, times=2), "device")
    device = dataclasses.replace(record.memristor().without_scatter(), read_noise_siemens=None)
    span, n = float(device.range_siemens), jnp.ones(4)
    g = jnp.full(4, device.g_min_siemens + 0.4 * span)
    for up, position in ((1, 0.42), (1, 0.44), (1, 0.45), (0, 0.41)):
        g = device.pulse(g, up * n, (1 - up) * n, KEY)
        np.testing.assert_allclose(g, device.g_min_siemens + position * span, rtol=1e-5)
    np.testing.assert_allclose(device.aged(g, 100.0), g - 1e-7, rtol=1e-5)
    assert device.step_siemens == pytest.approx(0.03 * span)
    assert isinstance(hash(device), int)
    # Of the record nothing is lost, and its numbers have sources as those of any other.
    dumped = record.model_dump()["response"]
    assert dumped["kind"] == "own_law:Floor" and dumped["ceiling"]["nominal"] == 0.45 and dumped["times"] == 2
    assert records.check(devices.Device, record.model_dump(), "device") == record


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "own-law"}, "response.kind: unknown kind 'own-law'; allowed: .*'compact', or package:Name"),
        ({"kind": "nowhere.at_all:Floor"}, "response: there is no module nowhere, installed or in .*"),
        ({"kind": "own_law:Ceiling"}, "response: own_law has no Ceiling that is a ResponseModel; .*"),
        ({"kind": "own_law:Other"}, "response: own_law has no Other that is a ResponseModel; .*"),
        ({"kind": "own_law:Linear"}, "response: own_law has no Linear that is a ResponseModel; .*"),
        ({"kind": "own_law:Response"}, "response: own_law:Response is not complete; needed: speeds, update"),
        ({"ceiling": 2.0}, "response.ceiling: input should be less than or equal to 1 .*"),
        ({"colour": 1}, "unknown field 'response.colour'; known here: ceiling, down, kind, times, up"),
        ({"times": 0}, "response.times: input should be greater than or equal to 1 .*"),
    ],
)
def test_a_law_of_ones_own_is_checked_as_a_shipped_one(own_law, fields, sentence):
    with pytest.raises(InputError, match=f"^device: {sentence}$"):
        records.check(devices.Device, own(**fields), "device")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Memristor(2e-6, 1e-6, 0.2), "g_min_siemens: 2e-06 is not below g_max_siemens 1e-06"),
        (lambda: Memristor(0.0, 1e-6, -0.2), "Memristor.read_volts: input should be greater than 0 .*"),
        (
            lambda: Memristor(0.0, 1e-6, 0.2, levels=1),
            "Memristor.levels: input should be greater than or equal to 2 .*",
        ),
        (lambda: Spread(step=5.0), "step: 5 is above 1, the most of a normal spread; .*0.05 is 5 %.*"),
        (lambda: Faults(0.6, 0.6), "shares of faults must not exceed 1"),
        (lambda: WholeSteps(0.5, 0.5, 2.0, 0.0), "up x up_slope must be below 1 and up_slope below 2"),
        (lambda: SoftBounds(1.0, 0.5), "up and down must be below 1: .*"),
        (lambda: Neurosim(10.0, 10.0, 9.5, 0.0), "Neurosim.up_label: input should be less than or equal to 9 .*"),
        (lambda: Drift(1.0, (0.0, 0.0, 2.0, 1.0), (0.0, 0.0, 0.0, 0.0)), r"mean is \[slope, offset, .*"),
        (lambda: Flicker(0.1, 0.5, 0.2, 1.0, 0.5), "seconds must not be less than read_seconds"),
    ],
)
def test_devices_built_from_python_are_checked_with_the_records_sentences(make, sentence):
    with pytest.raises(InputError, match=f"^{sentence}$"):
        make()
