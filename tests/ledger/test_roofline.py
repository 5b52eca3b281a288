"""Oracle: published energy per operation, the roofline worked out by hand, and per-bit energy of memory."""

import pytest

from ohmgrad import footprint, ledger
from ohmgrad.counts import Verb
from ohmgrad.errors import InputError

H100, V100 = footprint.processor("h100-sxm"), footprint.processor("v100")
EAGER, GRAPH, PERSISTENT = (footprint.program(name) for name in ("eager", "graph", "persistent"))
THREE, HUNDRED = footprint.program("batch-3"), footprint.program("batch-100")
SMALL = Verb("read", 64, 64, 64, 1000.0)
LARGE = Verb("read", 16384, 16384, 16384, 2.0)
NARROW = Verb("read", 16384, 16384, 1, 3.0)


@pytest.mark.parametrize(
    ("name", "precision", "picojoules"),
    [("v100", "fp32", 20.0), ("a100-sxm", "fp32", 20.5), ("a100-sxm", "fp16", 1.28), ("h100-sxm", "fp32", 10.5)],
)
def test_the_floor_is_the_published_energy_per_operation(name, precision, picojoules):
    bill = ledger.price_processor([LARGE], footprint.processor(name), EAGER, 1, precision)
    assert 1e12 * bill.joules.low / (2 * LARGE.macs) == pytest.approx(picojoules, rel=0.005)


@pytest.mark.parametrize(
    ("name", "bits", "picojoules"),
    [
        ("h100-sxm", 8, 0.354),  # 1978.9 TOP/s of INT8; FP8 is as fast, but tells 4 bits only
        ("h100-sxm", 9, 0.707),  # 989.4 TFLOP/s of FP16
        ("h100-sxm", 12, 10.5),  # FP32: 66.9
        ("a100-sxm", 8, 0.641),  # 624 TOP/s of INT8
        ("v100", 8, 2.4),  # it has FP16 at most: 125 TFLOP/s
    ],
)
def test_the_floor_is_in_the_format_that_tells_as_many_bits_as_the_chip(name, bits, picojoules):
    machine = footprint.processor(name)
    bill = ledger.price_processor([LARGE], machine, EAGER, 1, "fp32", bits=bits)
    assert 1e12 * bill.joules.low / (2 * LARGE.macs) == pytest.approx(picojoules, rel=0.005)
    plain = ledger.price_processor([LARGE], machine, EAGER, 1, "fp32")
    assert bill.joules[1:] == plain.joules[1:]  # nominal and high stay in the precision that is asked for


def test_small_kernels_are_bound_by_launches():
    """1,000 verbs of two kernels, 5 us from one to the next, at 0.3 of 700 W while the arithmetic waits."""
    bill = ledger.price_processor([SMALL], H100, EAGER, 64)
    assert bill.seconds.nominal == pytest.approx(1000 * 2 * 5e-6)
    busy = 2 * SMALL.macs / 66.9e12
    assert bill.joules.nominal == pytest.approx(700 * (busy + 0.3 * (1e-2 - busy)))
    assert bill.utilisation == pytest.approx(busy / 1e-2)
    assert "fp32, batch 64, utilisation 0.078 %" in bill.conditions and EAGER.title in bill.conditions


@pytest.mark.parametrize(("program", "start"), [(GRAPH, 2e-6), (PERSISTENT, 0.7e-6)])
def test_starts_that_hide_nothing_add_to_what_a_product_takes(program, start):
    """A product moves three matrices of 64 x 64 numbers at 3.35 TB/s, which is slower than its arithmetic."""
    product = 3 * 64 * 64 * 4 / 3.35e12
    bill = ledger.price_processor([SMALL], H100, program, 64)
    assert bill.seconds.nominal == pytest.approx(1000 * (start + product))


@pytest.mark.parametrize("program", [THREE, HUNDRED])
def test_trainings_side_by_side_share_the_starts_and_nothing_else(program):
    product = 3 * 64 * 64 * 4 / 3.35e12
    busy = 2 * 64**3 / 66.9e12
    bill = ledger.price_processor([SMALL], H100, program, 64)
    assert bill.seconds.nominal == pytest.approx(1000 * (2e-6 / program.trainings + product))
    waits = 2e-6 / program.trainings + product - busy
    assert bill.joules.nominal == pytest.approx(1000 * 700 * (busy + 0.3 * waits))


def test_numpy_on_a_core_takes_its_calls_and_its_products():
    """12.3 us a call and 157 GFLOP/s, at a 56th of 350 W all of the time."""
    core = footprint.processor("cpu-core")
    bill = ledger.price_processor([SMALL], core, footprint.program("numpy"), 64)
    assert bill.seconds.nominal == pytest.approx(1000 * (12.3e-6 + 2 * 64**3 / 157e9))
    assert bill.joules.nominal == pytest.approx(350 / 56 * bill.seconds.nominal)


@pytest.mark.parametrize("program", [EAGER, GRAPH, PERSISTENT, HUNDRED])
def test_large_kernels_are_bound_by_arithmetic_whatever_starts_them(program):
    bill = ledger.price_processor([LARGE], H100, program, 16384)
    assert bill.seconds.nominal == pytest.approx(2 * LARGE.macs / 66.9e12, rel=1e-4)
    assert bill.joules.nominal == pytest.approx(700 * bill.seconds.nominal, rel=1e-4)
    assert bill.utilisation == pytest.approx(1, rel=1e-4)


def test_narrow_kernels_are_bound_by_memory():
    """A matrix of 16,384 squared, once, 4 bytes a number, at 3.35 TB/s; half as long at half precision."""
    seconds = 3 * 4 * (16384**2 + 2 * 16384) / 3.35e12
    assert ledger.price_processor([NARROW], H100, EAGER, 1).seconds.nominal == pytest.approx(seconds)
    assert ledger.price_processor([NARROW], H100, EAGER, 1, "fp16").seconds.nominal == pytest.approx(seconds / 2)


def test_what_is_written_is_read_before():
    write = NARROW._replace(kind="write")
    seconds = 3 * 4 * (2 * 16384**2 + 2 * 16384) / 3.35e12
    assert ledger.price_processor([write], H100, EAGER, 1).seconds.nominal == pytest.approx(seconds)


def test_waiting_for_memory_draws_at_least_what_memory_draws():
    """HBM2 takes 3.9 pJ a bit; 900 GB/s of it are 28 W of the V100's 300."""
    bill = ledger.price_processor([NARROW], V100, EAGER, 1)
    bits = 8 * 3 * 4 * (16384**2 + 2 * 16384)
    assert 3.9e-12 < bill.joules.nominal / bits < 300 / 7.2e12


def test_each_kernel_has_its_own_bound():
    """The slowest bound is taken kernel by kernel, not of the sums."""
    both = ledger.price_processor([SMALL, NARROW], H100, EAGER, 1).seconds.nominal
    apart = sum(ledger.price_processor([verb], H100, EAGER, 1).seconds.nominal for verb in (SMALL, NARROW))
    assert both == pytest.approx(apart)


PAIRS = [
    pytest.param(footprint.processor(name), program, id=f"{name}, {title}")
    for name in footprint.processor_names()
    for title, program in footprint.programs(footprint.processor(name)).items()
]


@pytest.mark.parametrize(("machine", "program"), PAIRS)
def test_bounds_are_in_order_parts_add_up_and_twice_as_often_costs_twice(machine, program):
    verbs = [SMALL, NARROW, SMALL._replace(kind="write"), SMALL._replace(kind="read_transposed")]
    bill = ledger.price_processor(verbs, machine, program, 64)
    assert 0 < bill.joules.low < bill.joules.nominal < bill.joules.high
    assert 0 < bill.seconds.low <= bill.seconds.nominal <= bill.seconds.high
    for bound in ("low", "nominal", "high"):
        assert sum(getattr(line.joules, bound) for line in bill.lines) == pytest.approx(getattr(bill.joules, bound))
    twice = ledger.price_processor([verb._replace(times=2 * verb.times) for verb in verbs], machine, program, 64)
    assert twice.joules == pytest.approx(bill.joules * 2.0)
    half = ledger.price_processor(verbs, machine, program, 64, share=0.5)
    assert half.joules == pytest.approx(bill.joules * 0.5)
    assert bill.utilisation is not None and 0 < bill.utilisation < 1


def test_what_a_machine_lacks_is_refused():
    with pytest.raises(InputError, match="allowed: fp32, fp16"):
        ledger.price_processor([SMALL], V100, EAGER, 1, "fp8")
    with pytest.raises(InputError, match="has no 'barrier'; allowed: launch, graph"):
        ledger.price_processor([SMALL], footprint.processor("xeon-8480"), PERSISTENT, 1)
    with pytest.raises(InputError, match="did you mean 'eager'"):
        footprint.program("egaer")
