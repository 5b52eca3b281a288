"""Trains the arms of a run, one after the other: tests them on the way, and keeps what they have come to."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from ohmgrad import training
from ohmgrad.errors import InputError
from ohmgrad.ledger.measure import Meter
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.runs import arms, checkpoint, inherited
from ohmgrad.runs.arms import Arm
from ohmgrad.runs.checkpoint import Curve
from ohmgrad.runs.trials import Trial
from ohmgrad.training import Progress

SECONDS_BETWEEN_CHECKPOINTS = 2.0
Watch = Callable[[str, int, int, float | None], None]
"""Told the arm, the epochs done and the epochs to do, and the last point of the learning curve, if any."""


class Trainer:
    """The arms that have begun (`done`), and what all of them are trained with.

    `trial` is what the learning curve is measured on. Every arm continues from the folder's checkpoint, if it is there.
    """

    def __init__(
        self,
        experiment: Experiment,
        parts: Parts,
        folder: Path,
        origin: str,
        trial: Trial,
        watch: Watch,
        meter: Meter | None,
    ) -> None:
        self.experiment, self.parts, self.folder, self.origin = experiment, parts, folder, origin
        self.trial, self.watch, self.meter = trial, watch, meter
        self.arms = arms.arms(experiment, parts)
        self.done = checkpoint.load_arms(folder, origin, lambda name: self.arms[name].structure())
        self._saved = time.monotonic()

    @property
    def trained(self) -> dict[str, Progress]:
        return {name: progress for name, (progress, _) in self.done.items()}

    @property
    def curves(self) -> dict[str, Curve]:
        return {name: curve for name, (_, curve) in self.done.items()}

    def train(self, name: str) -> None:
        """An arm to the end of its training."""
        arm, settings = self.arms[name], self.experiment.training
        progress, curve = self.done.get(name) or (self._start(name, arm), [])
        self.watch(name, progress.epoch, settings.epochs, _last(curve))
        with self.meter.window(name) if self.meter else nullcontext():
            training.train(
                arm.rule,
                self.parts.task,
                progress,
                arms.chip_keys(self.experiment),
                learning_rates=arm.learning_rates,
                epochs=settings.epochs,
                batch=settings.batch,
                schedule=schedule(self.experiment),
                step_seconds=settings.step_seconds,
                after_epoch=lambda progress: self._after_epoch(name, arm, progress, curve),
            )

    def _start(self, name: str, arm: Arm) -> Progress:
        return arm.start() if self.experiment.training.chips is None else inherited.start(self.experiment, name, arm)

    def _after_epoch(self, name: str, arm: Arm, progress: Progress, curve: Curve) -> None:
        epochs = self.experiment.training.epochs
        _check_finite(name, progress)
        if progress.epoch % self.experiment.evaluation.every == 0 or progress.epoch == epochs:
            trial = self.trial
            answers = training.answer(arm.rule, self.parts.task, progress.chips, trial.x, trial.truth, trial.keys)
            curve.append((progress.epoch, np.asarray(answers.right.mean(1), np.float64)))
        self.done[name] = progress, curve
        self._save(at_once=progress.epoch == epochs)
        self.watch(name, progress.epoch, epochs, _last(curve))

    def _save(self, at_once: bool) -> None:
        """Not more often than every two seconds."""
        if at_once or time.monotonic() - self._saved > SECONDS_BETWEEN_CHECKPOINTS:
            checkpoint.save_arms(self.folder, self.origin, self.done)
            self._saved = time.monotonic()


def schedule(experiment: Experiment) -> training.Schedule:
    """How the recipe's learning rates fall."""
    decay = experiment.training.decay
    return training.cosine if decay == "cosine" else training.exponential(decay)


def _last(curve: Curve) -> float | None:
    """The share of right answers at the last test of a training, the mean over chips."""
    return float(curve[-1][1].mean()) if curve else None


def _check_finite(arm: str, progress: Progress) -> None:
    if not np.isfinite(progress.loss[-1]).all():
        raise InputError(
            f"{arm}: the numbers overflowed in epoch {progress.epoch}; the run stopped there. Lower the learning "
            "rates, or bring weight_max, ADC range and the device's figures into proportion"
        )
