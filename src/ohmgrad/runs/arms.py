"""The trainings of a run: on crossbars, by the same rule on ideal weights, by backpropagation on those."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
from jaxtyping import Key

from ohmgrad import training
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.recipes.schema.experiment import Evaluation, Training
from ohmgrad.rules import Rule
from ohmgrad.runs.setup import Learner, Setup
from ohmgrad.training import Chips, Progress


class Arm(NamedTuple):
    """One training: its rule, its learning rates, and what makes chips that are not trained yet."""

    rule: Rule
    learning_rates: Sequence[float]
    make: Callable[[], tuple[Chips, Counts]]
    """The chips, and what programming them took."""

    def start(self) -> Progress:
        """New chips, before their training."""
        return Progress.start(*self.make())

    def structure(self) -> Chips:
        """New chips with shapes in the place of arrays: nothing is computed."""
        return jax.eval_shape(lambda: self.make()[0])


def chip_keys(settings: Training) -> Key[jax.Array, "chips"]:
    """One key per chip, from consecutive seeds."""
    return training.keys(seeds(settings))


def seeds(settings: Training) -> range:
    """Of the chips."""
    return range(settings.seed, settings.seed + settings.seeds)


def arms(setup: Setup) -> dict[str, Arm]:
    """All arms of a run; crossbar and ideal weights start from the same numbers."""
    learner, found = setup.learner, {}
    if setup.hardware is not None:
        found["crossbar"] = Arm(learner.rule, learner.learning_rates, _crossbars(setup, setup.hardware))
    found["ideal"] = _ideal(setup, learner)
    if setup.backprop is not None:
        found["backprop"] = _ideal(setup, setup.backprop)
    return found


def _crossbars(setup: Setup, hardware: Hardware) -> Callable[[], tuple[Chips, Counts]]:
    rule, _, gains = setup.learner
    weight_max, full_scales = setup.ranges.weight_max, setup.ranges.adc_full_scale_amperes
    assert weight_max is not None and full_scales is not None  # a run is begun with numbers
    keys = chip_keys(setup.training)
    return lambda: training.crossbar_chips(rule, gains, keys, hardware, weight_max, full_scales)


def _ideal(setup: Setup, learner: Learner) -> Arm:
    rule, rates, gains = learner
    keys, optimiser = chip_keys(setup.training), setup.optimiser
    return Arm(rule, rates, lambda: (training.ideal_chips(rule, gains, keys, optimiser), Counts()))


def aged(settings: Evaluation, chips: Chips) -> Chips:
    """Chips as old as they are to be tested; ideal weights do not age."""
    return training.aged(chips, settings.age_seconds) if settings.age_seconds else chips
