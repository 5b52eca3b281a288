"""Run a checked recipe, in a folder or in memory.

A run in a folder can be interrupted at any moment; continued, it gives bit-identical results.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import ohmgrad
from ohmgrad import files, recipes
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.ledger.emissions import emissions_csv
from ohmgrad.ledger.measure import Meter
from ohmgrad.recipes import Experiment, priced
from ohmgrad.recipes.build import Parts, build, machine, resolve
from ohmgrad.recipes.device_ranges import automatic
from ohmgrad.runs import arms, calibration, checkpoint, environment, inherited, probes, results, setup, testing
from ohmgrad.runs.checkpoint import Checkpoint, Curve
from ohmgrad.runs.folder import PROBES, RECIPE, SUMMARY, read_recipe
from ohmgrad.runs.result import Result
from ohmgrad.runs.setup import Setup
from ohmgrad.runs.testing import Exam, Tested
from ohmgrad.runs.trainer import Trainer, Watch
from ohmgrad.training import Progress

Begun = tuple[Experiment, Parts]
"""A recipe with all ranges as numbers, and its parts."""


def begin(name: str, experiment: Experiment, folder: Path, watch: Watch = lambda *_: None) -> Begun:
    """Prepare a run in a folder: check the recipe, calibrate auto ranges, then write the resolved recipe.

    If it raises, nothing is written.

    Args:
        name: Name of the recipe.
        experiment: The recipe.
        folder: The run folder; it must be empty or not exist.
        watch: Callback as in training, with "ranges" as arm during calibration.

    Returns:
        The resolved recipe with all ranges as numbers, and its parts.

    Raises:
        InputError: if the recipe cannot run, or the folder is not empty or not writable.
    """
    experiment, parts = _checked(experiment)
    if files.exists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        hint = f"; continue it with `resume` {folder}" if (folder / RECIPE).exists() else ""
        raise InputError(f"`folder` {folder} is not an empty folder{hint}")
    experiment, parts = _with_ranges(experiment, parts, watch)
    files.make_folder(folder, "`folder`")
    files.write(folder / RECIPE, f"# {' '.join(name.split())}\n{recipes.dump(experiment)}")
    return experiment, parts


def begin_in_memory(experiment: Experiment, watch: Watch = lambda *_: None) -> Begun:
    """Prepare a run in memory: check the recipe and calibrate auto ranges. Arguments and result as in `begin`.

    Raises:
        InputError: if the recipe cannot run.
    """
    return _with_ranges(*_checked(experiment), watch)


def _checked(experiment: Experiment) -> Begun:
    if experiment.training.chips is None:
        return _prepare(experiment)
    experiment, parts = _prepare(inherited.checked(resolve(experiment)))
    assert experiment.training.chips is not None
    for name, arm in arms.arms(setup.of_recipe(experiment, parts)).items():
        inherited.start(Path(experiment.training.chips), name, arm)
    return experiment, parts


def _with_ranges(experiment: Experiment, parts: Parts, watch: Watch) -> Begun:
    experiment, parts = calibration.calibrated(
        experiment, parts, lambda done, epochs: watch("ranges", done, epochs, None)
    )
    # Round-trip through YAML, so that a run in memory uses exactly the numbers that a continued or loaded run reads.
    experiment = recipes.load_text(recipes.dump(experiment), "recipe")
    return experiment, Parts(parts.task, *machine(experiment, parts.task))


def reopen(folder: Path) -> tuple[str, Experiment, Parts]:
    """Read a run that was started with `begin`.

    Args:
        folder: The run folder.

    Returns:
        Name of the recipe, the recipe, and its parts.

    Raises:
        InputError: if the folder holds no run, or its data or machine records are missing.
    """
    what = f"run folder {folder}"
    if not files.exists(folder / RECIPE):
        raise InputError(f"{what}: there is no {RECIPE} in it, so no run to continue")
    name, experiment = read_recipe(folder, what)
    if unknown := automatic(experiment):
        raise InputError(f"{folder / RECIPE}: {unknown[0]} is auto; a run that was begun has numbers there")
    return name, *_prepare(experiment)


def _prepare(experiment: Experiment) -> Begun:
    """Resolve and build the recipe, and load its machine records, so that missing input is reported before any work."""
    experiment = resolve(experiment)
    priced.machines(experiment)
    return experiment, build(experiment)


def run(
    name: str,
    experiment: Experiment,
    parts: Parts,
    folder: Path,
    watch: Watch = lambda *_: None,
    meter: Meter | None = None,
) -> dict:
    """Train, test and price all arms of a run in its folder.

    Training continues from the folder's checkpoint if there is one. The summary is written last: a folder with a
    summary holds a finished run, of which only the summary is returned.

    Args:
        name: Name of the recipe.
        experiment: The resolved recipe, from `begin` or `reopen`.
        parts: Its parts.
        folder: The run folder.
        watch: Callback: arm, epochs done, epochs in total, last point of the learning curve or None.
        meter: Measures this machine's energy for the epochs trained in this call. None: not measured.

    Returns:
        The summary, as JSON.

    Raises:
        InputError: if numbers overflow, or files of the folder are damaged or belong to another recipe or other data.
    """
    origin = checkpoint.fingerprint((folder / RECIPE).read_text(), parts.task)
    if (folder / SUMMARY).exists():
        return _finished(folder / SUMMARY, origin)
    return run_begun(name, experiment, parts, Checkpoint(folder, origin), watch, meter).summary


def run_begun(
    name: str,
    experiment: Experiment,
    parts: Parts,
    kept: Checkpoint | None = None,
    watch: Watch = lambda *_: None,
    meter: Meter | None = None,
) -> Result:
    """Train, test and price a recipe prepared by `begin` or `begin_in_memory`.

    Args:
        name: Name of the recipe.
        experiment: The resolved recipe.
        parts: Its parts.
        kept: The checkpoint, whose folder is the run folder. None: in memory.
        watch: As in `run`.
        meter: As in `run`.

    Raises:
        InputError: if numbers overflow, or the checkpoint is damaged or belongs to another recipe or other data.
    """
    whole, task = setup.of_recipe(experiment, parts), parts.task
    done = carry_out(whole, task, Exam.of(whole.evaluation, whole.training, task), watch, meter, kept)
    machines = priced.machines(experiment)
    bills = results.bills(
        lambda counts, curves: priced.price(experiment, machines, counts, curves=curves), done.progress, done.curves
    )
    bills |= {} if meter is None else {"measured": meter.as_dict()}
    summary: dict = {"recipe": name, "title": experiment.title}
    summary |= results.summary(done.exam, done.tested, task, whole, done.progress)
    if "crossbar" in done.progress:
        summary["ranges"] = recipes.ranges(experiment)
    if experiment.training.chips is not None:
        earlier = next(iter(done.progress.values())).earlier
        summary["chips_from"] = {"folder": experiment.training.chips, "epochs": earlier}
    summary["ledger"] = bills
    if kept is not None:
        summary |= {"run_dir": str(kept.folder), "fingerprint": kept.origin}
        _write(kept.folder, name, experiment, task, done, bills)
        files.write(kept.folder / SUMMARY, _json(summary))
        files.sweep(kept.folder)
    folder = None if kept is None else kept.folder
    return Result(whole, done.progress, done.curves, summary, lambda: task, recipe=experiment, folder=folder)


class Outcome(NamedTuple):
    """Progress and learning curve by arm, the tests and their results."""

    exam: Exam
    progress: dict[str, Progress]
    curves: dict[str, Curve]
    tested: Tested


def carry_out(
    whole: Setup, task: Task, exam: Exam, watch: Watch, meter: Meter | None = None, kept: Checkpoint | None = None
) -> Outcome:
    """Train all arms, age their chips by `evaluation.age_seconds`, and test them.

    Args:
        whole: The parts and settings of the run.
        task: The task.
        exam: The tests.
        watch: Callback: arm, epochs done, epochs in total, last point of the learning curve or None.
        meter: Measures this machine's energy. None: not measured.
        kept: Checkpoint to continue from and to save to. None: no checkpoint.

    Raises:
        InputError: if numbers overflow, or the checkpoint is damaged or belongs to another recipe or other data.
    """
    trainer = Trainer(whole, task, exam.watched, watch, meter, kept)
    for arm in trainer.arms:
        trainer.train(arm)
    chips = {arm: arms.aged(whole.evaluation, progress.chips) for arm, progress in trainer.trained.items()}
    return Outcome(exam, trainer.trained, trainer.curves, testing.test(exam, task, whole.rules, chips))


def _finished(path: Path, origin: str) -> dict:
    """The summary of a finished run. Raises InputError if it is damaged, or recipe or data were changed afterwards."""
    try:
        summary = files.read_json(path, str(path.parent))
        same = summary["fingerprint"] == origin
    except (InputError, KeyError, TypeError):
        raise InputError(f"{path} is damaged; remove it to test and price the run again") from None
    if not same:
        raise InputError(
            f"{path.parent}: {RECIPE} or its data were changed after the run was finished; start a new run"
        )
    return summary


def _write(folder: Path, name: str, experiment: Experiment, task: Task, done: Outcome, bills: dict) -> None:
    """Write all files of a finished run except chips (already written) and summary (written last)."""
    exam, progress, curves, tested = done
    seeds, ended = list(arms.seeds(experiment.training)), datetime.now(UTC).isoformat(timespec="seconds")
    shown = next(iter(tested.answers.values()))
    for file, content in (
        ("environment.json", _json(environment.describe(seeds, experiment.modules or ()))),
        ("metrics.csv", results.metrics(seeds, progress, curves, tested.scores, exam.watched.kind)),
        ("ledger.json", _json(bills)),
        ("emissions.csv", emissions_csv(bills, name, ended, ohmgrad.__version__)),
        ("weights.safetensors", results.weights({arm: each.chips for arm, each in progress.items()})),
        ("examples.json", _json(results.examples(experiment, task, exam.headline, shown))),
    ):
        files.write(folder / file, content)
    if (kept := probes.of_trial(task, exam.headline)) is not None:
        files.write(folder / PROBES, kept)


def _json(content) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
