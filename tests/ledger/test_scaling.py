"""Oracle: the arithmetic of a recipe of the same layers, powers of the width, and crossings worked out by hand."""

import numpy as np
import pytest

from ohmgrad import recipes
from ohmgrad.errors import InputError
from ohmgrad.quantity import Range
from ohmgrad.recipes import scaling
from ohmgrad.recipes.costs import costs
from ohmgrad.recipes.scaling import Point


def point(width: int, ratio: float) -> Point:
    one, gpu = Range(1.0, 1.0, 1.0), Range(ratio, ratio, ratio)
    return Point("chip", "gpu", 1, "fp32", width, one, gpu, gpu, "eager", 0.5)


@pytest.fixture
def same_layers(tmp_path):
    """`braille`, all layers of which are as wide as its words are long."""
    rows = np.sign(np.random.default_rng(0).normal(size=(64, 64))).astype(int)
    np.savetxt(tmp_path / "words.csv", rows, fmt="%d", delimiter=",")
    data = f"data={{kind: patterns, file: '{tmp_path}/words.csv', copies: 1}}"
    sizes = ["network.hidden=[64]", "hardware.array_pairs=20"]
    return recipes.load("braille", [data, *sizes, "training.batch=16", "training.epochs=1"])


def test_a_step_asks_what_the_recipe_of_the_same_layers_asks(same_layers):
    asked = costs(same_layers)
    assert scaling.step(64, 16) == asked.learning
    assert scaling.backprop_step(64, 16) == asked.baseline


def test_a_step_counts_on_arrays_what_its_vectors_drive_and_sense():
    """By hand: 65 rows on two tiles of 64 above each other, 64 columns on one; 16 samples, pushed both ways 32. The
    input is read once; six free sweeps and four pushed ones read forward and back; two matrices are written."""
    counts = scaling._counts(64, 16, scaling._hardware(64, "single-pulse"))
    forward, back = 16 + 6 * 16 + 4 * 32, 6 * 16 + 4 * 32
    assert counts.reads == forward + back
    assert counts.dac_conversions == 2 * (
        forward * 65 + back * 64 * 2
    )  # both devices of a pair; each tile its own lines
    assert counts.adc_conversions == forward * 64 * 2 + back * 65  # of a pair one current
    assert counts.update_macs == 2 * 32 * 65 * 64
    assert counts.neuron_updates == (6 * 16 + 4 * 32) * (64 + 64)
    assert counts.pulsed_rows == 2 * 64
    assert (counts.edge_inputs, counts.edge_outputs) == (16 * 128, 16 * 64)


def test_energy_is_quadratic_in_wide_layers_on_both_machines():
    wide = scaling.points("taox-64x64", "h100-sxm", [64], ["fp32"], widths=[8192, 16384])
    for joules in ("chip_joules", "digital_joules", "backprop_joules"):
        small, large = (getattr(each, joules).nominal for each in wide)
        assert large / small == pytest.approx(4, rel=0.02)


def test_at_narrow_layers_starts_are_shared_by_a_hundred_trainings_and_at_wide_ones_nothing_is():
    """A step has 23 verbs: a start of 2 us by 100 each, at 210 W, and little else; two matrices of 16,384 squared,
    times 100, are 215 GB: more than the card holds."""
    narrow, wide = scaling.points("taox-64x64", "h100-sxm", [1], ["fp32"], widths=[8, 16384])
    assert narrow.program == "batch-100"
    assert narrow.digital_joules.nominal == pytest.approx(23 * 2e-6 / 100 * 210, rel=0.1)
    assert wide.program != "batch-100"


def test_crossings_lie_on_the_line_between_the_points_and_say_which_way():
    curve = [point(64, 10**4.5), point(1024, 10**1.5), point(4096, 10**2.5)]
    found = scaling.crossings(curve)
    assert [(round(c.mark), c.rising) for c in found] == [(100, False), (1000, False), (10000, False), (100, True)]
    widths = [64 * 16 ** (5 / 6), 256, 64 * 16 ** (1 / 6), 2048]
    assert [c.width for c in found] == pytest.approx(widths)


def test_bounds_of_the_ratio_enclose_it():
    for each in scaling.points("analog-edge", "a100-sxm", [1], ["fp16"], widths=[64, 4096]):
        assert 0 < each.ratio.low < each.ratio.nominal < each.ratio.high
        assert 0 < each.utilisation <= 1


def test_faults_name_the_option():
    with pytest.raises(InputError, match="`chip`"):
        scaling.points("taox", "h100-sxm", [1], ["fp32"])
    with pytest.raises(InputError, match="allowed: fp32, fp16"):
        scaling.points("taox-64x64", "v100", [1], ["fp8"])
    with pytest.raises(InputError, match="'pulse-trains'"):
        scaling.points("taox-64x64", "v100", [1], ["fp32"], write="pulses")
