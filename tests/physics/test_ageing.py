"""Oracle: closed forms of drift and retention; a device ages from its own last write, whatever else happens."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import chips, noise, training
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.crossbar.arrays import Arrays
from ohmgrad.crossbar.mapping import Direct, Pair, Single
from ohmgrad.crossbar.schemes import Exact, TikiTaka
from ohmgrad.data.task import Task
from ohmgrad.devices.aging import Drift, Retention
from ohmgrad.devices.memristor import Memristor, Spread
from ohmgrad.devices.response import LinearStep
from ohmgrad.networks import Network, Write
from ohmgrad.rules import Inference, Learned, Rule
from ohmgrad.synapses import Convolution, Crossbar

DRIFT = Drift(20.0, (-0.0155, 0.0244, 0.049, 0.1), (-0.0125, -0.0059, 0.008, 0.045))
RETENTION = Retention(300.0, 20e-6, 0.5)
LAWS = pytest.mark.parametrize("law", [DRIFT, RETENTION], ids=["drift", "retention"])


def device(law, **changes):
    return Memristor(0.0, 100e-6, 0.2, LinearStep(0.01, 0.01), aging=law, **changes)


def row_of_cells(law, siemens=60e-6, columns=2000, **changes):
    """Devices side by side, each with a number of its own."""
    memristor = device(law, **changes)
    g = jnp.full((1, 1, 1, 1, columns), siemens)
    return memristor, Arrays(g, memristor.fabricate(g.shape, jax.random.key(0)))


def exponents(before, after, seconds):
    """nu of every device that drifted so long: G = G_0 (t / 20 s)^-nu."""
    return -np.log(np.asarray(after, np.float64) / np.asarray(before, np.float64)) / np.log(seconds / 20.0)


@LAWS
@pytest.mark.parametrize("scheme", [Exact(), TikiTaka()], ids=["plain", "tiki-taka"])
def test_two_rests_are_one_rest_to_the_bit(law, scheme):
    """Weights' devices, the references', and the fast ones of Tiki-Taka: all of a crossbar."""
    memristor = device(law, unsettled_siemens=1e-6, spread=Spread(g_min=0.05, g_max=0.05))
    hardware = Hardware(memristor, 20, 20, mapping=Single(), write=scheme)
    weights = jax.random.uniform(jax.random.key(1), (20, 20), minval=-1)
    crossbar, _ = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(2))
    once, twice = (chips.named([each]) for each in (crossbar.aged(200.0), crossbar.aged(100.0).aged(100.0)))
    assert once.keys() == twice.keys() and {"layer1/arrays/g", "layer1/reference/g"} <= once.keys()
    assert ("layer1/scheme/fast/g" in once) == isinstance(scheme, TikiTaka)
    new = chips.named([crossbar])
    for name, array in once.items():
        assert (array == twice[name]).all(), name
        if name.endswith("/g") and "last_write" not in name:
            assert (array != new[name]).mean() > 0.5, f"{name} has not aged"


def test_a_drift_exponent_is_a_devices_own_for_life():
    """Before and after it is written anew, to where it was."""
    memristor, arrays = row_of_cells(DRIFT)
    old = arrays.aged(memristor, 2000.0)
    again, _ = old.programmed(memristor, arrays.g, jnp.ones_like(arrays.g), jax.random.key(1))
    assert (np.asarray(again.age_seconds) == 0).all()
    first = exponents(arrays.g, old.g, 2000.0)
    second = exponents(again.g, again.aged(memristor, 200.0).g, 200.0)
    assert first.std() > 0.007
    np.testing.assert_allclose(second, first, atol=2e-6)


@pytest.mark.parametrize("how", ["pulsed", "programmed", "verified"])
def test_a_partial_rewrite_restarts_the_touched_devices_alone(how):
    memristor, arrays = row_of_cells(RETENTION, columns=8, verify_tolerance_siemens=0.6e-6)
    old = arrays.aged(memristor, 50.0)
    chosen = jnp.zeros_like(old.g).at[..., :3].set(1.0)
    if how == "pulsed":
        new, _ = old.pulsed(memristor, 2 * chosen, 0 * chosen, jax.random.key(1))
    elif how == "programmed":
        new, _ = old.programmed(memristor, old.g + 5e-6, chosen, jax.random.key(1))
    else:
        new, _, _ = old.verified(memristor, old.g + 5e-6, chosen, 20, jax.random.key(1))
    np.testing.assert_array_equal(np.asarray(new.age_seconds)[0, 0, 0, 0], [0.0] * 3 + [50.0] * 5)
    assert (new.g[..., :3] > old.g[..., :3]).all() and (new.g[..., 3:] == old.g[..., 3:]).all()


def test_a_half_selected_device_is_written_a_little():
    """A pulse on its line moves it by half a step here, and its age begins: in a passive array there is no shield."""
    memristor = device(RETENTION, half_select=0.5)
    g = jnp.full((1, 1, 1, 4, 5), 60e-6)
    old = Arrays(g, memristor.fabricate(g.shape, jax.random.key(0))).aged(memristor, 50.0)
    pulses = jnp.zeros_like(g).at[0, 0, 0, 1, 2].set(1.0)
    new, _ = old.pulsed(memristor, pulses, 0 * pulses, jax.random.key(1), passive_cells=jnp.ones_like(g))
    beside = np.zeros((4, 5), bool)
    beside[1], beside[:, 2] = True, True
    np.testing.assert_array_equal(np.asarray(new.age_seconds)[0, 0, 0], np.where(beside, 0.0, 50.0))
    moved = np.asarray(new.g - old.g)[0, 0, 0]
    assert moved[1, 2] == pytest.approx(1e-6, rel=1e-2) and moved[1, 0] == pytest.approx(0.5e-6, rel=1e-2)


@pytest.mark.parametrize("law", [Drift(20.0, (0.0, 0.1, 0.1, 0.1), (0.0, 0.0, 0.0, 0.0)), Retention(300.0)])
def test_what_reads_see_stays_within_each_devices_own_bounds(law):
    """Devices that writes left at 25 to 45 uS, seen 6 uS lower: as their conductances fall, neither these nor what is
    seen passes the lowest, about 20 uS; without bounds both do, and stop at 0."""
    memristor = dataclasses.replace(device(law, unsettled_siemens=2e-6), g_min_siemens=20e-6, spread=Spread(g_min=0.02))
    g = 25e-6 + 20e-6 * noise.uniform(jax.random.key(3), (1, 1, 1, 40, 50))
    own = memristor.fabricate(g.shape, jax.random.key(0))
    arrays = Arrays(g, own, memristor.with_write_noise(g, jnp.full_like(g, -6e-6), own))
    assert own.low is not None
    lowest = np.asarray(20e-6 + memristor.range_siemens * own.low)
    for seconds in (50.0, 500.0, 1e5):
        aged = arrays.aged(memristor, seconds)
        assert (np.asarray(aged.effective_g) >= lowest * (1 - 1e-6)).all() and (
            np.asarray(aged.g) >= lowest * (1 - 1e-6)
        ).all()
    assert np.isclose(np.asarray(aged.effective_g), lowest, rtol=1e-5).mean() > 0.5
    free = dataclasses.replace(memristor, bounded=False)
    lost = Arrays(g, own, g - 6e-6).aged(free, 1e5)
    assert (np.asarray(lost.effective_g) < lowest).mean() > 0.9 and (np.asarray(lost.effective_g) >= 0).all()


def test_a_floor_under_unbounded_devices_holds_for_what_they_age_from():
    """Direct conductances without bounds, pulled below 0 by a write, do not come back as negative ones with time."""
    hardware = Hardware(device(Retention(300.0)), 4, 4, mapping=Direct(), write=Exact()).without("conductance_bounds")
    crossbar, _ = Crossbar.program(jnp.full((4, 4), 0.1), hardware, 1.0, 1e-3, jax.random.key(0))
    written, _ = crossbar.aged(1.0).write(jnp.ones((1, 4)), -jnp.ones((1, 4)), jax.random.key(1))
    assert isinstance(written, Crossbar)
    assert (written.arrays.g == 0).all() and (written.aged(10.0).weights == 0).all()


def test_reads_change_no_leaf():
    hardware = Hardware(device(DRIFT, read_noise_siemens=1e-6), 20, 20, mapping=Pair(20e-6), write=TikiTaka())
    crossbar, _ = Crossbar.program(jnp.zeros((20, 20)), hardware, 1.0, 1e-3, jax.random.key(0))
    crossbar = crossbar.aged(100.0)
    before = {name: array.copy() for name, array in chips.named([crossbar]).items()}
    for number in range(3):
        crossbar.read(jnp.ones((2, 20)), jax.random.key(number))
        crossbar.read_transposed(jnp.ones((2, 20)), jax.random.key(number))
    for name, array in chips.named([crossbar]).items():
        assert (array == before[name]).all(), name


def test_kernels_age_with_the_crossbar_that_they_lie_on():
    hardware = Hardware(device(Retention(100.0)), 20, 20, mapping=Pair(0.0))
    crossbar, _ = Crossbar.program(jnp.full((10, 2), 0.5), hardware, 1.0, 1e-3, jax.random.key(0))
    kernels = Convolution(crossbar, (5, 5, 1), 3)
    np.testing.assert_allclose(kernels.aged(30.0).aged(20.0).weights, 0.5 * np.exp(-0.5), rtol=1e-3)


ROWS, WRITTEN = 12, 0.1


class RowByRow(Task):
    """Sample k is row k, in this order."""

    @property
    def outputs(self):
        return 3

    @property
    def samples(self):
        return ROWS

    def epoch(self, key, batch):
        return jnp.arange(ROWS)[:, None], jax.random.split(key, ROWS)

    def batch(self, element):
        return jax.nn.one_hot(element[0], ROWS), jnp.zeros((1, 3))

    def right(self, output, index):
        return index >= 0


class OneMatrix(Network):
    """A row for every sample."""

    @property
    def shapes(self):
        return ((ROWS, 3),)


class WriteWhatIsShown(Rule):
    """Adds the same to every weight of the row that is shown."""

    network: Network = OneMatrix()

    def infer(self, synapses, x, key):
        return Inference.in_one_pass(jnp.zeros((len(x), 3)), Counts())

    def learn(self, synapses, x, target, key):
        inference = self.infer(synapses, x, key)
        return Learned([Write(x, jnp.full((len(x), 3), WRITTEN))], inference, inference.counts)


@pytest.mark.parametrize("law", [Drift(20.0, (0.0, 0.05, 0.05, 0.05), (0.0, 0.0, 0.0, 0.0)), Retention(300.0)])
def test_a_device_written_at_step_k_has_aged_for_the_steps_since_at_the_end(law):
    """Row k holds 0.5 from the start, ages for k + 1 steps, gets 0.1 more, and ages for the steps that are left; in a
    second epoch as well. The clock counts all of them."""
    seconds, epochs = 30.0, 2
    hardware = Hardware(device(law), ROWS, 3, mapping=Direct(), write=Exact())
    keys = training.keys([0, 1])
    made = [Crossbar.program(jnp.full((ROWS, 3), 0.5), hardware, 1.0, 1e-3, key)[0] for key in keys]
    start = training.Progress.start((jax.tree.map(lambda *leaves: jnp.stack(leaves), *made),))
    end = training.train(
        WriteWhatIsShown(), RowByRow(), start, keys, learning_rates=[1.0], epochs=epochs, batch=1,
        schedule=training.exponential(1.0), step_seconds=seconds,
    )  # fmt: skip

    def left(time):
        return np.exp(-time / 300.0) if isinstance(law, Retention) else np.maximum(time / 20.0, 1.0) ** -0.05

    row = np.arange(ROWS)
    first = 0.5 * left((row + 1) * seconds) + WRITTEN
    second = first * left(ROWS * seconds) + WRITTEN
    expected = second * left((ROWS - 1 - row) * seconds)
    (crossbar,) = end.chips
    assert isinstance(crossbar, Crossbar)
    weights = np.asarray(jax.vmap(lambda one: one.weights)(crossbar))
    np.testing.assert_allclose(weights, np.broadcast_to(expected[:, None], weights.shape), rtol=2e-5)
    ages = np.asarray(jax.vmap(lambda one: one.arrays.age_seconds)(crossbar))[:, 0, 0, 0]
    np.testing.assert_array_equal(ages, np.broadcast_to(((ROWS - 1 - row) * seconds)[:, None], weights.shape))
    assert end.seconds == epochs * ROWS * seconds
    still = training.train(WriteWhatIsShown(), RowByRow(), start, keys, learning_rates=[1.0], epochs=1, batch=1)
    assert still.seconds == 0 and still.chips[0].arrays.last_write is None  # type: ignore[attr-defined]
