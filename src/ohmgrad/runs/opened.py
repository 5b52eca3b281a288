"""A finished run opened again: its trained chips, to be asked, tested, aged and described."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from ohmgrad import chips, intervals, training
from ohmgrad.data import Task
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment, build
from ohmgrad.recipes.build import Machine, Parts
from ohmgrad.recipes.sizes import sizes
from ohmgrad.rules import Rule
from ohmgrad.runs import arms, testing
from ohmgrad.runs.checkpoint import Curve
from ohmgrad.runs.folder import finished
from ohmgrad.training import Chips, Progress


@dataclass(frozen=True, eq=False, repr=False)
class Opened:
    """A trained run.

    `progress` holds, per arm (crossbar, ideal, backprop), the trained chips, the clock and the counts of the training;
    `curves` the learning curves, which do not change when chips are aged.
    """

    folder: Path
    name: str
    recipe: Experiment
    machine: Machine
    progress: dict[str, Progress]
    curves: dict[str, Curve]

    @property
    def rule(self) -> Rule:
        """The rule of the crossbar and the ideal arm."""
        return self.machine.rule

    @cached_property
    def task(self) -> Task:
        """The data. Raises InputError where they are not there (any more)."""
        return build.task(self.recipe)

    @property
    def chips(self) -> dict[str, Chips]:
        """Per arm, one synapse per weight matrix; every array in them has a leading axis over chips."""
        return {arm: progress.chips for arm, progress in self.progress.items()}

    @property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Per arm and layer: (chips, rows, columns), of devices as their conductances are now."""
        return {arm: [np.asarray(each) for each in chips.weights(some)] for arm, some in self.chips.items()}

    @property
    def conductances(self) -> list[np.ndarray]:
        """Of the crossbar arm, per layer, in siemens: (chips, row tiles, column tiles, devices, rows, columns)."""
        return [np.asarray(each) for each in chips.conductances(self.chips.get("crossbar", ()))]

    def aged(self, seconds: float | int) -> "Opened":
        """The same run after a rest; this one stays as it is.

        Raises InputError for a time that is negative.
        """
        if not seconds >= 0:
            raise InputError(f"aged: {seconds} seconds would be a rest that goes back; allowed: 0 or more")
        return replace(self, progress={arm: each.aged(float(seconds)) for arm, each in self.progress.items()})

    def predict(
        self, x: Float[Array | np.ndarray, "samples ..."], arm: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "chips samples outputs"]:
        """What the chips of an arm answer.

        Args:
            x: Inputs as the network sees them: dots of -1 and 1, or images by `task.seen`.
            arm: None: crossbar, where there is one, else ideal.
            seed: Of the noise of the read.

        Raises:
            InputError: for an arm that is not there, or for inputs of another shape than the network's.
        """
        arm = next(iter(self.progress)) if arm is None else arm
        if arm not in self.progress:
            raise InputError(f"predict: no arm '{arm}'; allowed: {', '.join(self.progress)}")
        wanted = self.rule.network.sample
        if np.shape(x)[1:] != wanted or not len(x):
            raise InputError(f"predict: x has shape {np.shape(x)}; allowed: (samples, {', '.join(map(str, wanted))})")
        keys = jax.vmap(lambda key: jax.random.fold_in(key, seed))(arms.chip_keys(self.recipe))
        return np.asarray(training.predict(self._rules[arm], self.chips[arm], jax.numpy.asarray(x, np.float32), keys))

    def test(self) -> dict[str, intervals.Estimate]:
        """The share of right answers per arm in the headline's test, of the chips as they are now.

        The run itself was tested after evaluation.age_seconds. Raises InputError where the data are not there.
        """
        parts = Parts(self.task, *self.machine)
        exam = testing.Exam.of(self.recipe, parts)
        only = exam._replace(tests=[exam.headline], validation=None)
        scores = testing.test(only, parts, self._rules, self.chips).scores
        return {arm: intervals.estimate(each[exam.headline.kind], exam.headline.shared) for arm, each in scores.items()}

    def describe(self) -> dict[str, Any]:
        """What the chips are and what became of them, as JSON: per arm its layers, its clock, its learning and its
        counts, mean over chips."""
        hardware = self.recipe.hardware
        return {
            "recipe": self.name,
            "title": self.recipe.title,
            "folder": str(self.folder),
            "chips": self.recipe.training.seeds,
            "chips_from": self.recipe.training.chips,
            "device": None if hardware is None else hardware.device.title,
            "arms": {arm: self._described(arm) for arm in self.progress},
        }

    def _described(self, arm: str) -> dict[str, Any]:
        progress, curve = self.progress[arm], self.curves[arm]
        return {
            "layers": chips.described(progress.chips),
            "seconds": progress.seconds,
            "epochs": progress.epoch,
            "earlier_epochs": progress.earlier,
            "loss": float(progress.loss[-1].mean()),
            "right_while_training": float(curve[-1][1].mean()),
            "counts": progress.mean_counts()._asdict(),
        }

    @property
    def _rules(self) -> dict[str, Rule]:
        rules = {"crossbar": self.machine.rule, "ideal": self.machine.rule, "backprop": self.machine.backprop}
        return {arm: rule for arm, rule in rules.items() if rule is not None}

    def __repr__(self) -> str:
        said = self.describe()
        lines = [f"{self.folder}: {said['title']}"]
        for arm, each in said["arms"].items():
            shapes = ", ".join(" x ".join(map(str, layer["shape"])) for layer in each["layers"])
            epochs = each["earlier_epochs"] + each["epochs"]
            right = f"{100 * each['right_while_training']:.1f} % right"
            lines.append(f"  {arm}: {said['chips']} chip(s) of {shapes}; {epochs} epochs, {right}")
            lines += [_line(number, layer) for number, layer in enumerate(each["layers"], 1) if "tiles" in layer]
        return "\n".join([*lines, f"  clock: {max(each.seconds for each in self.progress.values()):g} s"])


def _line(number: int, layer: dict[str, Any]) -> str:
    """A layer on crossbars in words."""
    rows, columns = layer["arrays"]
    low, high = (1e6 * siemens for siemens in layer["device_siemens"])
    age = layer["seconds_since_write"]
    old = "do not age" if age is None else f"written {age['least']:g} to {age['most']:g} s ago"
    return (
        f"    layer {number}: {layer['tiles']} tile(s) of {rows} x {columns}, {layer['mapping']}, "
        f"{layer['scheme']}; devices of {low:g} to {high:g} µS, {old}"
    )


def load(folder: str | Path) -> Opened:
    """The trained run in a folder. Its data need not be there until they are asked for.

    Args:
        folder: Of a finished run.

    Raises:
        InputError: where there is no finished run, or one that kept no chips, damaged ones, or ones of another version.
    """
    folder = Path(folder)
    name, recipe, kept = finished(folder, "load")
    machine = build.machine(recipe, sizes(recipe))
    # Data are only in the way of building arms: they make chips by rules and hardware alone.
    found = {arm: kept.restored(arm, each.structure()) for arm, each in arms.arms(recipe, machine).items()}
    progress = {arm: each for arm, (each, _) in found.items()}
    return Opened(folder, name, recipe, machine, progress, {arm: curve for arm, (_, curve) in found.items()})
