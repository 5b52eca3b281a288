"""Seven energy-based rules on a convolutional Hopfield network, each at its best rates, on Fashion-MNIST.

python bench/convolutional_ranking.py --data-dir FOLDER [--samples 3000] [--epochs 2] [--seeds 3] [RULE ...]

The recipe mnist-convolutional with half its kernels, a part of the pictures and few epochs: it shows the order of the
rules (Scellier et al. 2023, arXiv:2312.15103, table 1), not their best. Rates are chosen by the error on pictures held
back from training, then each rule trains anew and is tested. bench/RESULTS.md keeps what it printed.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from ohmgrad import training
from ohmgrad.data.images import images
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.networks import ConvolutionalHopfield, Settling
from ohmgrad.rules import ActivityDifference

RULES = {
    "contrastive": {"push": "clamp", "strength": 1.0, "side": "positive"},
    "P-EP": {"push": "nudge", "strength": 0.25, "side": "positive"},
    "N-EP": {"push": "nudge", "strength": 0.25, "side": "negative"},
    "C-EP": {"push": "nudge", "strength": 0.25, "side": "centered"},
    "P-CpL": {"push": "clamp", "strength": 0.25, "side": "positive"},
    "N-CpL": {"push": "clamp", "strength": 0.25, "side": "negative"},
    "C-CpL": {"push": "clamp", "strength": 0.25, "side": "centered"},
}
RATES, FACTORS, GAINS, BATCH = (0.06, 0.04, 0.02), (0.5, 1.0, 2.0), (0.35, 0.35, 0.3), 32
FREE, PUSHED = (Settling(sweeps, tolerance=1e-3, order="odd-even") for sweeps in (10, 5))
HELD_BACK, PART = slice(50000, 52000), 250


def pictures(folder: Path | None, samples: int, tests: int) -> LabelledImages:
    """Fashion-MNIST: the first training pictures and the first tests."""
    found = images("fashion-mnist", folder)
    mean, deviation = (tuple(map(float, figure)) for figure in found.statistics())
    return LabelledImages(
        jnp.asarray(found.x_train[:samples]),
        jnp.asarray(found.y_train[:samples]),
        jnp.asarray(found.x_test[:tests]),
        jnp.asarray(found.y_test[:tests]),
        found.classes,
        mean,
        deviation,
        seen_as="maps",
    )


def held_back(task: LabelledImages, folder: Path | None) -> LabelledImages:
    """The same task, tested by pictures of the training set that it does not learn from."""
    found = images("fashion-mnist", folder)
    return replace(task, test=jnp.asarray(found.x_train[HELD_BACK]), test_class=jnp.asarray(found.y_train[HELD_BACK]))


@eqx.filter_jit
def right(rule: ActivityDifference, chips, task: LabelledImages, index):
    def one(chip):
        inference, _ = rule.infer(chip, task.tests(index), jax.random.key(0))
        return (inference.output.argmax(1) == task.test_class[index]).sum()

    return jax.vmap(one)(chips)


def error(rule: ActivityDifference, chips, task: LabelledImages) -> np.ndarray:
    """Percent of wrong answers of each chip."""
    number = len(task.test)
    answers = [right(rule, chips, task, jnp.arange(start, start + PART)) for start in range(0, number, PART)]
    return 100 * (1 - np.sum(answers, 0) / number)


def trained(rule: ActivityDifference, task: LabelledImages, seeds: Sequence[int], factor: float, epochs: int):
    """Chips after stochastic gradient descent with momentum, the rates falling along a cosine."""
    keys = training.keys(seeds)
    start = training.Progress.start(training.ideal_chips(rule, GAINS, keys, optax.sgd(1.0, momentum=0.9)))
    rates = [factor * rate for rate in RATES]
    return training.train(rule, task, start, keys, learning_rates=rates, epochs=epochs, batch=BATCH).chips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", help=f"of {', '.join(RULES)}; all without any")
    parser.add_argument("--data-dir", type=Path, help="where fashion-mnist lies, if not where the program looks")
    parser.add_argument("--samples", type=int, default=3000, help="how many pictures to learn from")
    parser.add_argument("--test", type=int, default=2000, help=f"how many to test by, a multiple of {PART}")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    task = pictures(options.data_dir, options.samples, options.test)
    tuning = held_back(task, options.data_dir)
    network = ConvolutionalHopfield(task.image, (16, 32), task.outputs, size=5, padding=0)
    print(
        f"| rule | error, % | held back, at rates x {', '.join(map(str, FACTORS))} | CPU seconds |\n" + 4 * "|---" + "|"
    )
    for name in options.rules or RULES:
        began, rule = time.process_time(), ActivityDifference(network, free=FREE, pushed=PUSHED, **RULES[name])
        held = [error(rule, trained(rule, tuning, [100], f, options.epochs), tuning)[0] for f in FACTORS]
        best = FACTORS[int(np.argmin(held))]
        found = error(rule, trained(rule, task, range(options.seeds), best, options.epochs), task)
        tried = ", ".join(f"{percent:.1f}" for percent in held)
        seconds = time.process_time() - began
        print(f"| {name} | {found.mean():.1f} ± {found.std():.1f} | {tried} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
