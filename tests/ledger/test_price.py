"""Oracle: arithmetic by hand, and that books balance in every currency, on every shipped chip."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmgrad import ledger
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.ledger import Range, product

CHIPS = {name: ledger.chip(name) for name in ledger.chip_names()}
TAOX = CHIPS["taox-64x64"]
amounts = st.builds(Counts, *(st.floats(0, 1e9) for _ in Counts._fields))
BITS = ledger.Arrays(dac_bits=8, adc_bits=8)


def only(field: str, value: float | Range = 1.0, chip: ledger.Chip = TAOX) -> ledger.Bill:
    return ledger.price_chip(Counts()._replace(**{field: value}), chip, BITS)


@settings(max_examples=30, deadline=None)
@given(counts=amounts, name=st.sampled_from(sorted(CHIPS)))
def test_parts_add_up_to_the_total_and_bounds_are_in_order(counts, name):
    bill = ledger.price_chip(counts, CHIPS[name], BITS)
    for total, parts in ((bill.joules, "joules"), (bill.seconds, "seconds"), (bill.square_metres, "square_metres")):
        for bound in Range._fields:
            each = [getattr(getattr(line, parts), bound) for line in bill.lines]
            assert all(part >= 0 and math.isfinite(part) for part in each)
            assert getattr(total, bound) == pytest.approx(sum(each), rel=1e-12)
        assert total.low <= total.nominal <= total.high


@settings(max_examples=20, deadline=None)
@given(counts=amounts, name=st.sampled_from(sorted(CHIPS)))
def test_twice_the_work_costs_twice_as_much_on_the_same_area(counts, name):
    once, twice = (ledger.price_chip(c, CHIPS[name], BITS) for c in (counts, counts.times(2.0)))
    assert twice.joules == pytest.approx(once.joules * 2.0, rel=1e-9)
    assert twice.seconds == pytest.approx(once.seconds * 2.0, rel=1e-9)
    assert twice.square_metres == once.square_metres


@pytest.mark.parametrize("name", sorted(CHIPS))
@pytest.mark.parametrize("field", Counts._fields)
def test_every_count_that_costs_on_one_chip_costs_on_all_or_is_told_apart(name, field):
    """No chip forgets a kind of write, and none prices what only a processor does."""
    joules = only(field, 1e6, CHIPS[name]).joules.nominal
    writes = {"update_macs", "up_siemens", "down_siemens", "half_select_siemens", "programs", "program_siemens"}
    if field in writes | {"settle_watts", "neuron_updates", "verify_reads"}:
        assert joules > 0
    if field in {"calls", "macs"}:
        assert joules == 0


def test_cells_cost_power_times_read_time():
    assert only("read_watts", 0.2**2 * 150e-6).joules.nominal == pytest.approx(0.2**2 * 150e-6 * 128e-9, rel=1e-9)


def test_a_circuit_costs_power_times_settling_time():
    assert only("settle_watts", 2e-6).joules.nominal == pytest.approx(2e-6 * 100e-9, rel=1e-9)


def test_half_selected_devices_cost_a_quarter_and_pulses_the_device_s_own_voltage():
    own = ledger.Pulse(*(ledger.chip("default").figures[n] for n in ("pulse_volts", "pulse_seconds")))
    up = own._replace(volts=own.volts.model_copy(update={"low": 3.0, "nominal": 3.0, "high": 3.0}))
    arrays = BITS._replace(up=up)
    counts = Counts(up_siemens=1e-3, half_select_siemens=1e-3)
    lines = {(line.component, line.action): line for line in ledger.price_chip(counts, TAOX, arrays).lines}
    full = 3.0**2 * 1e-3 * 50e-9
    assert lines["cells", "potentiate"].joules.nominal == pytest.approx(full, rel=1e-9)
    assert lines["cells", "half-select"].joules.nominal == pytest.approx(full / 4, rel=1e-9)


def test_lines_charge_capacitance_times_voltage_squared_for_every_cell_on_them():
    arrays = BITS._replace(rows=100, columns=80)
    lines = ledger.price_chip(Counts(dac_conversions=10.0), TAOX, arrays).lines
    joules = next(line.joules.nominal for line in lines if line.action == "charge rows")
    assert joules == pytest.approx(10 * 100 * 0.5e-15 * 0.2**2, rel=1e-9)


def test_time_is_reads_then_shared_converters_one_after_another():
    seconds = only("reads", 10.0).seconds.nominal
    assert seconds == pytest.approx(10 * (128e-9 + 8 * 0.78e-9), rel=1e-9)


def test_control_draws_its_power_for_all_of_the_time():
    bill = only("reads", 1e6)
    assert bill.lines[-1].joules.nominal == pytest.approx(1e-3 * bill.seconds.nominal, rel=1e-9)


def test_ranges_of_counts_widen_the_bill():
    narrow, wide = only("read_watts", 2.0), only("read_watts", Range(1.0, 2.0, 4.0))
    assert wide.joules.nominal == narrow.joules.nominal
    assert wide.joules.low < narrow.joules.low and wide.joules.high > narrow.joules.high


def test_bits_change_the_price():
    counts = Counts(adc_conversions=1.0, dac_conversions=1.0)
    prices = [
        ledger.price_chip(counts, TAOX, ledger.Arrays(dac_bits=bits, adc_bits=bits)).joules.nominal
        for bits in range(4, 13)
    ]
    assert prices == sorted(prices) and prices[0] < prices[-1]


def test_a_ratio_sets_low_against_high():
    assert Range(2, 6, 20).over(Range(1, 2, 4)) == (0.5, 3, 20)


@pytest.mark.parametrize("formula", ["", "a +", "a / b", "2 ** 3", "a^", "-a", "__import__('os')"])
def test_formulas_are_products_and_nothing_else(formula):
    with pytest.raises(ValueError, match="is not a product"):
        product.factors(formula)


def test_products_are_worked_out_bound_by_bound():
    known = {"a": Range(1.0, 2.0, 3.0), "b": 10.0}
    assert product.value("a^2 * b * 0.5", known) == (5.0, 20.0, 45.0)


def test_unknown_chips_and_bits_without_a_figure_are_refused():
    with pytest.raises(InputError, match="did you mean 'taox-64x64'"):
        ledger.chip("taox")
    with pytest.raises(InputError, match=r"hardware\.adc\.bits"):
        ledger.price_chip(Counts(), TAOX, ledger.Arrays(adc_bits=14))
