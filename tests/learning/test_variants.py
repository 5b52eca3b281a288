"""Oracle: every variant alone. Trainings that differ in numbers run side by side, by one compiled program."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from ohmgrad import data, training
from ohmgrad.crossbar import Adc, Dac, Hardware, Pair, Wires
from ohmgrad.crossbar.schemes import ErrorAware, TikiTaka
from ohmgrad.devices import preset
from ohmgrad.devices.aging import Retention
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.spread import Spread
from ohmgrad.errors import InputError
from ohmgrad.networks import LayeredHopfield, Settling
from ohmgrad.rules import ActivityDifference

TASK = data.braille_words(["owl", "cat", "dog", "hen"], copies=4)
NETWORK = LayeredHopfield(60, (5,), 4)
TRACED = []


class Traced(ActivityDifference):
    """Tells of every time that it is traced."""

    def learn(self, synapses, x, target, key):
        TRACED.append(1)
        return super().learn(synapses, x, target, key)


def rule(strength: float) -> ActivityDifference:
    return Traced(NETWORK, strength=strength, free=Settling(3), pushed=Settling(2))


RULES = [rule(0.3), rule(0.6), rule(0.9)]
RATES = [[0.1, 0.02], [0.05, 0.05], [0.02, 0.1]]
GAINS = [[0.3, 0.5], [0.5, 0.5], [0.7, 0.4]]
TASKS = [replace(TASK, channel=data.Channel(flips)) for flips in (0.0, 0.1, 0.3)]
SEEDS = [3, 4, 5]


def trained(rules, tasks, rates, chips, keys) -> list[np.ndarray]:
    start = training.Progress.start(chips)
    end = training.train(rules, tasks, start, keys, learning_rates=rates, epochs=2, batch=8)
    return [np.asarray(jax.vmap(lambda one: one.weights)(synapse)) for synapse in end.chips]


def alone(number: int, chips) -> list[np.ndarray]:
    return trained(RULES[number], TASKS[number], RATES[number], chips, training.keys([SEEDS[number]]))


def test_rules_rates_gains_and_tasks_of_each_chip_are_those_of_the_chip_alone():
    keys = training.keys(SEEDS)
    together = trained(RULES, TASKS, RATES, training.ideal_chips(RULES, GAINS, keys), keys)
    for number, gains in enumerate(GAINS):
        one = alone(number, training.ideal_chips(RULES[number], gains, training.keys([SEEDS[number]])))
        for ours, theirs in zip(together, one, strict=True):
            np.testing.assert_allclose(ours[number], theirs[0], rtol=2e-5, atol=1e-6)
    assert np.abs(together[0][0] - together[0][1]).max() > 0.01


def test_crossbars_of_each_chip_have_its_own_ranges():
    hardware, ranges, amperes = Hardware(preset("taox-1t1r")), [[0.5, 0.8], [1.0, 0.6], [2.0, 1.5]], [[6e-4, 4e-4]] * 3
    keys, weights = training.keys(SEEDS), [0.3, 0.3]
    together, _ = training.crossbar_chips(RULES[0], weights, keys, hardware, ranges, amperes)
    for number, seed in enumerate(SEEDS):
        one, _ = training.crossbar_chips(
            RULES[0], weights, training.keys([seed]), hardware, ranges[number], amperes[number]
        )
        for ours, theirs in zip(together, one, strict=True):
            held, wanted = (jax.vmap(lambda synapse: synapse.weights)(each) for each in (ours, theirs))
            np.testing.assert_allclose(held[number], wanted[0], rtol=2e-5, atol=1e-6)


def test_many_chips_are_the_same_as_fewer_at_a_time():
    """16 chips, which a CPU trains in groups, beside the first and the last 8 of them."""
    seeds, rules = list(range(16)), [rule(0.3 + 0.03 * number) for number in range(16)]
    rates, tasks, keys = [[0.05 + 0.01 * number, 0.05] for number in range(16)], [TASK] * 16, training.keys(seeds)
    together = trained(rules, tasks, rates, training.ideal_chips(rules, [0.5, 0.5], keys), keys)
    for half in (slice(0, 8), slice(8, 16)):
        keys = training.keys(seeds[half])
        chips = training.ideal_chips(rules[half], [0.5, 0.5], keys)
        for all_16, only_8 in zip(together, trained(rules[half], tasks[half], rates[half], chips, keys), strict=True):
            np.testing.assert_allclose(all_16[half], only_8, rtol=2e-5, atol=1e-6)
    assert min(np.abs(together[0][:-1] - together[0][1:]).mean((1, 2))) > 0.01  # no chip is its neighbour


def test_other_numbers_run_the_program_that_is_there():
    keys = training.keys(SEEDS)
    chips = training.ideal_chips(RULES, GAINS, keys)
    trained(RULES, TASKS, RATES, chips, keys)
    before = len(TRACED)
    for strength in (0.2, 0.4, 0.7):
        tasks = [replace(TASK, channel=data.Channel(strength / 4))] * 3
        trained([rule(strength)] * 3, tasks, np.array(RATES) * strength, chips, keys)
    assert len(TRACED) == before


def test_variants_of_another_structure_or_number_are_refused():
    keys, other = training.keys(SEEDS), ActivityDifference(NETWORK, free=Settling(4), pushed=Settling(2))
    with pytest.raises(InputError, match="there are 2 variants for 3 chips; allowed: one for each, or one for all"):
        training.ideal_chips(RULES[:2], GAINS, keys)
    with pytest.raises(InputError, match="variant 2 has not the structure of variant 0"):
        training.ideal_chips([*RULES[:2], other], GAINS, keys)


def hardware(vary: float, write=None) -> Hardware:
    """Arrays with every effect there is, every number of them moved by `vary`."""
    device = replace(
        preset("taox-1t1r"),
        g_min_siemens=60e-6 * vary,
        g_max_siemens=210e-6 / vary,
        read_volts=0.2 * vary,
        step_noise=0.4 * vary,
        write_error=(1e-6 * vary, 0.01 / vary),
        read_noise_siemens=1e-6 * vary,
        cubic_per_square_volt=0.1 * vary,
        aging=Retention(100.0 * vary, 4e-6 / vary, 0.3 * vary),
        spread=Spread(0.02 * vary, 0.05 / vary, 0.3 * vary),
        faults=Faults(0.02 * vary, 0.02 / vary),
    )
    return Hardware(
        device,
        rows=7,
        columns=5,
        mapping=Pair(40e-6 * vary),
        dac=Dac(8, inl_lsb=0.5 * vary),
        adc=Adc(8, inl_lsb=0.5 / vary),
        wires=Wires(1.0 * vary, 2.0 / vary, 10.0 * vary, 10.0 / vary),
        access_ohms=1e3 * vary,
        write=TikiTaka(2, 1.5 * vary, 0.8 / vary) if write is None else write,
    )


ARRAYS, RANGES, AMPERES = [hardware(vary) for vary in (0.9, 1.0, 1.15)], [2.0, 2.0], [6e-4, 6e-4]


def on_arrays(arrays, seeds: list[int], epochs: int = 1) -> list[np.ndarray]:
    """Effective weights of chips that were made, trained and left to age."""
    keys = training.keys(seeds)
    chips, counts = training.crossbar_chips(RULES[0], [0.3, 0.5], keys, arrays, RANGES, AMPERES)
    end = training.train(
        RULES[0], TASK, training.Progress.start(chips, counts), keys, learning_rates=RATES[0], epochs=epochs, batch=8
    )
    return [np.asarray(jax.vmap(lambda one: one.weights)(synapse)) for synapse in end.aged(10.0).chips]


def test_chips_of_different_hardware_side_by_side_are_those_of_each_hardware_on_all_chips():
    """To the bit: it is one program, whichever numbers it is given."""
    together = on_arrays(ARRAYS, SEEDS)
    for number, arrays in enumerate(ARRAYS):
        for side_by_side, alone in zip(together, on_arrays(arrays, SEEDS), strict=True):
            np.testing.assert_array_equal(side_by_side[number], alone[number])
            for other in {0, 1, 2} - {number}:
                assert np.abs(side_by_side[other] - alone[other]).mean() > 0.02 * alone.std()


def test_one_compilation_serves_a_hundred_hardwares():
    """Of everything, from the making of chips to their ageing: counted where the compiler is called."""
    compiled, some = [], [hardware(vary) for vary in np.linspace(0.9, 1.2, 102).tolist()]
    on_arrays(ARRAYS, SEEDS)
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if event.endswith("backend_compile_duration") else None
    )
    jax.jit(lambda x: 3 * x + 1)(1.0)
    assert len(compiled) == 1  # the counter counts
    for first in range(0, len(some), 3):
        on_arrays(some[first : first + 3], SEEDS)
    on_arrays(hardware(1.01), SEEDS)
    assert len(compiled) == 1


def test_hardware_of_another_structure_is_refused():
    for other in (
        replace(ARRAYS[0], wires=None),
        replace(ARRAYS[0], rows=8),
        replace(ARRAYS[0], adc=Adc(6, inl_lsb=0.5)),
        replace(ARRAYS[0], write=ErrorAware()),
        ARRAYS[0].without("read_noise"),
    ):
        with pytest.raises(InputError, match="variant 1 has not the structure of variant 0"):
            on_arrays([ARRAYS[0], other], [0, 1])
