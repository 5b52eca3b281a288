"""What is trained, and how: a run in parts, but for its data; recipes make the same as Python does."""

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
    """A rule, how fast it learns, and what its first weights are drawn by."""

    rule: Rule
    learning_rates: Sequence[float]
    """Per weight matrix."""
    initial_gains: Sequence[float]
    """Per weight matrix: standard deviation of the first weights times sqrt(inputs)."""

    def check(self, prefix: str = "") -> None:
        """Raises InputError, naming the field after a prefix, where there is not one value per weight matrix."""
        for name in ("learning_rates", "initial_gains"):
            check_one_per_matrix(f"{prefix}{name}", getattr(self, name), self.rule)


class Setup(NamedTuple):
    """All of a run but its data."""

    learner: Learner
    """Of the crossbar and the ideal arm."""
    backprop: Learner | None
    """The baseline."""
    hardware: Hardware | None
    ranges: Ranges
    optimiser: Optimiser | None
    training: Training
    evaluation: Evaluation
    sample: tuple[int, ...]
    """The shape of a sample."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """By arm."""
        arms = {} if self.hardware is None else {"crossbar": self.learner}
        arms |= {"ideal": self.learner} | ({} if self.backprop is None else {"backprop": self.backprop})
        return {arm: learner.rule for arm, learner in arms.items()}


def of_recipe(experiment: Experiment, machine: Machine | Parts) -> Setup:
    """A recipe's, and of what it was built to."""
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
