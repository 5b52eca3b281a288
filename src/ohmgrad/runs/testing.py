"""Tests of the trained chips."""

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
"""Per arm (and best decoder) and kind of test: correctness of the answers, in [0, 1], (chips, samples)."""


class Exam(NamedTuple):
    """The tests of a run (the headline test is one of them), and its validation samples or None."""

    tests: list[Trial]
    headline: Trial
    validation: Trial | None

    @property
    def watched(self) -> Trial:
        """The samples of the learning curves: validation samples if there are any, else the headline test."""
        return self.validation or self.headline

    @staticmethod
    def of(
        settings: Evaluation,
        chips: Training,
        task: Task,
        test: Samples | None = None,
        validation: Samples | None = None,
    ) -> "Exam":
        """The exam of a training's chips.

        Args:
            settings: Section `evaluation` of the recipe.
            chips: Section `training` of the recipe, with the seeds of the chips.
            task: The task.
            test: Test samples. None: the task's.
            validation: Validation samples. None: the task's, if any.
        """
        keys = arms.chip_keys(chips)
        tests, kind = trials.trials(settings, task, keys, test), trials.headline(settings, task, test)
        headline = next(trial for trial in tests if trial.kind == kind)
        return Exam(tests, headline, trials.validation(settings, task, keys, validation))


class Tested(NamedTuple):
    """Results of an exam.

    Attributes:
        scores: Correctness of the answers in all tests.
        validated: Per arm, correctness of the answers on the validation samples; empty if there are none.
        answers: Per arm, the answers in the headline test.
    """

    scores: Scores
    validated: dict[str, np.ndarray]
    answers: dict[str, Answers]


def test(exam: Exam, task: Task, rules: Mapping[str, Rule], chips: Mapping[str, Chips]) -> Tested:
    """Test every arm in every test; for code words, also the best decoder.

    Args:
        exam: The tests.
        task: The task.
        rules: Rule by arm.
        chips: Trained chips by arm.
    """

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
