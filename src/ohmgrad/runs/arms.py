"""The trainings of a run: on crossbars, by the same rule on ideal weights, by backpropagation on those."""

from collections.abc import Callable
from typing import NamedTuple

import jax
from jaxtyping import Key

from ohmgrad import training
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Machine, Parts
from ohmgrad.records import AUTO
from ohmgrad.rules import Rule
from ohmgrad.training import Chips, Progress


class Arm(NamedTuple):
    """One training: its rule, its learning rates, and what makes chips that are not trained yet."""

    rule: Rule
    learning_rates: list[float]
    make: Callable[[], tuple[Chips, Counts]]
    """The chips, and what programming them took."""

    def start(self) -> Progress:
        """New chips, before their training."""
        return Progress.start(*self.make())

    def structure(self) -> Chips:
        """New chips with shapes in the place of arrays: nothing is computed."""
        return jax.eval_shape(lambda: self.make()[0])


def chip_keys(experiment: Experiment) -> Key[jax.Array, "chips"]:
    """One key per chip, from consecutive seeds."""
    first = experiment.training.seed
    return training.keys(range(first, first + experiment.training.seeds))


def arms(experiment: Experiment, parts: Parts | Machine) -> dict[str, Arm]:
    """All arms that the recipe asks for; crossbar and ideal weights start from the same numbers."""
    gains, rates, found = experiment.network.initial_gains, experiment.rule.learning_rates, {}
    if parts.hardware is not None:
        found["crossbar"] = Arm(parts.rule, rates, _crossbars(experiment, parts, parts.hardware))
    found["ideal"] = Arm(parts.rule, rates, _ideal(experiment, parts, parts.rule, gains))
    if parts.backprop is not None and experiment.backprop is not None:
        made = _ideal(experiment, parts, parts.backprop, experiment.backprop.initial_gains)
        found["backprop"] = Arm(parts.backprop, experiment.backprop.learning_rates, made)
    return found


def _crossbars(
    experiment: Experiment, parts: Parts | Machine, hardware: Hardware
) -> Callable[[], tuple[Chips, Counts]]:
    settings, gains = experiment.hardware, experiment.network.initial_gains
    assert settings is not None
    weight_max, full_scales = settings.weight_max, settings.adc_full_scale_amperes
    assert weight_max != AUTO and full_scales != AUTO  # a run is begun with numbers
    return lambda: training.crossbar_chips(parts.rule, gains, chip_keys(experiment), hardware, weight_max, full_scales)


def _ideal(
    experiment: Experiment, parts: Parts | Machine, rule: Rule, gains: list[float]
) -> Callable[[], tuple[Chips, Counts]]:
    return lambda: (training.ideal_chips(rule, gains, chip_keys(experiment), parts.optimiser), Counts())


def aged(experiment: Experiment, chips: Chips) -> Chips:
    """Chips as old as the recipe wants them tested; ideal weights do not age."""
    seconds = experiment.evaluation.age_seconds
    return training.aged(chips, seconds) if seconds else chips
