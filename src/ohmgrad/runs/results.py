"""Results of the trained arms: summary, long-form metrics, ledger, weights, and examples."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from itertools import combinations

import jax
import numpy as np
from safetensors.numpy import save

from ohmgrad import intervals
from ohmgrad.chips import conductances
from ohmgrad.chips import weights as weights_of
from ohmgrad.counts import Counts
from ohmgrad.crossbar.schemes import WriteVerify
from ohmgrad.crossbar.wires import MAX_RESIDUAL
from ohmgrad.data import Codebook, braille
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.data.task import Task
from ohmgrad.networks import SettlingNetwork
from ohmgrad.networks.settling import AT_REST
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.schema.data import BrailleData
from ohmgrad.runs import trials
from ohmgrad.runs.arms import seeds
from ohmgrad.runs.checkpoint import Curve
from ohmgrad.runs.setup import Setup
from ohmgrad.runs.testing import Exam, Scores, Tested
from ohmgrad.runs.trials import Kind, Trial
from ohmgrad.synapses import Crossbar
from ohmgrad.training import Answers, Chips, Progress

Price = Callable[[dict[str, Counts], dict[str, list[tuple[int, float]]]], dict]
"""Computes the costs from the counts and learning curves of every arm."""


def summary(exam: Exam, tested: Tested, task: Task, setup: Setup, trained: dict[str, Progress]) -> dict:
    """The summary of a run, as JSON, without name, ledger and folder.

    Args:
        exam: The tests.
        tested: Their results.
        task: The task.
        setup: The parts and settings of the run.
        trained: Progress by arm.
    """
    shared = exam.headline.shared
    scores = {arm: by_kind[exam.headline.kind] for arm, by_kind in tested.scores.items()}
    result = {
        "seeds": list(seeds(setup.training)),
        "interval": _interval(setup.training.seeds, _samples(task)),
        "test_accuracy": {arm: intervals.estimate(each, shared)._asdict() for arm, each in scores.items()},
        "test_difference": [
            {"arm": arm, "less": other} | intervals.difference(scores[arm], scores[other], shared)._asdict()
            for arm, other in combinations(scores, 2)
        ],
    }
    if tested.validated:
        found = {arm: intervals.estimate(each, shared)._asdict() for arm, each in tested.validated.items()}
        result["validation_accuracy"] = found
    if isinstance(setup.learner.rule.network, SettlingNetwork):
        result["settling"] = {arm: _settling(each) for arm, each in trained.items() if arm != "backprop"}
    if "crossbar" in trained:
        layers = _crossbars(trained["crossbar"].chips)
        result |= {"arrays": _arrays(layers)} | _faults(layers, trained["crossbar"].mean_counts())
        result["clipped_conversions"] = _clipped(trained["crossbar"])
    if exam.headline.kind[0] == "flips":
        by_corruption = _by_corruption(setup.evaluation.levels, tested.scores)
        result |= {"headline_flips": exam.headline.kind[1], "accuracy_by_corruption": by_corruption}
    if isinstance(task, LabelledImages):
        result |= {"classes": list(task.classes), "confusion": confusion(task, exam.headline, tested.answers)}
        if task.mean:
            result["normalisation"] = {"mean": list(task.mean), "deviation": list(task.deviation)}
    return result


def _settling(progress: Progress) -> dict:
    """Convergence of the phases, at the end of a training and over all of it."""
    moved = float(progress.residual[-1].mean())
    return {"largest_change_in_last_sweep": moved, "settled": moved < AT_REST} | _phases(progress.mean_counts())


def _phases(counts: Counts) -> dict:
    """Shares of the phases of a training that did not settle, and the number that diverged (mean over chips)."""
    return {
        "free_unsettled": counts.free_unsettled / counts.free_phases if counts.free_phases else None,
        "pushed_unsettled": counts.pushed_unsettled / counts.pushed_phases if counts.pushed_phases else None,
        "diverged": counts.diverged,
    }


def _arrays(layers: list[Crossbar]) -> dict:
    """The size of an array and, per layer, the number of tiles and the share of their cells in use."""
    hardware, shapes = layers[0].hardware, [layer.shape for layer in layers]
    return {
        "rows": hardware.rows,
        "columns": hardware.columns,
        "tiles_per_layer": [hardware.tiles(shape) for shape in shapes],
        "used_per_layer": [hardware.cells_used(shape) for shape in shapes],
    }


def _faults(layers: list[Crossbar], counts: Counts) -> dict:
    """Per layer, cells that failed write-verify and the wire solver's residual, if simulated."""
    found = {}
    schemes = [layer.scheme for layer in layers if isinstance(layer.scheme, WriteVerify)]
    failed = [np.asarray(scheme.failed) for scheme in schemes if scheme.failed is not None]
    if failed:
        found["verification"] = {
            "cells_per_layer": [layer.shape[0] * layer.shape[1] * layer.hardware.mapping.devices for layer in layers],
            "failed_per_layer": [float(cells.sum() / len(cells)) for cells in failed],
            "training_failed": counts.unverified / max(counts.verifications, 1.0),
        }
    residuals = [float(np.asarray(layer.residual).max()) for layer in layers if layer.residual is not None]
    if residuals:
        within = all(residual <= MAX_RESIDUAL for residual in residuals)
        found["wires"] = {"residual_per_layer": residuals, "tolerance": MAX_RESIDUAL, "within_tolerance": within}
    return found


def _crossbars(chips: Chips) -> list[Crossbar]:
    """The crossbars of all layers, including those of unrolled convolution kernels."""
    parts = jax.tree.leaves(chips, is_leaf=lambda part: isinstance(part, Crossbar))
    return [part for part in parts if isinstance(part, Crossbar)]


def _clipped(progress: Progress) -> dict:
    """Share of the ADC conversions of a training (without programming) that clipped, per weight matrix and in total.

    Counted over all chips.
    """
    clipped, made = progress.counts.clipped_conversions.sum(0), progress.counts.adc_conversions.sum(0)
    return {"by_layer": (clipped / np.maximum(made, 1)).tolist(), "all": float(clipped.sum() / max(made.sum(), 1))}


def _samples(task: Task) -> str:
    """The kind of test samples, in words."""
    if isinstance(task, LabelledImages):
        return "test images"
    return "test words" if isinstance(task, Codebook) else "test samples"


def _interval(chips: int, samples: str) -> str:
    """Explains the intervals of a summary in words."""
    if chips == 1:
        return f"95 % interval of the {samples} alone: one chip does not tell how chips differ"
    return f"95 % interval over other chips and other {samples}"


def _by_corruption(levels: list[float], scores: Scores) -> dict:
    """Means, deviations and intervals of every arm, as lists over the levels of corruption."""
    curves = {}
    for kind in trials.CORRUPTIONS:
        curves[kind] = {"levels": levels}
        for arm, by_kind in scores.items():
            found = zip(*(intervals.estimate(by_kind[kind, level], shared=False) for level in levels), strict=True)
            curves[kind][arm] = dict(zip(intervals.Estimate._fields, map(list, found), strict=True))
    return curves


def metrics(
    seeds: list[int], trained: dict[str, Progress], curves: dict[str, Curve], scores: Scores, watched: Kind
) -> str:
    """metrics.csv: one value per row, with arm, seed, epoch, metric, kind and level of corruption.

    Args:
        seeds: One seed per chip.
        trained: Progress by arm.
        curves: Learning curve by arm.
        scores: Correctness of all answers, by arm and kind of test.
        watched: Kind of test of the learning curves.
    """
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["arm", "seed", "epoch", "metric", "corruption", "level", "value"])

    def add(arm: str, epoch: int, metric: str, kind: str, level: float | str, values: Iterable[float]) -> None:
        rows.writerows([arm, seed, epoch, metric, kind, level, float(v)] for seed, v in zip(seeds, values, strict=True))

    epochs = max(progress.epoch for progress in trained.values())
    for arm, progress in trained.items():
        for epoch, (loss, residual) in enumerate(zip(progress.loss, progress.residual, strict=True), start=1):
            add(arm, epoch, "loss", "train", "", loss)
            add(arm, epoch, "residual", "train", "", residual)
        for epoch, accuracy in curves[arm]:
            add(arm, epoch, "learning_curve", *watched, accuracy)
    for arm, by_level in scores.items():
        for (kind, level), values in by_level.items():
            add(arm, epochs, "test_accuracy", kind, level, values.mean(1))
    return table.getvalue()


def bills(price: Price, trained: dict[str, Progress], curves: dict[str, Curve]) -> dict:
    """ledger.json: costs of training one chip, compared with the best digital program.

    The digital program is priced for the same training and for backpropagation. Counts are means over chips.

    Args:
        price: Computes the costs.
        trained: Progress by arm.
        curves: Learning curve by arm.
    """
    counts = {arm: progress.mean_counts() for arm, progress in trained.items()}
    means = {arm: [(epoch, float(right.mean())) for epoch, right in curve] for arm, curve in curves.items()}
    return json.loads(json.dumps(price(counts, means)))  # as read back from disk: lists instead of tuples


def weights(trained: dict[str, Chips]) -> bytes:
    """weights.safetensors, for use by other programs.

    Tensors: ARM/layerN/weights (chips, rows, columns) and, on crossbars, ARM/layerN/conductances in siemens.
    """
    tensors = {}
    for arm, chips in trained.items():
        for layer, (synapse, matrix) in enumerate(zip(chips, weights_of(chips), strict=True), start=1):
            tensors[f"{arm}/layer{layer}/weights"] = np.asarray(matrix)
            if isinstance(synapse, Crossbar):
                tensors[f"{arm}/layer{layer}/conductances"] = np.asarray(conductances([synapse])[0])
    return save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})


def examples(experiment: Experiment, task: Task, trial: Trial, answers: Answers) -> list[dict]:
    """Example test samples with the first chip's answers; none for a user-defined task.

    Args:
        experiment: The resolved recipe.
        task: The task.
        trial: The samples of the headline test.
        answers: The answers to them.
    """
    if isinstance(task, LabelledImages):
        return _image_examples(task, answers)
    if not isinstance(task, Codebook):
        return []
    return _word_examples(experiment, task, trial, answers)


def _image_examples(task: LabelledImages, answers: Answers) -> list[dict]:
    """Up to six correctly and six wrongly classified test images, with their class and the answer."""
    right = np.asarray(answers.right[0])
    picked = [*np.flatnonzero(right)[:6], *np.flatnonzero(~right)[:6]]
    return [
        {
            "image": np.asarray(task.test[sample]).tolist(),
            "is": task.classes[int(task.test_class[sample])],
            "answer": task.classes[int(answers.output[0, sample].argmax())],
            "right": bool(right[sample]),
        }
        for sample in map(int, picked)
    ]


def confusion(task: LabelledImages, trial: Trial, answered: dict[str, Answers]) -> dict[str, list[list[int]]]:
    """Confusion matrices by arm: numbers of test images by class (rows) and answer (columns), summed over chips.

    Args:
        task: The task.
        trial: The test images.
        answered: Answers to them, by arm.
    """
    classes, tables = len(task.classes), {}
    truth = np.asarray(trial.truth)
    for arm, answers in answered.items():
        table = np.zeros((classes, classes), np.int64)
        for output in np.asarray(answers.output):
            np.add.at(table, (truth, output.argmax(-1)), 1)
        tables[arm] = table.tolist()
    return tables


def _word_examples(experiment: Experiment, task: Codebook, trial: Trial, answers: Answers) -> list[dict]:
    patterns = np.asarray(task.words).astype(int)
    if isinstance(experiment.data, BrailleData):
        names = experiment.data.words or braille.shipped_words()
    else:
        names = [f"pattern {row}" for row in range(1, len(patterns) + 1)]
    picked = np.linspace(0, trial.x.shape[1] - 1, min(12, len(patterns))).astype(int)
    shown = []
    for sample in picked:
        sent, output = int(trial.truth[0, sample]), np.asarray(answers.output[0, sample])
        named = int(output.argmax()) if task.answer == "name" else None
        after = patterns[named] if named is not None else np.where(output > 0, 1, -1)
        shown.append(
            {
                "word": names[sent],
                "sent": patterns[sent].tolist(),
                "received": np.asarray(trial.x[0, sample]).astype(int).tolist(),
                "answer": names[named] if named is not None else None,
                "after": after.tolist(),
                "right": bool(answers.right[0, sample]),
            }
        )
    return shown
