"""The trainings of a run: on crossbars, by the same rule on ideal weights, by backpropagation on those."""

from typing import NamedTuple

import jax
from jaxtyping import Key

from ohmgrad import training
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.records import AUTO
from ohmgrad.rules import Rule


class Arm(NamedTuple):
    """One training: its rule, its learning rates, and chips that are not trained yet."""

    rule: Rule
    learning_rates: list[float]
    start: training.Progress


def chip_keys(experiment: Experiment) -> Key[jax.Array, "chips"]:
    """One key per chip, from consecutive seeds."""
    first = experiment.training.seed
    return training.keys(range(first, first + experiment.training.seeds))


def arms(experiment: Experiment, parts: Parts) -> dict[str, Arm]:
    """All arms that the recipe asks for, untrained; crossbar and ideal weights start from the same numbers."""
    keys, gains, rates = chip_keys(experiment), experiment.network.initial_gains, experiment.rule.learning_rates
    start, found = training.Progress.start, {}
    if parts.hardware is not None and experiment.hardware is not None:
        weight_max, full_scales = experiment.hardware.weight_max, experiment.hardware.adc_full_scale_amperes
        assert weight_max != AUTO and full_scales != AUTO  # a run is begun with numbers
        chips, programming = training.crossbar_chips(parts.rule, gains, keys, parts.hardware, weight_max, full_scales)
        found["crossbar"] = Arm(parts.rule, rates, start(chips, programming))
    found["ideal"] = Arm(parts.rule, rates, start(training.ideal_chips(parts.rule, gains, keys, parts.optimiser)))
    if parts.backprop is not None and experiment.backprop is not None:
        baseline = training.ideal_chips(parts.backprop, experiment.backprop.initial_gains, keys, parts.optimiser)
        found["backprop"] = Arm(parts.backprop, experiment.backprop.learning_rates, start(baseline))
    return found


def aged(experiment: Experiment, chips: training.Chips) -> training.Chips:
    """Chips as old as the recipe wants them tested; ideal weights do not age."""
    seconds = experiment.evaluation.age_seconds
    if not seconds:
        return chips
    return jax.vmap(lambda chip: tuple(synapse.aged(seconds) for synapse in chip))(chips)
