"""One run: a checked recipe in, a run folder out; killed at any moment, it continues to the same bits."""

import json
from datetime import UTC, datetime
from pathlib import Path

import ohmgrad
from ohmgrad import files, recipes
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.ledger.emissions import emissions_csv
from ohmgrad.ledger.measure import Meter
from ohmgrad.recipes import Experiment, priced
from ohmgrad.recipes.build import Parts, build, machine, resolve
from ohmgrad.recipes.device_ranges import automatic
from ohmgrad.runs import arms, calibration, checkpoint, environment, inherited, results, testing
from ohmgrad.runs.folder import RECIPE, SUMMARY, read_recipe
from ohmgrad.runs.testing import Exam, Tested
from ohmgrad.runs.trainer import Trainer, Watch


def begin(name: str, experiment: Experiment, folder: Path, watch: Watch = lambda *_: None) -> tuple[Experiment, Parts]:
    """Check all that can be checked, find the ranges that are auto, then open the run folder and keep the resolved
    recipe, with every range a number, in it. `watch` hears of the arm "ranges" while these are found.

    Raises InputError, and leaves nothing behind, where the recipe cannot run or the folder is not free or writable.
    """
    if experiment.training.chips is not None:
        experiment = inherited.checked(resolve(experiment))
    experiment, parts = _prepare(experiment)
    if experiment.training.chips is not None:
        for each, arm in arms.arms(experiment, parts).items():
            inherited.start(experiment, each, arm)
    if files.exists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        hint = f"; continue it with `resume` {folder}" if (folder / RECIPE).exists() else ""
        raise InputError(f"`folder` {folder} is not an empty folder{hint}")
    experiment, parts = calibration.calibrated(
        experiment, parts, lambda done, epochs: watch("ranges", done, epochs, None)
    )
    # Built from the recipe that is kept, as whoever resumes or reopens the run builds them.
    parts = Parts(parts.task, *machine(experiment, parts.task))
    files.make_folder(folder, "`folder`")
    files.write(folder / RECIPE, f"# {' '.join(name.split())}\n{recipes.dump(experiment)}")
    return experiment, parts


def reopen(folder: Path) -> tuple[str, Experiment, Parts]:
    """The recipe of a run that was begun: its name, itself, its parts.

    Raises InputError where the folder holds no run, or one whose data or machines are gone.
    """
    what = f"run folder {folder}"
    if not files.exists(folder / RECIPE):
        raise InputError(f"{what}: there is no {RECIPE} in it, so no run to continue")
    name, experiment = read_recipe(folder, what)
    if unknown := automatic(experiment):
        raise InputError(f"{folder / RECIPE}: {unknown[0]} is auto; a run that was begun has numbers there")
    return name, *_prepare(experiment)


def _prepare(experiment: Experiment) -> tuple[Experiment, Parts]:
    """Resolve and build, and price nothing at all, so that whatever is missing is missed before any work."""
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
    """Train all arms, test them, price them; returns the summary.

    A `meter` measures what this machine draws for the epochs of each arm that it trains now. Continues from the
    folder's checkpoint if there is one. The summary is written last: a folder that has it is done.
    """
    origin = checkpoint.fingerprint((folder / RECIPE).read_text(), parts.task)
    if (folder / SUMMARY).exists():
        return _finished(folder / SUMMARY, origin)
    exam = Exam.of(experiment, parts)
    trainer = Trainer(experiment, parts, folder, origin, exam.watched, watch, meter)
    for arm in trainer.arms:
        trainer.train(arm)
    rules = {arm: each.rule for arm, each in trainer.arms.items()}
    chips = {arm: arms.aged(experiment, progress.chips) for arm, progress in trainer.trained.items()}
    tested = testing.test(exam, parts, rules, chips)
    bills = _price(folder, trainer, meter)
    summary = _summary(name, parts, trainer, exam, tested)
    summary |= {"ledger": bills, "run_dir": str(folder), "fingerprint": origin}
    _write(name, parts, folder, trainer, exam, tested, bills)
    files.write(folder / SUMMARY, _json(summary))
    files.sweep(folder)
    return summary


def _finished(path: Path, origin: str) -> dict:
    """The summary of a run that is done. Raises InputError where it is damaged or its recipe was changed since."""
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


def _price(folder: Path, trainer: Trainer, meter: Meter | None) -> dict:
    """The bills of a training."""
    # As the folder keeps the recipe, with plain figures: a continued run, and one priced anew, know no others.
    kept = recipes.load_text((folder / RECIPE).read_text(), str(folder / RECIPE))
    bills = results.bills(kept, trainer.trained, trainer.curves)
    return bills if meter is None else bills | {"measured": meter.as_dict()}


def _summary(name: str, parts: Parts, trainer: Trainer, exam: Exam, tested: Tested) -> dict:
    """What a run has come to, without ledger and folder."""
    experiment, trained = trainer.experiment, trainer.trained
    summary = results.summary(
        name, experiment, _seeds(experiment), exam.headline, tested.scores, tested.validated, trained
    )
    if experiment.training.chips is not None:
        summary["chips_from"] = inherited.described(experiment, next(iter(trained.values())))
    if isinstance(parts.task, LabelledImages):
        confusion = results.confusion(parts.task, exam.headline, tested.answers)
        summary |= {"classes": list(parts.task.classes), "confusion": confusion}
    return summary


def _write(name: str, parts: Parts, folder: Path, trainer: Trainer, exam: Exam, tested: Tested, bills: dict) -> None:
    """All files of a finished run but its chips, which are there, and its summary."""
    experiment, trained = trainer.experiment, trainer.trained
    seeds, ended = _seeds(experiment), datetime.now(UTC).isoformat(timespec="seconds")
    shown = next(iter(tested.answers.values()))
    for file, content in (
        ("environment.json", _json(environment.describe(seeds, experiment.modules or ()))),
        ("metrics.csv", results.metrics(seeds, trained, trainer.curves, tested.scores, exam.watched.kind)),
        ("ledger.json", _json(bills)),
        ("emissions.csv", emissions_csv(bills, name, ended, ohmgrad.__version__)),
        ("weights.safetensors", results.weights({arm: p.chips for arm, p in trained.items()})),
        ("examples.json", _json(results.examples(experiment, parts.task, exam.headline, shown))),
    ):
        files.write(folder / file, content)


def _seeds(experiment: Experiment) -> list[int]:
    return list(range(experiment.training.seed, experiment.training.seed + experiment.training.seeds))


def _json(content) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
