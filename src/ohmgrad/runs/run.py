"""One run: a checked recipe in, a run folder out; killed at any moment, it continues to the same bits."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import ohmgrad
from ohmgrad import files, recipes, records, training
from ohmgrad.data import Codebook
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.ledger.emissions import emissions_csv
from ohmgrad.ledger.measure import Meter
from ohmgrad.recipes import Experiment, priced
from ohmgrad.recipes.build import Parts, build, resolve
from ohmgrad.recipes.device_ranges import automatic
from ohmgrad.runs import arms, calibration, checkpoint, environment, results, trials
from ohmgrad.runs.checkpoint import Curve

RECIPE, SUMMARY = "recipe.yaml", "summary.json"
SECONDS_BETWEEN_CHECKPOINTS = 2.0
Watch = Callable[[str, int, int, float | None], None]
"""Told the arm, the epochs done and the epochs to do, and the last point of the learning curve, if any."""


def begin(name: str, experiment: Experiment, folder: Path, watch: Watch = lambda *_: None) -> tuple[Experiment, Parts]:
    """Check all that can be checked, find the ranges that are auto, then open the run folder and keep the resolved
    recipe, with every range a number, in it. `watch` hears of the arm "ranges" while these are found.

    Raises InputError, and leaves nothing behind, where the recipe cannot run or the folder is not free or writable.
    """
    experiment, parts = _prepare(experiment)
    if files.exists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        hint = f"; continue it with `resume` {folder}" if (folder / RECIPE).exists() else ""
        raise InputError(f"`folder` {folder} is not an empty folder{hint}")
    experiment, parts = calibration.calibrated(
        experiment, parts, lambda done, epochs: watch("ranges", done, epochs, None)
    )
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
    text = records.read(folder / RECIPE, what)
    name, experiment = text.partition("\n")[0].removeprefix("# "), recipes.load_text(text, f"{folder / RECIPE}")
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
    task = parts.task
    origin = checkpoint.fingerprint((folder / RECIPE).read_text(), task)
    if (folder / SUMMARY).exists():
        return _finished(folder / SUMMARY, origin)
    keys = arms.chip_keys(experiment)
    tests = trials.trials(experiment, task, keys)
    headline = next(trial for trial in tests if trial.kind == trials.headline(experiment))
    validation = trials.validation(experiment, task, keys)
    watched = validation or headline
    all_arms = arms.arms(experiment, parts)
    fresh = {arm: each.start for arm, each in all_arms.items()}
    done = checkpoint.load_arms(folder, origin, fresh)
    saver = _Saver(folder, origin, done)

    for arm, (rule, rates, start) in all_arms.items():
        progress, curve = done.get(arm, (start, []))

        def after_epoch(progress, arm=arm, rule=rule, curve=curve):
            epochs = experiment.training.epochs
            _check_finite(arm, progress)
            if progress.epoch % experiment.evaluation.every == 0 or progress.epoch == epochs:
                answers = training.answer(rule, task, progress.chips, watched.x, watched.truth, watched.keys)
                curve.append((progress.epoch, np.asarray(answers.right.mean(1), np.float64)))
            done[arm] = progress, curve
            saver.save(at_once=progress.epoch == epochs)
            watch(arm, progress.epoch, epochs, _right(curve))

        watch(arm, progress.epoch, experiment.training.epochs, _right(curve))
        with meter.window(arm) if meter else nullcontext():
            training.train(
                rule,
                task,
                progress,
                keys,
                learning_rates=rates,
                epochs=experiment.training.epochs,
                batch=experiment.training.batch,
                schedule=schedule(experiment),
                after_epoch=after_epoch,
            )
    summary = _finish(name, experiment, parts, folder, all_arms, done, tests, validation, meter) | {
        "fingerprint": origin
    }
    files.write(folder / SUMMARY, _json(summary))
    (folder / checkpoint.NAME).unlink(missing_ok=True)
    files.sweep(folder)
    return summary


def _right(curve: Curve) -> float | None:
    """The share of right answers at the last test of a training, the mean over chips."""
    return float(curve[-1][1].mean()) if curve else None


def _check_finite(arm: str, progress: training.Progress) -> None:
    if not np.isfinite(progress.loss[-1]).all():
        raise InputError(
            f"{arm}: the numbers overflowed in epoch {progress.epoch}; the run stopped there. Lower the learning "
            "rates, or bring weight_max, ADC range and the device's figures into proportion"
        )


def schedule(experiment: Experiment) -> training.Schedule:
    """How the recipe's learning rates fall."""
    decay = experiment.training.decay
    return training.cosine if decay == "cosine" else training.exponential(decay)


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


class _Saver:
    """Checkpoints, not more often than every two seconds."""

    def __init__(self, folder: Path, origin: str, done: dict) -> None:
        self.folder, self.origin, self.done, self.last = folder, origin, done, time.monotonic()

    def save(self, at_once: bool) -> None:
        if at_once or time.monotonic() - self.last > SECONDS_BETWEEN_CHECKPOINTS:
            checkpoint.save_arms(self.folder, self.origin, self.done)
            self.last = time.monotonic()


def _finish(name, experiment, parts, folder, all_arms, done, tests, validation, meter) -> dict:
    """Test, price and write everything but the summary, which it returns."""
    task, headline = parts.task, trials.headline(experiment)
    trained = {arm: progress for arm, (progress, _) in done.items()}
    tested = {arm: arms.aged(experiment, progress.chips) for arm, progress in trained.items()}
    scores: results.Scores = {arm: {} for arm in trained}
    answered: dict[str, training.Answers] = {}

    def answer(arm: str, trial: trials.Trial) -> training.Answers:
        return training.answer(all_arms[arm].rule, task, tested[arm], trial.x, trial.truth, trial.keys)

    validated = {arm: np.asarray(answer(arm, validation).right) for arm in tested} if validation else {}
    for trial in tests:
        for arm in tested:
            answers = answer(arm, trial)
            scores[arm][trial.kind] = np.asarray(answers.right)
            if trial.kind == headline:
                answered[arm] = answers
        if isinstance(task, Codebook):
            scores.setdefault("best_decoder", {})[trial.kind] = trial.best(np.asarray(task.words))
    seeds = list(range(experiment.training.seed, experiment.training.seed + experiment.training.seeds))
    # As the folder keeps the recipe, with plain figures: a continued run, and one priced anew, know no others.
    kept = recipes.load_text((folder / RECIPE).read_text(), str(folder / RECIPE))
    curves = {arm: curve for arm, (_, curve) in done.items()}
    bills = results.bills(kept, trained, curves)
    if meter is not None:
        bills["measured"] = meter.as_dict()
    summary = results.summary(name, experiment, seeds, scores, validated, trained)
    shown = next(trial for trial in tests if trial.kind == headline)
    if isinstance(task, LabelledImages):
        summary |= {"classes": list(task.classes), "confusion": results.confusion(task, shown, answered)}
    summary |= {"ledger": bills, "run_dir": str(folder)}
    files.write(folder / "environment.json", _json(environment.describe(seeds)))
    files.write(
        folder / "metrics.csv",
        results.metrics(seeds, trained, curves, scores, validation.kind if validation else headline),
    )
    files.write(folder / "ledger.json", _json(bills))
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    files.write(folder / "emissions.csv", emissions_csv(bills, name, ended, ohmgrad.__version__))
    files.write(folder / "weights.safetensors", results.weights({arm: p.chips for arm, p in trained.items()}))
    files.write(
        folder / "examples.json", _json(results.examples(experiment, task, shown, next(iter(answered.values()))))
    )
    return summary


def _json(content) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
