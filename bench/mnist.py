"""Published MNIST results beside ours: error on the 10,000 test images after every epoch.

    python bench/mnist.py resistive-xs --data mnist.npz
    python bench/mnist.py resistive-1h --data mnist.npz --out 1h.txt

The file holds x_train, y_train, x_test and y_test: images of 28 x 28 bytes and their digits.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ohmgrad import training
from ohmgrad.data.task import Task, filled_up
from ohmgrad.networks import ResistiveNetwork, Settling
from ohmgrad.rules import ActivityDifference


class Digits(Task):
    """Images in [0, 1] as vectors, digits as one of ten, every image once in an epoch in random order."""

    x: Float[Array, "images pixels"]
    y: Int[Array, " images"]

    @property
    def outputs(self):
        return 10

    @property
    def samples(self):
        return len(self.y)

    def epoch(self, key, batch):
        order_key, batch_key = jax.random.split(key)
        order = filled_up(jax.random.permutation(order_key, self.samples), batch)
        return order, jax.random.split(batch_key, len(order))

    def batch(self, element):
        index, _ = element
        return self.x[index], jax.nn.one_hot(self.y[index], 10, dtype=self.x.dtype)

    def right(self, output, index):
        return output.argmax(1) == index


class Model(NamedTuple):
    """A published model: error in percent as published and as we mean to reach."""

    rule: ActivityDifference
    gains: Sequence[float]
    rates: Sequence[float]
    epochs: int
    batch: int
    decay: float
    published: float
    goal: float


def resistive(
    hidden: Sequence[int], gain: float, rates: Sequence[float], sweeps: int, epochs: int, published: float, goal: float
) -> Model:
    """Scellier, arXiv:2402.11674 (2024); settings and results as in the author's code, papers/fast-drn."""
    network = ResistiveNetwork((784, *hidden, 10), input_gain=gain)
    settling = Settling(sweeps, order="odd-even")
    rule = ActivityDifference(network, "nudge", 1.0, "centered", settling, settling)
    return Model(rule, [1.0] * (len(hidden) + 1), rates, epochs, 4, 0.99, published, goal)


MODELS = {
    "resistive-xs": resistive([100], 100.0, [0.006, 0.006], 4, 10, 3.46, 3.5),
    "resistive-1h": resistive([1024], 480.0, [0.006, 0.006], 4, 50, 1.57, 1.65),
    "resistive-2h": resistive([1024, 1024], 2000.0, [0.002, 0.006, 0.018], 5, 50, 1.48, 1.48),
}


@eqx.filter_jit
def errors(rule: ActivityDifference, chips: training.Chips, task: Digits) -> Float[Array, " chips"]:
    """Percent of images that each chip gets wrong."""

    def one_chip(chip):
        inference, _ = rule.infer(chip, task.x, jax.random.key(0))
        return 100 * (1 - task.right(inference.output, task.y).mean())

    return jax.vmap(one_chip)(chips)


def load(path: Path) -> tuple[Digits, Digits]:
    """Training and test images."""
    arrays = np.load(path)
    return tuple(  # type: ignore[return-value]
        Digits(
            jnp.asarray(arrays[f"x_{part}"].reshape(-1, 784) / np.float32(255), jnp.float32),
            jnp.asarray(arrays[f"y_{part}"], jnp.int32),
        )
        for part in ("train", "test")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, help="instead of those of the published model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the lines here as well")
    arguments = parser.parse_args()
    model, (train, test) = MODELS[arguments.model], load(arguments.data)
    keys, started = training.keys([arguments.seed]), time.perf_counter()

    def say(line: str) -> None:
        print(line, flush=True)
        if arguments.out:
            with arguments.out.open("a") as file:
                file.write(line + "\n")

    def after_epoch(progress: training.Progress) -> None:
        wrong = float(errors(model.rule, progress.chips, test)[0])
        loss, seconds = progress.loss[-1, 0], time.perf_counter() - started
        say(f"epoch {progress.epoch:3}: {wrong:5.2f} % wrong, training loss {loss:.4f}, {seconds:.0f} s")

    chips = training.ideal_chips(model.rule, model.gains, keys)
    epochs = arguments.epochs or model.epochs
    training.train(
        model.rule,
        train,
        training.Progress.start(chips),
        keys,
        learning_rates=model.rates,
        epochs=epochs,
        batch=model.batch,
        schedule=training.exponential(model.decay),
        after_epoch=after_epoch,
    )
    say(f"{arguments.model}, seed {arguments.seed}: published {model.published} %, goal {model.goal} %")


if __name__ == "__main__":
    main()
