"""Oracle: what each program was worked out to take, by hand, for one training of `braille`; what a memory can hold."""

import pytest

from ohmgrad import footprint, ledger, recipes
from ohmgrad.counts import Verb
from ohmgrad.recipes import priced
from ohmgrad.recipes.costs import costs

BRAILLE = recipes.load("braille")
H100, CORE = footprint.processor("h100-sxm"), footprint.processor("cpu-core")
TRAINING = costs(BRAILLE).learning.times(800.0)
VERBS = 800 * 23
"""800 batches: the input's product, 6 free sweeps and 4 pushed ones of two products each, two updates."""


def joules(verbs=None) -> dict[str, float]:
    found = ledger.opponents(verbs or TRAINING.verbs, (H100, CORE), 64)
    return {each.name: each.bill.joules.nominal for each in found}


def test_programs_of_one_training_take_their_starts_at_the_power_of_waiting():
    """At 0.3 of 700 W, products take little beside: two launches of 5 us, one of 2 us in a graph, a wait of 0.7 us."""
    found = joules()
    watts = 0.3 * 700
    assert found["eager"] == pytest.approx(VERBS * 2 * 5e-6 * watts, rel=0.01)
    assert found["graph"] == pytest.approx(VERBS * 2e-6 * watts, rel=0.03)
    assert found["persistent"] == pytest.approx(VERBS * 0.7e-6 * watts, rel=0.07)
    assert found["batch-3"] == pytest.approx(VERBS * 2e-6 * watts / 3, rel=0.08)


def test_a_hundred_trainings_are_bound_by_memory_and_starts():
    """A product moves 64 x 64 weights (twice where written) and both edges' vectors: 64, pushed or written 128."""
    starts = VERBS * 2e-6 / 100
    matrices = 4096 * (21 + 2 * 2)
    vectors = (64 * 13 + 128 * 10) * 128
    moved = 800 * 4 * (matrices + vectors) / 3.35e12
    busy = 2 * 800 * 4096 * (64 * 13 + 128 * 10) / 66.9e12
    watts = 700 * busy + 210 * (starts + moved - busy)
    assert joules()["batch-100"] == pytest.approx(watts, rel=0.05)


def test_numpy_takes_the_seconds_that_were_measured():
    """0.319 s of a core for equilibrium propagation, 0.070 s for backpropagation (bench/RESULTS.md)."""
    core = 350 / 56
    assert joules()["numpy"] == pytest.approx(0.319 * core, rel=0.03)
    assert joules(costs(BRAILLE).baseline.times(800.0).verbs)["numpy"] == pytest.approx(0.070 * core, rel=0.12)


def test_the_best_takes_the_least_and_stands_in_the_headline():
    table = priced.price(BRAILLE, priced.machines(BRAILLE))
    for key, ratio in (("digital", "ratio"), ("digital_backprop", "ratio_backprop")):
        rows = table["opponents"][key]
        assert [row["program"] for row in rows] == ["eager", "graph", "persistent", "batch-3", "batch-100", "numpy"]
        least = min(rows, key=lambda row: row["energy_joules"]["nominal"])
        assert table[f"{key}_energy_joules"] == least["energy_joules"]
        assert table[ratio] == least["ratio"]
        assert table[key]["machine"] == least["machine"] and least["title"] in table[key]["conditions"]


def test_the_low_bound_is_in_the_precision_of_the_chip():
    table = priced.price(BRAILLE, priced.machines(BRAILLE))
    flop = 2 * TRAINING.macs
    assert table["digital_energy_joules"]["low"] == pytest.approx(flop / 1978.9e12 * 700, rel=1e-6)


@pytest.mark.parametrize(("width", "names"), [(64, {"batch-3", "batch-100"}), (16384, {"batch-3"}), (65536, set())])
def test_trainings_side_by_side_must_fit_in_memory(width, names):
    """Two square matrices of 4 bytes a number: 100 of width 16,384 are 215 GB, of 80; 3 of 65,536 are 103."""
    verbs = [Verb("write", width, width, 64, 1.0)] * 2
    found = {each.name for each in ledger.opponents(verbs, (H100,), 64) if each.program.trainings > 1}
    assert found == names


def test_a_machine_without_the_precision_computes_in_its_finest():
    found = ledger.opponents([Verb("read", 64, 64, 64, 1.0)], (H100, CORE), 64, "fp16")
    said = {each.name: each.bill.conditions for each in found}
    assert "fp16" in said["graph"] and "fp32" in said["numpy"]


def test_one_core_named_twice_competes_once():
    machines = priced.machines(BRAILLE, gpu="cpu-core")
    assert machines.digital == (CORE,)
    assert [each.name for each in ledger.opponents(TRAINING.verbs, machines.digital, 64)] == ["numpy"]
