"""Oracle: real trainings. What arithmetic expects of a recipe is what the verbs of a small run count, one by one."""

import pytest

from ohmgrad import records, training
from ohmgrad.counts import Counts
from ohmgrad.figure import Range
from ohmgrad.recipes import Experiment, expected, work
from ohmgrad.recipes.build import Parts, build, resolve
from ohmgrad.runs.arms import Arm, arms, chip_keys
from small_recipes import FEEDFORWARD, RATES, RECIPES, hardware, recipe

QUICK = ("associative", "feedback alignment")
QUICK_CROSSBARS = ("hopfield, centered", "resistive, positive")
"""One of each way of counting; all others take minutes to compile (-m slow)."""


def some_slow(names, quick):
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


def trained(experiment: Experiment, parts: Parts, arm: Arm) -> Counts:
    settings = experiment.training
    progress = training.train(
        arm.rule,
        parts.task,
        arm.start,
        chip_keys(experiment),
        learning_rates=arm.learning_rates,
        epochs=settings.epochs,
        batch=settings.batch,
    )
    return progress.mean_counts()


def counted(experiment: Experiment, name: str) -> Counts:
    """What one arm of a real training counts."""
    parts = build(resolve(experiment))
    return trained(experiment, parts, arms(experiment, parts)[name])


def check_shapes(asked: work.Work, counts: Counts) -> None:
    assert counts.calls == asked.calls
    assert counts.macs == asked.macs
    assert counts.neuron_updates == asked.neuron_updates


@pytest.mark.parametrize("name", some_slow(RECIPES, QUICK))
def test_shapes_are_those_of_a_training(name):
    experiment = records.check(Experiment, RECIPES[name], name)
    counts, asked = counted(experiment, "ideal"), work.training(experiment)
    check_shapes(asked, counts)
    assert counts.edge_inputs == asked.edge_inputs
    assert counts.edge_outputs == asked.edge_outputs
    assert work.matrices(experiment) == [tuple(shape) for shape in build(resolve(experiment)).rule.shapes]


def test_every_kind_of_network_and_rule_is_among_them():
    from ohmgrad.recipes.schema.experiment import RULES

    pairs = {(each["network"]["kind"], each["rule"]["kind"]) for each in RECIPES.values()}
    assert pairs == {(network, rule) for network, rules in RULES.items() for rule in rules}


@pytest.mark.slow
def test_the_baseline_is_backpropagation_through_the_same_layers():
    baseline = {"initial_gains": [1.0] * 3, "learning_rates": RATES}
    experiment = records.check(Experiment, RECIPES["hopfield, centered"] | {"backprop": baseline}, "baseline")
    check_shapes(work.backpropagation(experiment), counted(experiment, "backprop"))


def test_backpropagation_as_a_rule_and_as_the_baseline_ask_the_same():
    alone = recipe(FEEDFORWARD, {"kind": "backpropagation", "learning_rates": RATES})
    experiment = records.check(Experiment, alone, "alone")
    assert work.training(experiment).verbs == work.backpropagation(experiment).verbs


def test_an_image_set_has_as_many_samples_as_it_says():
    from ohmgrad.data import images

    given = RECIPES["convolutional"] | {"data": {"kind": "images", "name": "digits"}}
    found = work.sizes(records.check(Experiment, given, "digits"))
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
    found, asked = counted(experiment, "crossbar"), expected.training(experiment)
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
