"""Trains the arms of a run one after the other, with tests for the learning curve and checkpoints."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from ohmgrad import training
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.ledger.measure import Meter
from ohmgrad.recipes.schema.experiment import Training
from ohmgrad.runs import arms, inherited
from ohmgrad.runs.arms import Arm
from ohmgrad.runs.checkpoint import Checkpoint, Curve
from ohmgrad.runs.setup import Setup
from ohmgrad.runs.trials import Trial
from ohmgrad.training import Progress

SECONDS_BETWEEN_CHECKPOINTS = 2.0
Watch = Callable[[str, int, int, float | None], None]
"""Callback: arm, epochs done, epochs in total, last point of the learning curve or None."""


class Trainer:
    """Trains the arms of a run. `done` holds the progress and learning curve of every started arm.

    Args:
        setup: The parts and settings of the run.
        task: The task.
        trial: The samples of the learning curve.
        watch: Callback: arm, epochs done, epochs in total, last point of the learning curve or None.
        meter: Measures this machine's energy. None: not measured.
        checkpoint: Checkpoint to continue from and to save to. None: no checkpoint.

    Raises:
        InputError: if the checkpoint is damaged, or belongs to another recipe or other data.
    """

    def __init__(
        self,
        setup: Setup,
        task: Task,
        trial: Trial,
        watch: Watch,
        meter: Meter | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.setup, self.task, self.trial = setup, task, trial
        self.watch, self.meter, self.checkpoint = watch, meter, checkpoint
        self.arms = arms.arms(setup)
        self.done = {} if checkpoint is None else checkpoint.load(lambda name: self.arms[name].structure())
        self._saved = time.monotonic()

    @property
    def trained(self) -> dict[str, Progress]:
        """Progress of every started arm."""
        return {name: progress for name, (progress, _) in self.done.items()}

    @property
    def curves(self) -> dict[str, Curve]:
        """Learning curve of every started arm."""
        return {name: curve for name, (_, curve) in self.done.items()}

    def train(self, name: str) -> None:
        """Train an arm to its last epoch. Raises InputError if numbers overflow."""
        arm, settings = self.arms[name], self.setup.training
        progress, curve = self.done.get(name) or (self._start(name, arm), [])
        self.watch(name, progress.epoch, settings.epochs, _last(curve))
        with self.meter.window(name) if self.meter else nullcontext():
            training.train(
                arm.rule,
                self.task,
                progress,
                arms.chip_keys(settings),
                learning_rates=arm.learning_rates,
                epochs=settings.epochs,
                batch=settings.batch,
                schedule=schedule(settings),
                step_seconds=settings.step_seconds,
                after_epoch=lambda progress: self._after_epoch(name, arm, progress, curve),
            )

    def _start(self, name: str, arm: Arm) -> Progress:
        source = self.setup.training.chips
        return arm.start() if source is None else inherited.start(Path(source), name, arm)

    def _after_epoch(self, name: str, arm: Arm, progress: Progress, curve: Curve) -> None:
        epochs = self.setup.training.epochs
        _check_finite(name, progress)
        if progress.epoch % self.setup.evaluation.every == 0 or progress.epoch == epochs:
            trial = self.trial
            answers = training.answer(arm.rule, self.task, progress.chips, trial.x, trial.truth, trial.keys)
            curve.append((progress.epoch, np.asarray(answers.right.mean(1), np.float64)))
        self.done[name] = progress, curve
        self._save(at_once=progress.epoch == epochs)
        self.watch(name, progress.epoch, epochs, _last(curve))

    def _save(self, at_once: bool) -> None:
        """Save a checkpoint, at most every SECONDS_BETWEEN_CHECKPOINTS unless `at_once`."""
        if self.checkpoint is None:
            return
        if at_once or time.monotonic() - self._saved > SECONDS_BETWEEN_CHECKPOINTS:
            self.checkpoint.save(self.done)
            self._saved = time.monotonic()


def schedule(settings: Training) -> training.Schedule:
    """The schedule of the learning rates."""
    return training.cosine if settings.decay == "cosine" else training.exponential(settings.decay)


def _last(curve: Curve) -> float | None:
    """The last point of a learning curve: share of correct answers, mean over chips; None if there is none yet."""
    return float(curve[-1][1].mean()) if curve else None


def _check_finite(arm: str, progress: Progress) -> None:
    if not np.isfinite(progress.loss[-1]).all():
        raise InputError(
            f"{arm}: the numbers overflowed in epoch {progress.epoch}; the run stopped there. Lower the learning "
            "rates, or bring weight_max, ADC range and the device's figures into proportion"
        )
