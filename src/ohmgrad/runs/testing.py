"""Trained chips answer the tests of their experiment."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ohmgrad import training
from ohmgrad.data import Codebook
from ohmgrad.data.task import Task
from ohmgrad.recipes.schema.experiment import Evaluation, Training
from ohmgrad.rules import Rule
from ohmgrad.runs import arms, trials
from ohmgrad.runs.trials import Kind, Samples, Trial
from ohmgrad.training import Answers, Chips

Scores = dict[str, dict[Kind, np.ndarray]]
"""Per arm (and the best decoder): kind and level of corruption to how right each chip is for each sample."""


class Exam(NamedTuple):
    """The tests, that of the headline table among them, and what is held back to watch a training by, if anything."""

    tests: list[Trial]
    headline: Trial
    validation: Trial | None

    @property
    def watched(self) -> Trial:
        """What learning curves are measured on."""
        return self.validation or self.headline

    @staticmethod
    def of(
        settings: Evaluation,
        chips: Training,
        task: Task,
        test: Samples | None = None,
        validation: Samples | None = None,
    ) -> "Exam":
        """Of a training's chips, on the task's samples, or on others where they are given."""
        keys = arms.chip_keys(chips)
        tests, kind = trials.trials(settings, task, keys, test), trials.headline(settings, task, test)
        headline = next(trial for trial in tests if trial.kind == kind)
        return Exam(tests, headline, trials.validation(settings, task, keys, validation))


class Tested(NamedTuple):
    """How right each arm is, in all tests and in what was held back, and what it answers in the headline's test."""

    scores: Scores
    validated: dict[str, np.ndarray]
    answers: dict[str, Answers]


def test(exam: Exam, task: Task, rules: Mapping[str, Rule], chips: Mapping[str, Chips]) -> Tested:
    """Every arm, by its rule and its chips, in every test; code words also by their best decoder."""

    def answers(trial: Trial) -> dict[str, Answers]:
        return {
            arm: training.answer(rules[arm], task, each, trial.x, trial.truth, trial.keys)
            for arm, each in chips.items()
        }

    validated = (
        {arm: np.asarray(each.right) for arm, each in answers(exam.validation).items()} if exam.validation else {}
    )
    scores: Scores = {arm: {} for arm in chips}
    shown: dict[str, Answers] = {}
    for trial in exam.tests:
        found = answers(trial)
        for arm, each in found.items():
            scores[arm][trial.kind] = np.asarray(each.right)
        if trial.kind == exam.headline.kind:
            shown = found
        if isinstance(task, Codebook) and not trial.shared:
            scores.setdefault("best_decoder", {})[trial.kind] = trial.best(np.asarray(task.words))
    return Tested(scores, validated, shown)
