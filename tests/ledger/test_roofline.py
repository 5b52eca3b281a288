"""Oracle: published energy per operation, the roofline worked out by hand, and per-bit energy of memory."""

import pytest

from ohmgrad import footprint, ledger
from ohmgrad.counts import Verb
from ohmgrad.errors import InputError

H100, V100 = footprint.processor("h100-sxm"), footprint.processor("v100")
SMALL = Verb("read", 64, 64, 64, 1000.0)
LARGE = Verb("read", 16384, 16384, 16384, 2.0)
NARROW = Verb("read", 16384, 16384, 1, 3.0)


@pytest.mark.parametrize(
    ("name", "precision", "picojoules"),
    [("v100", "fp32", 20.0), ("a100-sxm", "fp32", 20.5), ("a100-sxm", "fp16", 1.28), ("h100-sxm", "fp32", 10.5)],
)
def test_the_floor_is_the_published_energy_per_operation(name, precision, picojoules):
    bill = ledger.price_processor([LARGE], footprint.processor(name), 1, precision)
    assert 1e12 * bill.joules.low / (2 * LARGE.macs) == pytest.approx(picojoules, rel=0.005)


def test_small_kernels_are_bound_by_launches():
    """1,000 verbs of two kernels, 5 us from one to the next, at 0.3 of 700 W while the arithmetic waits."""
    bill = ledger.price_processor([SMALL], H100, 64)
    assert bill.seconds.nominal == pytest.approx(1000 * 2 * 5e-6)
    busy = 2 * SMALL.macs / 66.9e12
    assert bill.joules.nominal == pytest.approx(700 * (busy + 0.3 * (1e-2 - busy)))
    assert bill.utilisation == pytest.approx(busy / 1e-2)
    assert "fp32, batch 64, utilisation 0.078 % (nominal)" in bill.conditions


def test_large_kernels_are_bound_by_arithmetic():
    bill = ledger.price_processor([LARGE], H100, 16384)
    assert bill.seconds.nominal == pytest.approx(2 * LARGE.macs / 66.9e12)
    assert bill.joules.nominal == pytest.approx(700 * bill.seconds.nominal)
    assert bill.utilisation == pytest.approx(1)


def test_narrow_kernels_are_bound_by_memory():
    """A matrix of 16,384 squared, once, 4 bytes a number, at 3.35 TB/s; half as long at half precision."""
    seconds = 3 * 4 * (16384**2 + 2 * 16384) / 3.35e12
    assert ledger.price_processor([NARROW], H100, 1).seconds.nominal == pytest.approx(seconds)
    assert ledger.price_processor([NARROW], H100, 1, "fp16").seconds.nominal == pytest.approx(seconds / 2)


def test_what_is_written_is_read_before():
    write = NARROW._replace(kind="write")
    seconds = 3 * 4 * (2 * 16384**2 + 2 * 16384) / 3.35e12
    assert ledger.price_processor([write], H100, 1).seconds.nominal == pytest.approx(seconds)


def test_waiting_for_memory_draws_at_least_what_memory_draws():
    """HBM2 takes 3.9 pJ a bit; 900 GB/s of it are 28 W of the V100's 300."""
    bill = ledger.price_processor([NARROW], V100, 1)
    bits = 8 * 3 * 4 * (16384**2 + 2 * 16384)
    assert 3.9e-12 < bill.joules.nominal / bits < 300 / 7.2e12


def test_each_kernel_has_its_own_bound():
    """The slowest bound is taken kernel by kernel, not of the sums."""
    both = ledger.price_processor([SMALL, NARROW], H100, 1).seconds.nominal
    apart = sum(ledger.price_processor([verb], H100, 1).seconds.nominal for verb in (SMALL, NARROW))
    assert both == pytest.approx(apart)


@pytest.mark.parametrize("name", footprint.processor_names())
def test_bounds_are_in_order_parts_add_up_and_twice_as_often_costs_twice(name):
    machine = footprint.processor(name)
    verbs = [SMALL, NARROW, SMALL._replace(kind="write"), SMALL._replace(kind="read_transposed")]
    bill = ledger.price_processor(verbs, machine, 64)
    assert bill.joules.low < bill.joules.nominal < bill.joules.high
    assert bill.seconds.low <= bill.seconds.nominal <= bill.seconds.high
    assert sum(line.joules.nominal for line in bill.lines) == pytest.approx(bill.joules.nominal)
    twice = ledger.price_processor([verb._replace(times=2 * verb.times) for verb in verbs], machine, 64)
    assert twice.joules == pytest.approx(bill.joules * 2.0)
    assert ledger.price_processor(verbs, machine, 64, share=0.5).joules == pytest.approx(bill.joules * 0.5)
    assert bill.utilisation is not None and 0 < bill.utilisation < 1


def test_a_precision_that_a_machine_lacks_is_refused():
    with pytest.raises(InputError, match="allowed: fp32, fp16"):
        ledger.price_processor([SMALL], V100, 1, "fp8")
