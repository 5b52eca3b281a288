"""One run: a checked recipe in, a run folder out; killed at any moment, it continues to the same bits."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml

from ohmgrad import files, recipes, training
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts, build, resolve
from ohmgrad.runs import arms, checkpoint, environment, results

RECIPE, SUMMARY = "recipe.yaml", "summary.json"
SECONDS_BETWEEN_CHECKPOINTS = 2.0
Watch = Callable[[str, int, int], None]
"""Told the arm, the epochs done and the epochs to do."""


def begin(name: str, experiment: Experiment, folder: Path) -> tuple[Experiment, Parts]:
    """Check all that can be checked, then open the run folder and keep the resolved recipe in it.

    Raises InputError, and leaves nothing behind, where the recipe cannot run or the folder is not free or writable.
    """
    experiment = resolve(experiment)
    parts = build(experiment)
    ledger_names(experiment)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            hint = f"; continue it with --resume {folder}" if (folder / RECIPE).exists() else ""
            raise InputError(f"--out {folder} is not an empty folder{hint}")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {folder} cannot be created ({error.strerror})") from None
    files.write(folder / RECIPE, f"# {name}\n{recipes.dump(experiment)}")
    return experiment, parts


def reopen(folder: Path) -> tuple[str, Experiment, Parts]:
    """The recipe of a run that was begun: its name, itself, its parts.

    Raises InputError where the folder holds no run.
    """
    try:
        text = (folder / RECIPE).read_text()
    except OSError:
        raise InputError(f"--resume {folder}: there is no {RECIPE} in it, so no run to continue") from None
    name = text.partition("\n")[0].removeprefix("# ")
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError:
        fields = None
    if not isinstance(fields, dict):
        raise InputError(f"--resume {folder}: {RECIPE} is damaged")
    experiment = resolve(recipes.check(fields, f"--resume {folder}"))
    return name, experiment, build(experiment)


def ledger_names(experiment: Experiment) -> None:
    """Raises InputError where the ledger's machines do not exist, before any work is done."""
    from ohmgrad import ledger
    from ohmgrad.counts import Counts

    hardware = experiment.hardware
    ledger.price_chip(Counts(), ledger.chip(experiment.ledger.chip), hardware.dac_bits, hardware.adc_bits)
    ledger.gpu(experiment.ledger.gpu)


def run(name: str, experiment: Experiment, parts: Parts, folder: Path, watch: Watch = lambda *_: None) -> dict:
    """Train all arms, test them, price them; returns the summary that `--json` prints.

    Continues from the folder's checkpoint if there is one. The summary is written last: a folder that has it is done.
    """
    if (folder / SUMMARY).exists():
        return _finished(folder / SUMMARY)
    recipe = (folder / RECIPE).read_text()
    task, tests = parts.task, arms.test_sets(experiment, parts.task)
    headline = next(t for t in tests if (t.kind, t.level) == ("flips", experiment.evaluation.headline_level))
    keys = arms.chip_keys(experiment)
    all_arms = arms.arms(experiment, parts)
    fresh = {arm: each.start for arm, each in all_arms.items()}
    done = checkpoint.load_arms(folder, recipe, fresh)

    for arm, (rule, rates, start) in all_arms.items():
        progress, curve = done.get(arm, (start, []))
        saver = _Saver(folder, recipe, done)

        def after_epoch(progress, arm=arm, rule=rule, curve=curve, saver=saver):
            epochs = experiment.training.epochs
            if progress.epoch % experiment.evaluation.every == 0 or progress.epoch == epochs:
                answers = training.answer(rule, task, progress.chips, headline.x, headline.word, headline.keys)
                curve.append((progress.epoch, np.asarray(answers.right.mean(1), np.float64)))
            done[arm] = progress, curve
            saver.save(at_once=progress.epoch == epochs)
            watch(arm, progress.epoch, epochs)

        watch(arm, progress.epoch, experiment.training.epochs)
        training.train(
            rule,
            task,
            progress,
            keys,
            learning_rates=rates,
            epochs=experiment.training.epochs,
            batch=experiment.training.batch,
            after_epoch=after_epoch,
        )
    return _finish(name, experiment, parts, folder, all_arms, done, tests)


def _finished(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise InputError(f"{path} is damaged; remove it to test and price the run again") from None


class _Saver:
    """Checkpoints, not more often than every two seconds."""

    def __init__(self, folder: Path, recipe: str, done: dict) -> None:
        self.folder, self.recipe, self.done, self.last = folder, recipe, done, time.monotonic()

    def save(self, at_once: bool) -> None:
        if at_once or time.monotonic() - self.last > SECONDS_BETWEEN_CHECKPOINTS:
            checkpoint.save_arms(self.folder, self.recipe, self.done)
            self.last = time.monotonic()


def _finish(name, experiment, parts, folder, all_arms, done, tests) -> dict:
    """Test, price and write everything; the summary last."""
    trained = {arm: progress for arm, (progress, _) in done.items()}
    accuracies: results.Accuracies = {arm: {} for arm in trained} | {"best_decoder": {}}
    shown = []
    for test in tests:
        for arm, progress in trained.items():
            answers = training.answer(all_arms[arm].rule, parts.task, progress.chips, test.x, test.word, test.keys)
            accuracies[arm][test.kind, test.level] = np.asarray(answers.right.mean(1), np.float64)
            if (arm, test.kind, test.level) == ("crossbar", "flips", experiment.evaluation.headline_level):
                shown = results.examples(experiment, parts.task, test, answers)
        accuracies["best_decoder"][test.kind, test.level] = test.best(parts.task)
    seeds = list(range(experiment.training.seed, experiment.training.seed + experiment.training.seeds))
    bills = results.bills(experiment, trained)
    summary = results.summary(name, experiment, seeds, accuracies, trained)
    summary |= {"ledger": bills, "run_dir": str(folder)}
    curves = {arm: curve for arm, (_, curve) in done.items()}
    headline = experiment.evaluation.headline_level
    files.write(folder / "environment.json", _json(environment.describe(seeds)))
    files.write(folder / "metrics.csv", results.metrics(seeds, trained, curves, accuracies, headline))
    files.write(folder / "ledger.json", _json(bills))
    files.write(folder / "weights.safetensors", results.weights({arm: p.chips for arm, p in trained.items()}))
    files.write(folder / "examples.json", _json(shown))
    files.write(folder / SUMMARY, _json(summary))
    (folder / checkpoint.NAME).unlink(missing_ok=True)
    return summary


def _json(content) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
