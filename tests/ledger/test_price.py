"""Oracle: published per-operation figures, arithmetic by hand, and that books balance."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmgrad import ledger
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.ledger import Range

CHIP, H100 = ledger.chip("taox-64x64"), ledger.gpu("h100-sxm")
amounts = st.builds(Counts, *(st.floats(0, 1e9) for _ in Counts._fields))


def only(field: str, value: float = 1.0):
    return ledger.price_chip(Counts()._replace(**{field: value}), CHIP, 8, 8)


@settings(max_examples=50, deadline=None)
@given(counts=amounts)
def test_parts_add_up_to_the_total_and_bounds_are_in_order(counts):
    for bill in (ledger.price_chip(counts, CHIP, 8, 8), ledger.price_gpu(counts, H100, 64)):
        for total, parts in ((bill.joules, "joules"), (bill.seconds, "seconds")):
            for bound in Range._fields:
                each = [getattr(getattr(line, parts), bound) for line in bill.lines]
                assert all(part >= 0 and math.isfinite(part) for part in each)
                assert getattr(total, bound) == pytest.approx(sum(each), rel=1e-12)
            assert total.low <= total.nominal <= total.high


@settings(max_examples=20, deadline=None)
@given(counts=amounts)
def test_twice_the_work_costs_twice_as_much(counts):
    once, twice = (ledger.price_chip(c, CHIP, 8, 8).joules for c in (counts, counts.times(2.0)))
    assert twice == pytest.approx(once.times(2.0), rel=1e-9)


def test_an_8_bit_conversion_costs_what_isaacs_adc_takes():
    """2 mW at 1.28 GS/s is 1.56 pJ."""
    assert only("adc_conversions").joules.nominal == pytest.approx(2e-3 / 1.28e9, rel=0.005)


def test_an_8_bit_dac_conversion_costs_what_mnsims_table_says():
    """0.4992 mW at 1 GS/s."""
    assert only("dac_conversions").joules.nominal == pytest.approx(0.4992e-3 / 1e9, rel=1e-6)


def test_a_tantalum_oxide_pulse_costs_what_neurosims_formula_gives():
    """TaOx/HfOx of Wu et al.: 1.6 V, 50 ns at 1 / 100 kohm is 1.28 pJ."""
    assert only("pulse_siemens", 1 / 100e3).joules.nominal == pytest.approx(1.28e-12, rel=1e-6)


def test_cells_cost_power_times_read_time():
    assert only("read_watts", 0.2**2 * 150e-6).joules.nominal == pytest.approx(0.2**2 * 150e-6 * 128e-9, rel=1e-9)


@pytest.mark.parametrize(("name", "picojoules"), [("v100", 20.0), ("a100-sxm", 20.5), ("h100-sxm", 10.5)])
def test_gpu_floor_is_the_published_energy_per_operation(name, picojoules):
    bill = ledger.price_gpu(Counts(macs=0.5e12), ledger.gpu(name), 64)
    assert bill.joules.low == pytest.approx(picojoules, rel=0.005)


def test_gpu_time_is_bound_by_launches_where_matrices_are_small_and_by_arithmetic_where_they_are_large():
    small = ledger.price_gpu(Counts(calls=1000.0, macs=1e6), H100, 64)
    assert small.seconds.nominal == pytest.approx(1000 * 2 * 5e-6)
    assert "utilisation 0.00%" in small.conditions and "FP32, batch 64" in small.conditions
    large = ledger.price_gpu(Counts(calls=1.0, macs=1e15), H100, 64)
    assert large.seconds.nominal == large.seconds.low == pytest.approx(2e15 / 66.9e12)
    assert "utilisation 100.00%" in large.conditions


def test_bits_change_the_price():
    counts = Counts(adc_conversions=1.0, dac_conversions=1.0)
    prices = [ledger.price_chip(counts, CHIP, bits, bits).joules.nominal for bits in range(4, 13)]
    assert prices == sorted(prices) and prices[0] < prices[-1]


def test_a_ratio_sets_low_against_high():
    assert Range(2, 6, 20).over(Range(1, 2, 4)) == (0.5, 3, 20)


@pytest.mark.parametrize("folder", ["chips", "gpus"])
def test_every_shipped_machine_loads_and_every_figure_has_a_source(folder):
    for name in ledger.names(folder):
        machine = (ledger.chip if folder == "chips" else ledger.gpu)(name)
        figures = [value for value in vars(machine).values() if hasattr(value, "source")]
        assert figures and all(figure.source for figure in figures)


def test_unknown_machine_and_bits_without_a_figure_are_refused():
    with pytest.raises(InputError, match="did you mean 'h100-sxm'"):
        ledger.gpu("h100-smx")
    with pytest.raises(InputError, match=r"hardware\.adc\.bits"):
        ledger.price_chip(Counts(), CHIP, 8, 14)
