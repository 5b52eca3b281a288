"""Seven energy-based rules ranked on a convolutional Hopfield network, each at its best rates.

python bench/convolutional_ranking.py DATA.npz [--samples 1000] [--epochs 3] [--batch 20] [--seeds 3] [--test 10000]

DATA.npz holds x_train and x_test (samples, 28, 28) of 8 bits, y_train and y_test. Pictures are halved, the network is
small, samples and epochs are few: it shows the order of the rules (Scellier et al. 2023, arXiv:2312.15103, table 1),
not their best. Rates are chosen by the accuracy on samples held back from training, then each rule trains anew.
bench/RESULTS.md keeps what it printed.
"""

import argparse
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad import training
from ohmgrad.data import ArrayTask
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
RATES, FACTORS, GAINS = (0.3, 0.2, 0.1), (0.5, 1.0, 2.0), (0.4, 0.4, 0.8)


def load(path: str, part: str) -> ArrayTask:
    with np.load(path) as data:
        x = jnp.array(data[f"x_{part}"][..., None] / 255, jnp.float32)
        return ArrayTask(x, jnp.array(data[f"y_{part}"], jnp.int32), 10)


def some(pictures: ArrayTask, start: int, number: int) -> ArrayTask:
    return ArrayTask(pictures.x[start : start + number], pictures.y[start : start + number], 10)


def halved(pictures: ArrayTask) -> ArrayTask:
    """Means of 2 x 2 pixels, within an edge of one zero: 16 x 16, which can be pooled twice."""
    x = pictures.x.reshape(-1, 14, 2, 14, 2, 1).mean((2, 4))
    return ArrayTask(jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), pictures.y, 10)


def rule(pixels: int, kernels: tuple[int, ...], sweeps: tuple[int, int], **knobs) -> ActivityDifference:
    free, pushed = (Settling(number, tolerance=1e-3, order="odd-even") for number in sweeps)
    return ActivityDifference(
        ConvolutionalHopfield((pixels, pixels, 1), kernels, 10), free=free, pushed=pushed, **knobs
    )


@eqx.filter_jit
def right(rule, chips, x, y):
    def one(chip):
        inference = rule.infer(chip, x, jax.random.key(0))
        return inference.output.argmax(1) == y

    return jax.vmap(one)(chips).sum(1)


def accuracy(rule, chips, test: ArrayTask) -> np.ndarray:
    """The share of right answers of each chip."""
    parts = [some(test, start, 250) for start in range(0, test.samples, 250)]
    return np.sum([right(rule, chips, part.x, part.y) for part in parts], 0) / test.samples


def trained(rule, task, seeds, factor, epochs, batch):
    """Chips after plain stochastic gradient descent, the rates falling along a cosine."""
    keys = training.keys(seeds)
    start = training.Progress.start(training.ideal_chips(rule, GAINS, keys))
    rates = [factor * rate for rate in RATES]
    return training.train(rule, task, start, keys, learning_rates=rates, epochs=epochs, batch=batch).chips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--samples", type=int, default=1000, help="how many pictures to learn from")
    parser.add_argument("--test", type=int, default=10000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    pictures, test = load(arguments.data, "train"), some(load(arguments.data, "test"), 0, arguments.test)
    parts = (some(pictures, 0, arguments.samples), some(pictures, 50000, 1000), test)
    task, held_back, test = (halved(part) for part in parts)
    for name, knobs in RULES.items():
        cpu, each = time.process_time(), rule(16, (16, 32), (15, 8), **knobs)
        tuning = [
            accuracy(each, trained(each, task, [100], f, arguments.epochs, arguments.batch), held_back)[0]
            for f in FACTORS
        ]
        factor = FACTORS[int(np.argmax(tuning))]
        chips = trained(each, task, range(arguments.seeds), factor, arguments.epochs, arguments.batch)
        errors = 100 * (1 - accuracy(each, chips, test))
        print(
            f"{name:12} {errors.mean():5.1f} ± {errors.std():.1f} % error; rates x {factor}; held back, by rate: "
            + ", ".join(f"{100 * (1 - found):.1f}" for found in tuning)
            + f"; {time.process_time() - cpu:.0f} s CPU",
            flush=True,
        )


if __name__ == "__main__":
    main()
