"""A run that was trained: how right it is, what it cost, and its chips, to be asked, tested, aged and described."""

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
    """A trained run: of a recipe, of parts, or opened again from its folder.

    `progress` holds, per arm (crossbar, ideal, backprop), the trained chips, the clock and the counts of the training;
    `curve` the learning curves: epochs, and the share of right answers of each chip after them. `summary` is all that
    the run came to, as JSON. What is of the run's own training and tests (`curve`, `accuracy`, `verdicts`, `ledger`,
    `summary`) does not change when chips are aged.
    """

    setup: Setup
    progress: dict[str, Progress]
    curve: dict[str, Curve]
    summary: dict[str, Any]
    data: Callable[[], Task]
    """Makes the task: a run that was opened again looks for its data when they are asked for."""
    test_samples: Samples | None = None
    """What the chips are tested on, where the task brings nothing of its own."""
    recipe: Experiment | None = None
    """None: the run was made of parts."""
    folder: Path | None = None
    """None: the run was kept in memory alone."""

    @property
    def rule(self) -> Rule:
        """The rule of the crossbar and the ideal arm."""
        return self.setup.learner.rule

    @cached_property
    def task(self) -> Task:
        """The data. Raises InputError where they are not there (any more)."""
        return self.data()

    @property
    def accuracy(self) -> dict[str, intervals.Estimate]:
        """The share of right answers in the headline's test, per arm and of the best decoder of code words: mean,
        standard deviation over chips, 95 % interval."""
        return {arm: intervals.Estimate(**each) for arm, each in self.summary["test_accuracy"].items()}

    @property
    def verdicts(self) -> dict[str, Any]:
        """What settled and what failed, as JSON, where there is such: `settling` per arm (whether free phases settled
        at the end; shares of phases of the whole training that did not; how many diverged), `verification` of writes,
        `wires`, `clipped_conversions`."""
        names = ("settling", "verification", "wires", "clipped_conversions")
        return {name: self.summary[name] for name in names if name in self.summary}

    @property
    def ledger(self) -> dict[str, Any]:
        """The statement of costs of training one chip, as JSON: chip, where there is one, beside digital machines."""
        return self.summary["ledger"]

    def rows(self, table: Table = "accuracy") -> list[dict[str, Any]]:
        """A table in long form.

        Args:
            table: "accuracy": per arm and test. "curve": per arm, chip and epoch: loss, the largest change of a neuron
                in the last sweep (residual), and the share of right answers, None in epochs without a test. "ledger":
                per machine and component: energy and time.

        Raises:
            InputError: for another table.
        """
        makers = {"accuracy": self._accuracy_rows, "curve": self._curve_rows, "ledger": self._ledger_rows}
        if table not in makers:
            raise unknown("table", table, makers)
        return list(makers[table]())

    def frame(self, table: Table = "accuracy") -> Any:
        """A table as a pandas.DataFrame (`rows` has the same without pandas).

        Raises InputError for another table, or where pandas is not installed.
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

    def aged(self, seconds: float | int) -> "Result":
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
        wanted = self.setup.sample
        if np.shape(x)[1:] != wanted or not len(x):
            raise InputError(f"predict: x has shape {np.shape(x)}; allowed: (samples, {', '.join(map(str, wanted))})")
        keys = jax.vmap(lambda key: jax.random.fold_in(key, seed))(arms.chip_keys(self.setup.training))
        rule, inputs = self.setup.rules[arm], jax.numpy.asarray(x, np.float32)
        return np.asarray(training.predict(rule, self.chips[arm], inputs, keys))

    def test(self) -> dict[str, intervals.Estimate]:
        """The share of right answers per arm in the headline's test, of the chips as they are now.

        The run itself was tested after evaluation.age_seconds. Raises InputError where the data are not there.
        """
        exam = testing.Exam.of(self.setup.evaluation, self.setup.training, self.task, self.test_samples)
        only = exam._replace(tests=[exam.headline], validation=None)
        scores = testing.test(only, self.task, self.setup.rules, self.chips).scores
        return {arm: intervals.estimate(each[exam.headline.kind], exam.headline.shared) for arm, each in scores.items()}

    def describe(self) -> dict[str, Any]:
        """What the chips are and what became of them, as JSON: per arm its layers, its clock, its learning and its
        counts, mean over chips."""
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
    """A layer on crossbars in words."""
    rows, columns = layer["arrays"]
    low, high = (1e6 * siemens for siemens in layer["device_siemens"])
    age = layer["seconds_since_write"]
    old = "do not age" if age is None else f"written {age['least']:g} to {age['most']:g} s ago"
    return (
        f"    layer {number}: {layer['tiles']} tile(s) of {rows} x {columns}, {layer['mapping']}, "
        f"{layer['scheme']}; devices of {low:g} to {high:g} µS, {old}"
    )


def load(folder: str | Path) -> Result:
    """The trained run in a folder. Its data need not be there until they are asked for.

    Args:
        folder: Of a finished run.

    Raises:
        InputError: where there is no finished run, or one that kept no chips, damaged ones, or ones of another version.
    """
    folder = Path(folder)
    _, recipe, kept = finished(folder, "load")
    # Data are only in the way of building arms: they make chips by rules and hardware alone.
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
    """What a finished run came to. Raises InputError where the file is damaged."""
    path = folder / SUMMARY
    summary = files.read_json(path, f"load: {folder}")
    needed = {"recipe", "title", "seeds", "test_accuracy", "ledger"}
    if not isinstance(summary, dict) or needed - summary.keys():
        raise InputError(f"load: {path} is damaged; remove it and continue the run: it is tested and priced again")
    return summary
