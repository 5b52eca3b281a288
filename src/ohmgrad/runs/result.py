"""The result of a run: accuracy, costs and trained chips, which can predict, be tested, aged and described."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import Array, Float

from ohmgrad import chips, files, intervals, training
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError, unknown
from ohmgrad.recipes import Experiment, build
from ohmgrad.recipes.sizes import sizes
from ohmgrad.rules import Rule
from ohmgrad.runs import arms, testing
from ohmgrad.runs.checkpoint import Curve
from ohmgrad.runs.folder import SUMMARY, finished
from ohmgrad.runs.setup import Setup, of_recipe
from ohmgrad.runs.trials import Samples
from ohmgrad.training import Chips, Progress

Table = Literal["accuracy", "curve", "ledger"]


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A trained run of a recipe or of parts, or one loaded from its folder.

    `curve`, `accuracy`, `verdicts`, `ledger` and `summary` describe the run's training and tests; they do not change
    when chips are aged.

    Attributes:
        setup: The parts and settings of the run.
        progress: Per arm (crossbar, ideal, backprop): trained chips, simulated time, and counts of the training.
        curve: Per arm, the learning curve: list of (epoch, share of correct answers per chip).
        summary: All results, as JSON (summary.json).
        data: Returns the task. A loaded run reads its data only when they are first needed.
        test_samples: Test samples given to `run_parts`, or None for the task's.
        recipe: The resolved recipe; None for a run of parts.
        folder: The run folder; None for a run in memory.
    """

    setup: Setup
    progress: dict[str, Progress]
    curve: dict[str, Curve]
    summary: dict[str, Any]
    data: Callable[[], Task]
    test_samples: Samples | None = None
    recipe: Experiment | None = None
    folder: Path | None = None

    @property
    def rule(self) -> Rule:
        """The rule of the crossbar and the ideal arm."""
        return self.setup.learner.rule

    @cached_property
    def task(self) -> Task:
        """The task, with its data. Raises InputError if the data are missing."""
        return self.data()

    @property
    def accuracy(self) -> dict[str, intervals.Estimate]:
        """Share of correct answers in the headline test, per arm (and for the best decoder of code words).

        Each estimate has mean, standard deviation over chips, and 95 % interval.
        """
        return {arm: intervals.Estimate(**each) for arm, each in self.summary["test_accuracy"].items()}

    @property
    def verdicts(self) -> dict[str, Any]:
        """Checks of the simulation, as JSON; a key is present only if the run has such a check.

        `settling`: per arm, whether free phases settled at the end of training, the shares of all phases that did not,
        and how many diverged. `verification`: cells that failed write-verify. `wires`: residuals of the wire solver.
        `clipped_conversions`: share of ADC conversions beyond full scale.
        """
        names = ("settling", "verification", "wires", "clipped_conversions")
        return {name: self.summary[name] for name in names if name in self.summary}

    @property
    def ledger(self) -> dict[str, Any]:
        """Costs of training one chip, as JSON, for the chip (if there is hardware) and for digital machines."""
        return self.summary["ledger"]

    def rows(self, table: Table = "accuracy") -> list[dict[str, Any]]:
        """A table of results in long form.

        Args:
            table: "accuracy": per arm and test. "curve": per arm, chip and epoch: loss, largest change of a neuron in
                the last sweep ("residual"), and share of correct answers ("right"; None in epochs without a test).
                "ledger": per machine and component: energy and time.

        Returns:
            One dict per row.

        Raises:
            InputError: if the table is unknown.
        """
        makers = {"accuracy": self._accuracy_rows, "curve": self._curve_rows, "ledger": self._ledger_rows}
        if table not in makers:
            raise unknown("table", table, makers)
        return list(makers[table]())

    def frame(self, table: Table = "accuracy") -> Any:
        """A table of results as a pandas.DataFrame; `rows` returns the same without pandas.

        Args:
            table: As in `rows`.

        Raises:
            InputError: if the table is unknown, or pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise InputError(
                "frame: pandas is not installed; pip install 'ohmgrad[pandas]', or ask `rows` for a list of dicts"
            ) from None
        return DataFrame(self.rows(table))

    def _accuracy_rows(self) -> Iterator[dict[str, Any]]:
        if "accuracy_by_corruption" not in self.summary:
            for arm, estimate in self.accuracy.items():
                yield {"arm": arm, "corruption": "none", "level": 0.0} | estimate._asdict()
        for kind, columns in self.summary.get("accuracy_by_corruption", {}).items():
            for arm in self.accuracy:
                for number, level in enumerate(columns["levels"]):
                    estimate = {part: columns[arm][part][number] for part in intervals.Estimate._fields}
                    yield {"arm": arm, "corruption": kind, "level": level} | estimate

    def _curve_rows(self) -> Iterator[dict[str, Any]]:
        for arm, progress in self.progress.items():
            tested = dict(self.curve[arm])
            for epoch, (losses, residuals) in enumerate(zip(progress.loss, progress.residual, strict=True), start=1):
                right = tested.get(epoch, [None] * len(losses))
                columns = zip(self.summary["seeds"], losses, residuals, right, strict=True)
                for seed, loss, residual, share in columns:
                    row = {"arm": arm, "seed": seed, "epoch": epoch, "loss": float(loss), "residual": float(residual)}
                    yield row | {"right": None if share is None else float(share)}

    def _ledger_rows(self) -> Iterator[dict[str, Any]]:
        for line in self.ledger["lines"]:
            row = {name: line[name] for name in ("machine", "component", "action", "count", "basis", "source")}
            for name in ("joules", "seconds"):
                row |= {f"{name}_{bound}": value for bound, value in line[name].items()}
            yield row

    @property
    def chips(self) -> dict[str, Chips]:
        """Per arm, one synapse per weight matrix; their arrays have a leading axis over chips."""
        return {arm: progress.chips for arm, progress in self.progress.items()}

    @property
    def weights(self) -> dict[str, list[np.ndarray]]:
        """Per arm and layer, the current weights: (chips, rows, columns)."""
        return {arm: [np.asarray(each) for each in chips.weights(some)] for arm, some in self.chips.items()}

    @property
    def conductances(self) -> list[np.ndarray]:
        """Conductances of the crossbar arm in siemens, per layer: (chips, row tiles, column tiles, devices, rows,
        columns)."""
        return [np.asarray(each) for each in chips.conductances(self.chips.get("crossbar", ()))]

    def aged(self, seconds: float | int) -> "Result":
        """A copy of the run with chips aged by a time without writes.

        Args:
            seconds: Time in seconds.

        Raises:
            InputError: if the time is negative.
        """
        if not seconds >= 0:
            raise InputError(f"aged: {seconds} seconds would be a rest that goes back; allowed: 0 or more")
        return replace(self, progress={arm: each.aged(float(seconds)) for arm, each in self.progress.items()})

    def predict(
        self, x: Float[Array | np.ndarray, "samples ..."], arm: str | None = None, seed: int = 0
    ) -> Float[np.ndarray, "chips samples outputs"]:
        """Outputs of the chips of an arm.

        Args:
            x: Inputs as the network takes them: dots of -1 and 1, or images converted by `task.seen`.
            arm: Name of the arm. None: crossbar if the run has it, else ideal.
            seed: Seed of the read noise.

        Returns:
            Output of every chip for every sample: (chips, samples, outputs).

        Raises:
            InputError: if the run has no such arm, or the inputs do not have the network's shape.
        """
        arm = next(iter(self.progress)) if arm is None else arm
        if arm not in self.progress:
            raise InputError(f"predict: no arm '{arm}'; allowed: {', '.join(self.progress)}")
        wanted = self.setup.sample
        if np.shape(x)[1:] != wanted or not len(x):
            raise InputError(f"predict: x has shape {np.shape(x)}; allowed: (samples, {', '.join(map(str, wanted))})")
        keys = jax.vmap(lambda key: jax.random.fold_in(key, seed))(arms.chip_keys(self.setup.training))
        rule, inputs = self.setup.rules[arm], jax.numpy.asarray(x, np.float32)
        return np.asarray(training.predict(rule, self.chips[arm], inputs, keys))

    def test(self) -> dict[str, intervals.Estimate]:
        """Test the chips in their current state: share of correct answers in the headline test, per arm.

        No further aging is applied (`accuracy` is the accuracy after `evaluation.age_seconds`).

        Raises:
            InputError: if the data are missing.
        """
        exam = testing.Exam.of(self.setup.evaluation, self.setup.training, self.task, self.test_samples)
        only = exam._replace(tests=[exam.headline], validation=None)
        scores = testing.test(only, self.task, self.setup.rules, self.chips).scores
        return {arm: intervals.estimate(each[exam.headline.kind], exam.headline.shared) for arm, each in scores.items()}

    def describe(self) -> dict[str, Any]:
        """Describe the chips, as JSON: per arm the layers, simulated time, loss and accuracy, and counts (mean over
        chips)."""
        device = None
        if self.recipe is not None and self.recipe.hardware is not None:
            device = self.recipe.hardware.device.title
        return {
            "recipe": self.summary["recipe"],
            "title": self.summary["title"],
            "folder": None if self.folder is None else str(self.folder),
            "chips": self.setup.training.seeds,
            "chips_from": self.setup.training.chips,
            "device": device,
            "arms": {arm: self._described(arm) for arm in self.progress},
        }

    def _described(self, arm: str) -> dict[str, Any]:
        progress, curve = self.progress[arm], self.curve[arm]
        return {
            "layers": chips.described(progress.chips),
            "seconds": progress.seconds,
            "epochs": progress.epoch,
            "earlier_epochs": progress.earlier,
            "loss": float(progress.loss[-1].mean()),
            "right_while_training": float(curve[-1][1].mean()),
            "counts": progress.mean_counts()._asdict(),
        }

    def __repr__(self) -> str:
        said = self.describe()
        lines = [said["title"] if self.folder is None else f"{self.folder}: {said['title']}"]
        for arm, each in said["arms"].items():
            shapes = ", ".join(" x ".join(map(str, layer["shape"])) for layer in each["layers"])
            epochs = each["earlier_epochs"] + each["epochs"]
            right = f"{100 * each['right_while_training']:.1f} % right"
            lines.append(f"  {arm}: {said['chips']} chip(s) of {shapes}; {epochs} epochs, {right}")
            lines += [_line(number, layer) for number, layer in enumerate(each["layers"], 1) if "tiles" in layer]
        return "\n".join([*lines, f"  clock: {max(each.seconds for each in self.progress.values()):g} s"])


def _line(number: int, layer: dict[str, Any]) -> str:
    """A one-line description of a layer on crossbars."""
    rows, columns = layer["arrays"]
    low, high = (1e6 * siemens for siemens in layer["device_siemens"])
    age = layer["seconds_since_write"]
    old = "do not age" if age is None else f"written {age['least']:g} to {age['most']:g} s ago"
    return (
        f"    layer {number}: {layer['tiles']} tile(s) of {rows} x {columns}, {layer['mapping']}, "
        f"{layer['scheme']}; devices of {low:g} to {high:g} µS, {old}"
    )


def load(folder: str | Path) -> Result:
    """Load a finished run from its folder. Its data are read only when they are first needed.

    Args:
        folder: Folder of a finished run.

    Returns:
        The run, with its trained chips.

    Raises:
        InputError: if the folder holds no finished run, or its chips are missing, damaged or of another version.
    """
    folder = Path(folder)
    _, recipe, kept = finished(folder, "load")
    # Chips depend on rules and hardware only, so the arms are built without loading data.
    setup = of_recipe(recipe, build.machine(recipe, sizes(recipe)))
    found = {arm: kept.restored(arm, each.structure()) for arm, each in arms.arms(setup).items()}
    return Result(
        setup,
        {arm: progress for arm, (progress, _) in found.items()},
        {arm: curve for arm, (_, curve) in found.items()},
        _summary(folder),
        lambda: build.task(recipe),
        recipe=recipe,
        folder=folder,
    )


def _summary(folder: Path) -> dict[str, Any]:
    """Read the summary of a finished run. Raises InputError if the file is damaged."""
    path = folder / SUMMARY
    summary = files.read_json(path, f"load: {folder}")
    needed = {"recipe", "title", "seeds", "test_accuracy", "ledger"}
    if not isinstance(summary, dict) or needed - summary.keys():
        raise InputError(f"load: {path} is damaged; remove it and continue the run: it is tested and priced again")
    return summary
