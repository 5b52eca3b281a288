"""Oracle: the counters of compiled programs, and of real trainings. What a trace expects is what they count."""

import jax
import pytest

from ohmgrad import records, training
from ohmgrad.cost import Work
from ohmgrad.counts import Counts
from ohmgrad.networks import FeedForward, Network
from ohmgrad.quantity import Range
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts, build, resolve
from ohmgrad.recipes.costs import costs
from ohmgrad.recipes.sizes import sizes, steps
from ohmgrad.rules import Backpropagation, Rule
from ohmgrad.runs.arms import Arm, arms, chip_keys
from ohmgrad.runs.setup import of_recipe
from ohmgrad.synapses import Ideal
from small_recipes import FEEDFORWARD, RATES, RECIPES, hardware, recipe

QUICK_CROSSBARS = ("hopfield, centered", "resistive, positive")
"""One of each way of counting; all others take minutes to compile (-m slow)."""


def some_slow(names, quick):
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


def trained(experiment: Experiment, parts: Parts, arm: Arm) -> Counts:
    settings = experiment.training
    progress = training.train(
        arm.rule,
        parts.task,
        arm.start(),
        chip_keys(experiment.training),
        learning_rates=arm.learning_rates,
        epochs=settings.epochs,
        batch=settings.batch,
    )
    return progress.mean_counts()


def counted(experiment: Experiment, name: str) -> Counts:
    """What one arm of a real training counts."""
    parts = build(resolve(experiment))
    return trained(experiment, parts, arms(of_recipe(experiment, parts))[name])


def compiled(rule, experiment: Experiment) -> tuple[Counts, Counts]:
    """What a batch of learning, and one of answers, counts on ideal weights, as XLA works it out: it leaves away all
    else, so that this takes a moment only."""
    task, key = build(resolve(experiment)).task, jax.random.key(0)
    weights = rule.initial([0.5] * len(rule.shapes), key)
    order, keys = task.epoch(key, experiment.training.batch)

    @jax.jit
    def both(weights, index, key):
        own = rule.on_chip(key)
        chip = own.mounted([Ideal(matrix, rule.low) for matrix in weights])
        x, target = task.batch((index, key))
        counts = training.step(own, chip, x, target, [0.1] * len(chip), key)[2], own.infer(chip, x, key).counts
        return jax.tree.map(jax.numpy.asarray, counts)

    learned, answered = both(weights, order[0], keys[0])
    return learned, answered


def check_shapes(asked: Work, counts: Counts) -> None:
    assert counts.calls == asked.calls
    assert counts.macs == asked.macs
    assert counts.neuron_updates == asked.neuron_updates


@pytest.mark.parametrize("name", RECIPES)
def test_a_trace_expects_what_the_compiled_program_counts(name):
    experiment = records.check(Experiment, RECIPES[name], name)
    found, rule = costs(experiment), build(resolve(experiment)).rule
    learned, answered = compiled(rule, experiment)
    check_shapes(found.learning, learned)
    check_shapes(found.answering, answered)
    assert found.learning.phases == learned.free_phases + learned.pushed_phases
    assert found.learning.edge_inputs == learned.edge_inputs
    assert found.learning.edge_outputs == learned.edge_outputs


@pytest.mark.parametrize("name", ["associative", "feedback alignment"])
def test_a_training_counts_as_many_batches(name):
    experiment = records.check(Experiment, RECIPES[name], name)
    counts, asked = counted(experiment, "ideal"), costs(experiment).learning.times(float(steps(experiment)))
    check_shapes(asked, counts)
    assert (counts.edge_inputs, counts.edge_outputs) == (asked.edge_inputs, asked.edge_outputs)


def test_sweeps_to_a_tolerance_are_all_expected():
    """2 free and 2 pushed ones, as without a tolerance; a run makes fewer."""
    plain = RECIPES["hopfield, centered"]
    phases = {phase: plain["rule"][phase] | {"tolerance": 0.1} for phase in ("free", "pushed")}
    ended = plain | {"rule": plain["rule"] | phases}
    both = [costs(records.check(Experiment, each, "tolerance")) for each in (plain, ended)]
    assert both[0] == both[1]


def test_every_kind_of_network_and_rule_is_among_them():
    pairs = {(each["network"]["kind"], each["rule"]["kind"]) for each in RECIPES.values()}
    rules, networks = Rule.kinds().items(), Network.kinds().items()
    assert pairs == {(network, rule) for network, cls in networks for rule, each in rules if each.goes_with(cls)}
    assert len(pairs) == 17


def test_the_baseline_is_backpropagation_through_the_same_layers():
    experiment = records.check(Experiment, RECIPES["hopfield, centered"], "baseline")
    layers = FeedForward(sizes(experiment).inputs, (7, 5), 4)
    check_shapes(costs(experiment).baseline, compiled(Backpropagation(layers), experiment)[0])


def test_backpropagation_as_a_rule_and_as_the_baseline_ask_the_same():
    alone = recipe(FEEDFORWARD, {"kind": "backpropagation", "learning_rates": RATES})
    found = costs(records.check(Experiment, alone, "alone"))
    assert found.learning == found.baseline


def test_the_baseline_of_kernels_sends_every_place_once_each_way():
    """By hand: digits of 8 x 8, kernels of 3 x 3 with a bias, 3 on 8 x 8 places, 2 on 4 x 4; then 2 x 2 x 2 to ten."""
    found = costs(records.check(Experiment, RECIPES["convolutional"], "kernels")).baseline
    batch, shapes = 3, {(10, 3): 64, (28, 2): 16, (9, 10): 1}
    vectors = {kind: {} for kind in ("read", "read_transposed", "write")}
    for verb in found.verbs:
        assert verb.times == 1
        vectors[verb.kind][verb.rows, verb.columns] = verb.vectors
    expected = {shape: batch * places for shape, places in shapes.items()}
    assert vectors["read"] == vectors["write"] == expected
    assert vectors["read_transposed"] == {shape: n for shape, n in expected.items() if shape != (10, 3)}


def test_an_image_set_has_as_many_samples_as_it_says():
    from ohmgrad.data import images

    given = RECIPES["convolutional"] | {"data": {"kind": "images", "name": "digits"}}
    found = sizes(records.check(Experiment, given, "digits"))
    digits = images("digits")
    assert (found.samples, found.outputs) == (len(digits.x_train), len(digits.classes))
    assert found.image == digits.x_train.shape[1:]


CROSSBARS = {
    "hopfield, centered": {},
    "resistive, positive": {"mapping": {"kind": "direct"}, "weight_max": [1.0] * 3, "adc": {"range": "vector"}},
    "convolutional": {},
    "holomorphic, even": {},
    "forward-forward": {},
    "predictive coding": {},
    "weight perturbation": {},
}


OUTCOMES = (
    *("verifications", "unverified", "free_phases", "free_unsettled", "pushed_phases", "pushed_unsettled", "diverged"),
    "clipped_conversions",
)
"""How a training went, which nothing prices."""


def check_counts(experiment: Experiment) -> None:
    """Numbers exactly; what is a range, within it."""
    found, on_arrays = counted(experiment, "crossbar"), costs(experiment).on_arrays
    assert on_arrays is not None
    asked = on_arrays.training(steps(experiment))
    for name, value in asked._asdict().items():
        real = getattr(found, name)
        if name in OUTCOMES:
            assert value == 0
        elif isinstance(value, Range):
            assert value.low <= real <= value.high * (1 + 1e-5), name
            assert value.low < value.high or real == value.high, name
        else:
            assert real == pytest.approx(value, rel=1e-6), name


@pytest.mark.parametrize("name", some_slow(CROSSBARS, QUICK_CROSSBARS))
def test_crossbars_count_what_is_expected(name):
    matrices = 2 if name == "forward-forward" else 3
    given = RECIPES[name] | {"hardware": hardware(matrices) | CROSSBARS[name]}
    check_counts(records.check(Experiment, given, name))


WRITES = {
    "write-verify": {},
    "verified pulse by pulse": {"write": {"kind": "write-verify", "pulse_budget": 5}},
    "pulse-trains": {},
    "pulse-count": {},
    "manhattan": {},
    "error-aware": {},
    "mixed-precision": {},
    "tiki-taka": {"write": {"kind": "tiki-taka", "every": 2}},
    "any size": {"without": ["write_granularity"]},
    "passive": {"passive": True},
    "one-sided": {"device": {"preset": "aihwkit-pcm"}, "mapping": {"kind": "pair", "offset_siemens": 0.0}},
    "single, bit-serial": {"mapping": {"kind": "single"}, "dac": {"bits": 4, "bit_serial": True}},
    "slices": {"mapping": {"kind": "slices"}, "write": {"kind": "write-verify"}},
    "bound management": {"adc": {"bound_management": True}, "adc_full_scale_amperes": [1e-6] * 3},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITES)
def test_ways_of_writing_and_reading_count_what_is_expected(name):
    settings = WRITES[name] or {"write": {"kind": name}}
    given = RECIPES["backpropagation"] | {"hardware": hardware(3) | settings}
    check_counts(records.check(Experiment, given, name))
