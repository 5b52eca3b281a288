"""What trained arms amount to: long-form metrics, a summary, a ledger, weights, words before and after."""

import csv
import io
from collections.abc import Iterable

import jax
import numpy as np
from safetensors.numpy import save

from ohmgrad import ledger
from ohmgrad.data import Codebook, braille
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.schema import BrailleData
from ohmgrad.runs.arms import TestSet
from ohmgrad.runs.checkpoint import Curve
from ohmgrad.synapses import Crossbar
from ohmgrad.training import Answers, Chips, Progress

Accuracies = dict[str, dict[tuple[str, float], np.ndarray]]
"""Per arm (and the best decoder): kind and level of corruption to accuracy per chip."""
SETTLED = 0.01
"""A free phase counts as settled where its last sweep moves no neuron by more than this, on the mean over samples."""


def spread(values: np.ndarray) -> dict[str, float]:
    """Mean and standard deviation over chips."""
    return {"mean": float(values.mean()), "std": float(values.std(ddof=1)) if len(values) > 1 else 0.0}


def summary(
    recipe: str, experiment: Experiment, seeds: list[int], accuracies: Accuracies, trained: dict[str, Progress]
) -> dict:
    """The results as `--json` prints them, without ledger and folder."""
    headline = ("flips", experiment.evaluation.headline_level)
    curves = {}
    for kind in ("flips", "unreadable"):
        levels = experiment.evaluation.levels
        curves[kind] = {"levels": levels} | {
            arm: {
                statistic: [spread(by_level[kind, level])[statistic] for level in levels]
                for statistic in ("mean", "std")
            }
            for arm, by_level in accuracies.items()
        }
    residuals = {arm: float(trained[arm].residual[-1].mean()) for arm in ("crossbar", "ideal")}
    return {
        "recipe": recipe,
        "title": experiment.title,
        "seeds": seeds,
        "test_accuracy": {arm: spread(by_level[headline]) for arm, by_level in accuracies.items()},
        "headline_flips": headline[1],
        "accuracy_by_corruption": curves,
        "settling": {
            arm: {"largest_change_in_last_sweep": residual, "settled": residual < SETTLED}
            for arm, residual in residuals.items()
        },
    }


def metrics(
    seeds: list[int], trained: dict[str, Progress], curves: dict[str, Curve], accuracies: Accuracies, headline: float
) -> str:
    """metrics.csv: one value per row, with arm, seed, epoch, metric, kind and level of corruption."""
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
            add(arm, epoch, "learning_curve", "flips", headline, accuracy)
    for arm, by_level in accuracies.items():
        for (kind, level), values in by_level.items():
            add(arm, epochs, "test_accuracy", kind, level, values)
    return table.getvalue()


def bills(experiment: Experiment, trained: dict[str, Progress]) -> dict:
    """ledger.json: training one chip (mean over chips) beside the same training, and backpropagation, on a GPU."""
    settings, hardware = experiment.ledger, experiment.hardware
    gpu, batch = ledger.gpu(settings.gpu), experiment.training.batch
    counts = {arm: progress.mean_counts() for arm, progress in trained.items()}
    chip_bill = ledger.price_chip(counts["crossbar"], ledger.chip(settings.chip), hardware.dac.bits, hardware.adc.bits)
    gpu_bill = ledger.price_gpu(counts["ideal"], gpu, batch)
    backprop_bill = ledger.price_gpu(counts["backprop"], gpu, batch)
    return {
        "what": "training one chip, mean over chips, evaluation not included",
        "method": "low adds up all lows, high all highs; a ratio's low is GPU low over chip high",
        "chip_energy_joules": chip_bill.joules._asdict(),
        "chip_seconds": chip_bill.seconds._asdict(),
        "gpu_energy_joules": gpu_bill.joules._asdict(),
        "gpu_seconds": gpu_bill.seconds._asdict(),
        "ratio": gpu_bill.joules.over(chip_bill.joules)._asdict(),
        "gpu_backprop_energy_joules": backprop_bill.joules._asdict(),
        "ratio_backprop": backprop_bill.joules.over(chip_bill.joules)._asdict(),
        "chip": chip_bill.as_dict(),
        "gpu": gpu_bill.as_dict(),
        "gpu_backprop": backprop_bill.as_dict(),
        "counts": {arm: total._asdict() for arm, total in counts.items()},
    }


def weights(trained: dict[str, Chips]) -> bytes:
    """weights.safetensors: ARM/layerN/weights (chips, rows, columns), on crossbars also /conductances (siemens)."""
    tensors = {}
    for arm, chips in trained.items():
        for layer, synapse in enumerate(chips, start=1):
            tensors[f"{arm}/layer{layer}/weights"] = np.asarray(jax.vmap(lambda one: one.weights)(synapse))
            if isinstance(synapse, Crossbar):
                tensors[f"{arm}/layer{layer}/conductances"] = np.asarray(synapse.arrays.visible)
    return save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})


def examples(experiment: Experiment, task: Codebook, test: TestSet, answers: Answers) -> list[dict]:
    """Words before and after, from the first chip: evenly spaced samples of a test set, in the order of the words."""
    patterns = np.asarray(task.words).astype(int)
    if isinstance(experiment.data, BrailleData):
        names = experiment.data.words or braille.shipped_words()
    else:
        names = [f"pattern {row}" for row in range(1, len(patterns) + 1)]
    picked = np.linspace(0, test.x.shape[1] - 1, min(12, len(patterns))).astype(int)
    shown = []
    for sample in picked:
        sent, output = int(test.word[0, sample]), np.asarray(answers.output[0, sample])
        named = int(output.argmax()) if task.answer == "name" else None
        after = patterns[named] if named is not None else np.where(output > 0, 1, -1)
        shown.append(
            {
                "word": names[sent],
                "sent": patterns[sent].tolist(),
                "received": np.asarray(test.x[0, sample]).astype(int).tolist(),
                "answer": names[named] if named is not None else None,
                "after": after.tolist(),
                "right": bool(answers.right[0, sample]),
            }
        )
    return shown
