"""Oracle: a matrix stands on few of a large array's cells; what it takes is worked out for these alone, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import crossbar, devices, recipes
from ohmgrad.crossbar import Hardware, Pair, schemes
from ohmgrad.recipes import priced
from ohmgrad.recipes.costs import costs
from ohmgrad.synapses import Crossbar

HEIGHT, WIDTH, VECTORS = 5, 3, 4
DEVICE = devices.preset("taox-1t1r")


def on(rows: int, columns: int, **settings) -> tuple[Crossbar, crossbar.Hardware]:
    hardware = Hardware(DEVICE, rows, columns, mapping=Pair(40e-6), **settings).without("read_noise")
    weights = jax.random.uniform(jax.random.key(0), (HEIGHT, WIDTH), minval=-1)
    return Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(1))[0], hardware


@pytest.mark.parametrize("rows", [HEIGHT, 4, 64])
@pytest.mark.parametrize("transposed", [False, True])
def test_only_devices_between_used_lines_draw_power(rows, transposed):
    """V^2 G of the two devices of every weight, and no others."""
    synapse, hardware = on(rows, 64)
    size = WIDTH if transposed else HEIGHT
    x = jax.random.uniform(jax.random.key(2), (VECTORS, size), minval=-1)
    _, counts = (synapse.read_transposed if transposed else synapse.read)(x, jax.random.key(3))
    driven = np.asarray(hardware.dac.convert(x), float)
    siemens = np.moveaxis(
        np.asarray(synapse.arrays.effective_g, float), 2, 0
    )  # devices first, then tiles and their cells
    siemens = siemens.transpose(0, 1, 3, 2, 4).reshape(2, -1, 64)[:, :HEIGHT, :WIDTH].sum(0)
    lines = siemens.sum(0) if transposed else siemens.sum(1)
    assert float(counts.read_watts) == pytest.approx(float(DEVICE.read_volts**2 * (driven**2 @ lines).sum()), rel=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(HEIGHT, WIDTH), (64, 64), (4, 2)])
@pytest.mark.parametrize("scheme", [schemes.SinglePulse(), schemes.WriteVerify()])
def test_a_write_sums_and_addresses_what_the_matrix_has(rows, columns, scheme):
    synapse, _ = on(rows, columns, write=scheme)
    _, counts = synapse.write(jnp.ones((VECTORS, HEIGHT)), 1e-3 * jnp.ones((VECTORS, WIDTH)), jax.random.key(4))
    assert float(counts.update_macs) == pytest.approx(VECTORS * HEIGHT * WIDTH)
    pulsed = isinstance(scheme, schemes.SinglePulse)
    addressed = counts.pulsed_rows if pulsed else counts.programmed_rows
    assert float(addressed) == pytest.approx(min(rows, HEIGHT))


def test_a_fast_array_is_read_where_it_is_used():
    """Tiki-Taka converts one row of every tile: the columns of the matrix, once for each tile below each other."""
    synapse, _ = on(4, 64, write=schemes.TikiTaka(every=1))
    _, counts = synapse.write(jnp.ones((VECTORS, HEIGHT)), 1e-3 * jnp.ones((VECTORS, WIDTH)), jax.random.key(4))
    assert float(counts.adc_conversions) == pytest.approx(2 * WIDTH)


SIZES = {size: recipes.load("braille", [f"hardware.rows={size}", f"hardware.columns={size}"]) for size in (64, 256)}
MANY = recipes.load("braille", ["hardware.rows=16", "hardware.columns=16", "hardware.array_pairs=40"])


def test_a_bill_does_not_grow_with_the_cells_that_nothing_uses():
    """All but the capacitance of longer lines costs the same."""
    small, large = (priced.price(each, priced.machines(each))["chip"]["lines"] for each in SIZES.values())
    for one, other in zip(small, large, strict=True):
        grown = 4.0 if one["component"] == "wires" else 1.0
        assert other["joules"]["nominal"] == pytest.approx(grown * one["joules"]["nominal"], rel=1e-9), one
        assert other["count"] == one["count"]


def test_the_accumulator_sums_the_products_of_the_matrices():
    small, large = costs(MANY), costs(SIZES[256])
    assert small.on_arrays is not None and large.on_arrays is not None
    sums = small.on_arrays.learning.update_macs
    assert sums == 128 * (61 * 63 + 64 * 64) == large.on_arrays.learning.update_macs
    assert sums == sum(verb.macs for verb in small.learning.verbs if verb.kind == "write")


@pytest.mark.parametrize(("size", "share"), [(64, "97 %"), (256, "6.1 %")])
def test_a_bill_names_its_arrays_and_how_far_they_are_used(size, share):
    """61 x 63 and 64 x 64 of two tiles."""
    conditions = priced.price(SIZES[size], priced.machines(SIZES[size]))["chip"]["conditions"]
    assert f"4 arrays of {size} x {size}, {share} of their cells in use" in conditions
    assert ("the chip was built with 64 x 64" in conditions) == (size != 64)
