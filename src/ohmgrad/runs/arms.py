"""The arms of a run: trained on crossbars, by the same rule on ideal weights, by backpropagation on ideal weights."""

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
    """One training of a run: rule, learning rates per weight matrix, and a function that makes untrained chips."""

    rule: Rule
    learning_rates: Sequence[float]
    make: Callable[[], tuple[Chips, Counts]]
    """Makes the untrained chips, and the counts of programming them."""

    def start(self) -> Progress:
        """Untrained chips, at epoch 0."""
        return Progress.start(*self.make())

    def structure(self) -> Chips:
        """Untrained chips with abstract arrays (jax.ShapeDtypeStruct); nothing is computed."""
        return jax.eval_shape(lambda: self.make()[0])


def chip_keys(settings: Training) -> Key[jax.Array, "chips"]:
    """One key per chip, from consecutive seeds."""
    return training.keys(seeds(settings))


def seeds(settings: Training) -> range:
    """Consecutive seeds, one per chip."""
    return range(settings.seed, settings.seed + settings.seeds)


def arms(setup: Setup) -> dict[str, Arm]:
    """All arms of a run, by name: crossbar (if there is hardware), ideal, backprop (if there is a baseline).

    Crossbar and ideal arm start from the same initial weights.
    """
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
    """The chips after `evaluation.age_seconds` without writes. Ideal weights do not age."""
    return training.aged(chips, settings.age_seconds) if settings.age_seconds else chips
