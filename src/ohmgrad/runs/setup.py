"""The setup of a run, without its data: the same for recipes and for parts built in Python."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ohmgrad.crossbar import Hardware
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Machine, Parts, check_one_per_matrix
from ohmgrad.recipes.schema.experiment import Evaluation, Training
from ohmgrad.rules import Rule
from ohmgrad.runs import ranges
from ohmgrad.runs.ranges import Ranges
from ohmgrad.synapses import Optimiser


class Learner(NamedTuple):
    """A rule with its learning rates and initial gains."""

    rule: Rule
    learning_rates: Sequence[float]
    """One learning rate per weight matrix."""
    initial_gains: Sequence[float]
    """Per weight matrix: standard deviation of the initial weights times sqrt(inputs)."""

    def check(self, prefix: str = "") -> None:
        """Check that there is one value per weight matrix.

        Args:
            prefix: Prefix of the field's name in error messages.

        Raises:
            InputError: if a field has another number of values.
        """
        for name in ("learning_rates", "initial_gains"):
            check_one_per_matrix(f"{prefix}{name}", getattr(self, name), self.rule)


class Setup(NamedTuple):
    """The parts and settings of a run, without its data."""

    learner: Learner
    """The learner of the crossbar and the ideal arm."""
    backprop: Learner | None
    """The learner of the backpropagation baseline, or None."""
    hardware: Hardware | None
    ranges: Ranges
    optimiser: Optimiser | None
    training: Training
    evaluation: Evaluation
    sample: tuple[int, ...]
    """The shape of one input sample."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule of every arm, by the arm's name."""
        arms = {} if self.hardware is None else {"crossbar": self.learner}
        arms |= {"ideal": self.learner} | ({} if self.backprop is None else {"backprop": self.backprop})
        return {arm: learner.rule for arm, learner in arms.items()}


def of_recipe(experiment: Experiment, machine: Machine | Parts) -> Setup:
    """The setup of a recipe.

    Args:
        experiment: The resolved recipe.
        machine: The parts built from it.
    """
    settings = experiment.backprop
    baseline = None
    if settings is not None and machine.backprop is not None:
        baseline = Learner(machine.backprop, settings.learning_rates, settings.initial_gains)
    return Setup(
        Learner(machine.rule, experiment.rule.learning_rates, experiment.network.initial_gains),
        baseline,
        machine.hardware,
        ranges.of_recipe(experiment),
        machine.optimiser,
        experiment.training,
        experiment.evaluation,
        machine.rule.network.sample,
    )
