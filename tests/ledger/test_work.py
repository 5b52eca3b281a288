"""Oracle: real trainings. What arithmetic expects of a recipe is what the verbs of a small run count, one by one."""

import jax
import pytest
from small_recipes import FEEDFORWARD, RATES, RECIPES, recipe

from ohmgrad import records, training
from ohmgrad.counts import Counts
from ohmgrad.recipes import Experiment, work
from ohmgrad.recipes.build import Parts, build, resolve
from ohmgrad.runs.arms import Arm, arms, chip_keys


@pytest.fixture(autouse=True, scope="module")
def compile_quickly():
    """These networks are so small that making their code fast takes longer than running it slowly."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def counted(experiment: Experiment) -> dict[str, Counts]:
    """What each arm of a real training counts."""
    parts = build(resolve(experiment))
    return {name: trained(experiment, parts, arm).mean_counts() for name, arm in arms(experiment, parts).items()}


def trained(experiment: Experiment, parts: Parts, arm: Arm) -> training.Progress:
    settings = experiment.training
    return training.train(
        arm.rule,
        parts.task,
        arm.start,
        chip_keys(experiment),
        learning_rates=arm.learning_rates,
        epochs=settings.epochs,
        batch=settings.batch,
    )


def check_shapes(expected: work.Work, counts: Counts) -> None:
    assert counts.calls == expected.calls
    assert counts.macs == expected.macs
    assert counts.neuron_updates == expected.neuron_updates


@pytest.mark.parametrize("name", RECIPES)
def test_shapes_are_those_of_a_training(name):
    experiment = records.check(Experiment, RECIPES[name], name)
    counts, expected = counted(experiment)["ideal"], work.training(experiment)
    check_shapes(expected, counts)
    assert counts.edge_inputs == expected.edge_inputs
    assert counts.edge_outputs == expected.edge_outputs
    assert work.matrices(experiment) == [tuple(shape) for shape in build(resolve(experiment)).rule.shapes]


def test_every_kind_of_network_and_rule_is_among_them():
    from ohmgrad.recipes.schema.experiment import RULES

    pairs = {(each["network"]["kind"], each["rule"]["kind"]) for each in RECIPES.values()}
    assert pairs == {(network, rule) for network, rules in RULES.items() for rule in rules}


def test_the_baseline_is_backpropagation_through_the_same_layers():
    baseline = {"initial_gains": [1.0] * 3, "learning_rates": RATES}
    experiment = records.check(Experiment, RECIPES["hopfield, centered"] | {"backprop": baseline}, "baseline")
    check_shapes(work.backpropagation(experiment), counted(experiment)["backprop"])
    alone = recipe(FEEDFORWARD, {"kind": "backpropagation", "learning_rates": RATES})
    assert work.training(records.check(Experiment, alone, "alone")).macs == work.backpropagation(experiment).macs
