"""Trained chips answer the tests of their experiment."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ohmgrad import training
from ohmgrad.data import Codebook
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.rules import Rule
from ohmgrad.runs import arms, trials
from ohmgrad.runs.trials import Kind, Trial
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
    def of(experiment: Experiment, parts: Parts) -> "Exam":
        keys = arms.chip_keys(experiment)
        tests, kind = trials.trials(experiment, parts.task, keys), trials.headline(experiment)
        headline = next(trial for trial in tests if trial.kind == kind)
        return Exam(tests, headline, trials.validation(experiment, parts.task, keys))


class Tested(NamedTuple):
    """How right each arm is, in all tests and in what was held back, and what it answers in the headline's test."""

    scores: Scores
    validated: dict[str, np.ndarray]
    answers: dict[str, Answers]


def test(exam: Exam, parts: Parts, rules: Mapping[str, Rule], chips: Mapping[str, Chips]) -> Tested:
    """Every arm, by its rule and its chips, in every test; code words also by their best decoder."""

    def answers(trial: Trial) -> dict[str, Answers]:
        return {
            arm: training.answer(rules[arm], parts.task, each, trial.x, trial.truth, trial.keys)
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
        if isinstance(parts.task, Codebook):
            scores.setdefault("best_decoder", {})[trial.kind] = trial.best(np.asarray(parts.task.words))
    return Tested(scores, validated, shown)
