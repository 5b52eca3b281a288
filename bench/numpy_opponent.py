"""The recipe `braille` trained by plain NumPy on one core: the digital opponent that starts no kernels.

    python bench/numpy_opponent.py             the table: accuracy, seconds of a training, of a verb
    python bench/numpy_opponent.py --measure   the same with the processor's own energy counter, where it has one

The same layers, sweeps, pushes, batches, epochs and learning rates as `ohmgrad train braille` on ideal weights, and
backpropagation through the same layers as its baseline; the random numbers are NumPy's own. Times are of the trainings
alone, drawing of the corrupted words included, and of the processor: what other programs take of the core is not
counted. One thread: the BLAS libraries are told so before NumPy is imported.
"""

import os

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import nullcontext  # noqa: E402

import numpy as np  # noqa: E402

from ohmgrad import recipes  # noqa: E402
from ohmgrad.data import braille  # noqa: E402
from ohmgrad.ledger.measure import Meter  # noqa: E402
from ohmgrad.networks import LayeredHopfield  # noqa: E402
from ohmgrad.recipes.costs import costs  # noqa: E402
from ohmgrad.recipes.schema.data import BrailleData  # noqa: E402
from ohmgrad.recipes.sizes import steps  # noqa: E402

RECIPE = recipes.load("braille")
assert isinstance(RECIPE.data, BrailleData) and RECIPE.network_class is LayeredHopfield and RECIPE.backprop is not None
WORDS = np.array([braille.pattern(word) for word in braille.shipped_words()], np.float32)
BATCH, EPOCHS, COPIES = RECIPE.training.batch, RECIPE.training.epochs, RECIPE.data.copies
FLIPS = RECIPE.data.train_flips
FREE, PUSHED, STRENGTH = RECIPE.rule.free.sweeps, RECIPE.rule.pushed.sweeps, RECIPE.rule.strength
BASELINE = RECIPE.backprop
TRAINING, STEPS = costs(RECIPE), float(steps(RECIPE))
HIDDEN = RECIPE.network.hidden[0]
TARGETS = np.eye(len(WORDS), dtype=np.float32)
Weights = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Of the input with its biases, of the output with its biases."""


def corrupted(words: np.ndarray, flips: float, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(words.shape, np.float32) < flips, -words, words)


def epoch(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of corrupted words and their targets, in a new order."""
    order = rng.permutation(np.tile(np.arange(len(WORDS)), COPIES))
    for start in range(0, len(order), BATCH):
        index = order[start : start + BATCH]
        yield corrupted(WORDS[index], FLIPS, rng), TARGETS[index]


def initial(gains: list[float], rng: np.random.Generator) -> Weights:
    dots, words = WORDS.shape[1], len(WORDS)
    first = rng.standard_normal((dots, HIDDEN), np.float32) * np.float32(gains[0] / np.sqrt(dots))
    second = rng.standard_normal((HIDDEN, words), np.float32) * np.float32(gains[1] / np.sqrt(HIDDEN))
    return first, np.zeros(HIDDEN, np.float32), second, np.zeros(words, np.float32)


def clip(values: np.ndarray) -> np.ndarray:
    np.maximum(values, -1, out=values)
    return np.minimum(values, 1, out=values)


def sweeps(weights: Weights, feed: np.ndarray, output: np.ndarray, number: int, push=None, scale=None):
    """Hidden layer and outputs in turns, in place; pushed where `push` is added to a drive that is scaled."""
    _, _, second, bias = weights
    hidden = np.empty_like(feed)
    for _ in range(number):
        np.matmul(output, second.T, out=hidden)
        hidden += feed
        clip(hidden)
        np.matmul(hidden, second, out=output)
        output += bias
        if push is not None:
            output += push
            output *= scale
        clip(output)
    return hidden, output


def settle(weights: Weights, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The feed and the outputs of the free phase."""
    feed = x @ weights[0] + weights[1]
    return feed, sweeps(weights, feed, np.zeros((len(x), len(WORDS)), np.float32), FREE)[1]


def equilibrium_propagation(weights: Weights, x: np.ndarray, y: np.ndarray, rates: list[float]) -> None:
    """Centered: settled with the outputs pushed toward the answer and away from it, as one batch of twice the size."""
    feed, output = settle(weights, x)
    strengths = np.repeat(np.array([-STRENGTH, STRENGTH], np.float32), len(x))[:, None]
    push, scale = strengths * np.tile(y, (2, 1)), 1 / (1 + strengths)
    hidden, output = sweeps(weights, np.tile(feed, (2, 1)), np.tile(output, (2, 1)), PUSHED, push, scale)
    weight = 1 / (2 * len(x) * strengths)
    hidden_change, output_change = hidden * (rates[0] * weight), output * (rates[1] * weight)
    update(weights, np.tile(x, (2, 1)), hidden_change, hidden, output_change)


def update(weights: Weights, x, hidden_change, hidden, output_change) -> None:
    first, first_bias, second, second_bias = weights
    first += x.T @ hidden_change
    first_bias += hidden_change.sum(0)
    second += hidden.T @ output_change
    second_bias += output_change.sum(0)


def backpropagation(weights: Weights, x: np.ndarray, y: np.ndarray, rates: list[float]) -> None:
    first, first_bias, second, second_bias = weights
    hidden = clip(x @ first + first_bias)
    output = clip(hidden @ second + second_bias)
    error = (y - output) * (np.abs(output) < 1) / np.float32(len(x))
    below = (error @ second.T) * (np.abs(hidden) < 1)
    update(weights, x, rates[0] * below, hidden, rates[1] * error)


def one_pass(weights: Weights, x: np.ndarray) -> np.ndarray:
    return clip(clip(x @ weights[0] + weights[1]) @ weights[2] + weights[3])


def train(learn: Callable, gains: list[float], rates: list[float], seed: int) -> tuple[Weights, float]:
    """A training and the seconds that it kept the core busy."""
    rng = np.random.default_rng(seed)
    weights, start = initial(gains, rng), time.process_time()
    for number in range(EPOCHS):
        decay = (1 + np.cos(np.pi * number / EPOCHS)) / 2
        decayed = [np.float32(decay * rate) for rate in rates]
        for x, y in epoch(rng):
            learn(weights, x, y, decayed)
    return weights, time.process_time() - start


def accuracy(answer: Callable, weights: Weights, seed: int) -> float:
    """At the headline's share of flipped dots."""
    index = np.repeat(np.arange(len(WORDS)), RECIPE.evaluation.copies)
    x = corrupted(WORDS[index], RECIPE.evaluation.headline_level, np.random.default_rng(10_000 + seed))
    return float((answer(weights, x).argmax(1) == index).mean())


def rates() -> str:
    """What the core does at most: products of matrices as large as the recipe's and larger, copies in memory."""

    def least(call: Callable, times: int) -> float:
        start = []
        for _ in range(5):
            start.append(time.process_time())
            for _ in range(times):
                call()
            start[-1] = time.process_time() - start[-1]
        return min(start) / times

    said = []
    for size, times in ((64, 2000), (256, 40), (1024, 2)):
        a, out = np.ones((size, size), np.float32), np.empty((size, size), np.float32)
        seconds = least(lambda a=a, out=out: np.matmul(a, a, out=out), times)
        said.append(f"{2e-9 * size**3 / seconds:.0f} GFLOP/s at {size} x {size}")
    large = np.ones(2**26, np.float32)
    copy = np.empty_like(large)
    seconds = least(lambda: np.copyto(copy, large), 1)
    return f"products: {', '.join(said)}; copies: {2e-9 * large.nbytes / seconds:.0f} GB/s read and written"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--measure", action="store_true")
    asked = parser.parse_args()
    meter = Meter() if asked.measure else None
    print("| training | right at 10 % flipped dots | seconds of a core, median (least) | verbs | us a verb | GFLOP/s |")
    print("|---|---|---|---|---|---|")
    for name, learn, answer, settings, verbs in (
        (
            "equilibrium propagation",
            equilibrium_propagation,
            lambda weights, x: settle(weights, x)[1],
            (RECIPE.network.initial_gains, RECIPE.rule.learning_rates),
            TRAINING.learning.times(STEPS),
        ),
        (
            "backpropagation",
            backpropagation,
            one_pass,
            (BASELINE.initial_gains, BASELINE.learning_rates),
            TRAINING.baseline.times(STEPS),
        ),
    ):
        with nullcontext() if meter is None else meter.window(name):
            found = [train(learn, *settings, seed) for seed in range(asked.seeds)]
        right = np.array([accuracy(answer, weights, seed) for seed, (weights, _) in enumerate(found)])
        seconds = float(np.median([each for _, each in found]))
        least = min(each for _, each in found)
        said = f"{seconds:.3f} ({least:.3f}) | {verbs.calls:,.0f} | {1e6 * seconds / verbs.calls:.2f}"
        print(f"| {name} | {right.mean():.3f} ± {right.std(ddof=1):.3f} | {said} | {2e-9 * verbs.macs / seconds:.1f} |")
    print(rates())
    if meter is not None:
        print(f"measured: {meter.as_dict()['sentence']}")


if __name__ == "__main__":
    main()
