"""Every feed-forward rule on MNIST: test error on ideal weights and on crossbars, time, what a sample took.

    python bench/rules.py --data mnist.npz                     the table
    python bench/rules.py --data mnist.npz --rule NAME ...     these rows only

Ideal weights are written by the optimiser that `settings` names and see all images; crossbars (taox-1t1r, at most one
pulse per device and write) see the first 5,000. Reads are vectors driven through an array, per sample and array; pulses
those of all devices, per sample.
"""

import argparse
import time
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, UInt8

from ohmgrad import crossbar, devices, training
from ohmgrad.data.task import Task, filled_up
from ohmgrad.networks import LINEAR, FeedForward, Tanh
from ohmgrad.rules import (
    Backpropagation,
    DirectFeedbackAlignment,
    DirectRandomTargetProjection,
    FeedbackAlignment,
    ForwardForward,
    NodePerturbation,
    PredictiveCoding,
    Rule,
    WeightPerturbation,
)
from ohmgrad.synapses import Adam, Optimiser, Sgd


class Digits(Task):
    """Images of digits, pixels from 0 to 1, in a new order every epoch."""

    images: UInt8[Array, "samples pixels"]
    labels: Int[Array, "samples"]

    @property
    def outputs(self):
        return 10

    @property
    def samples(self):
        return len(self.labels)

    def epoch(self, key, batch):
        order = filled_up(jax.random.permutation(key, self.samples), batch)
        return order, jax.random.split(key, len(order))

    def pixels(self, index):
        return self.images[index] / 255.0

    def batch(self, element):
        index, _ = element
        return self.pixels(index), jax.nn.one_hot(self.labels[index], 10)

    def right(self, output, index):
        return output.argmax(-1) == self.labels[index]


class Setting(NamedTuple):
    """How a rule is trained on ideal weights, and at which rates on crossbars."""

    rule: Rule
    optimiser: Optimiser
    rates: list[float]
    pulsed_rates: list[float]
    epochs: int
    gains: list[float]


MOMENTUM, PLAIN, ADAM = Sgd(0.9), Sgd(), Adam()
NETWORK = FeedForward(784, (256,), 10, Tanh(), LINEAR)
WIDE, DEEP = (FeedForward(784, hidden, 10, Tanh(), LINEAR) for hidden in ((800,), (800, 800)))


def settings() -> dict[str, Setting]:
    """Rates by rule of thumb, changed for a few rows; bench/RESULTS.md says which."""
    entropy = "cross-entropy"
    shallow = {"epochs": 5, "gains": [1.0, 1.0]}
    exact, direct = [0.05, 0.05], [0.01, 0.05]
    return {
        "backpropagation": Setting(Backpropagation(NETWORK, loss=entropy), MOMENTUM, exact, [0.2, 0.2], **shallow),
        "feedback alignment": Setting(
            FeedbackAlignment(NETWORK, loss=entropy), MOMENTUM, direct, [0.05, 0.2], **shallow
        ),
        "direct feedback alignment": Setting(
            DirectFeedbackAlignment(NETWORK, loss=entropy), MOMENTUM, direct, [0.05, 0.2], **shallow
        ),
        "direct feedback alignment, 800": Setting(
            DirectFeedbackAlignment(WIDE, loss=entropy, dropout=0.25),
            MOMENTUM,
            [0.02, 0.05],
            [],
            epochs=20,
            gains=[1.0, 1.0],
        ),
        "direct feedback alignment, 800-800": Setting(
            DirectFeedbackAlignment(DEEP, loss=entropy, dropout=0.25),
            MOMENTUM,
            [0.02, 0.02, 0.05],
            [],
            epochs=20,
            gains=[1.0, 1.0, 1.0],
        ),
        "direct random target projection": Setting(
            DirectRandomTargetProjection(NETWORK, loss=entropy), MOMENTUM, [0.001, 0.02], [0.005, 0.1], **shallow
        ),
        "predictive coding": Setting(
            PredictiveCoding(NETWORK, loss=entropy, steps=16, step=0.2), MOMENTUM, exact, [0.2, 0.2], **shallow
        ),
        "forward-forward": Setting(
            ForwardForward(FeedForward(784, (256, 256), 10), threshold=2.0), ADAM, [0.003, 0.003], [10, 10], **shallow
        ),
        "node perturbation": Setting(
            NodePerturbation(NETWORK, loss=entropy), PLAIN, [0.02, 0.02], [0.002, 0.002], **shallow
        ),
        "weight perturbation": Setting(
            WeightPerturbation(NETWORK, loss=entropy, size=0.001), PLAIN, [3e-4, 3e-4], [1e-4, 1e-4], **shallow
        ),
    }


def error(rule: Rule, chips: training.Chips, test: Digits) -> float:
    """Percent of wrong answers, mean over chips."""

    @eqx.filter_jit
    def right(chips, index):
        def one(chip):
            inference = rule.infer(chip, test.pixels(index), jax.random.key(0))
            return test.right(inference.output, index).mean()

        return jax.vmap(one)(chips)

    blocks = jnp.arange(test.samples).reshape(-1, 500)
    return 100 * (1 - float(np.mean([np.asarray(right(chips, index)) for index in blocks])))


def row(name: str, setting: Setting, train: Digits, test: Digits, few: Digits) -> str:
    """Ideal weights on all images, crossbars on fewer."""
    rule, keys, gains = setting.rule, training.keys([0]), setting.gains
    started = time.perf_counter()
    start = training.Progress.start(training.ideal_chips(rule, gains, keys, setting.optimiser))
    ideal = training.train(rule, train, start, keys, learning_rates=setting.rates, epochs=setting.epochs, batch=64)
    seconds = (time.perf_counter() - started) / setting.epochs
    text = f"| {name} | {error(rule, ideal.chips, test):.2f} | {setting.epochs} | {seconds:.0f} |"
    if not setting.pulsed_rates:
        return f"{text} - | - | - | - |"
    hardware = crossbar.Hardware(
        devices.preset("taox-1t1r"), 256, 256, dac=crossbar.Dac(8, "vector"), adc=crossbar.Adc(8, "vector")
    )
    layers = len(rule.shapes)
    chips, _ = training.crossbar_chips(rule, gains, keys, hardware, [0.5] * layers, [1e-3] * layers)
    started = time.perf_counter()
    on_chip = training.train(
        rule,
        few,
        training.Progress.start(chips),
        keys,
        learning_rates=setting.pulsed_rates,
        epochs=2,
        batch=64,
    )
    seconds, counts = (time.perf_counter() - started) / 2, on_chip.mean_counts()
    seen = 2 * 64 * -(-few.samples // 64)
    reads = counts.reads / seen / layers
    pulses = counts.pulses / seen
    return f"{text} {error(rule, on_chip.chips, test):.1f} | {seconds:.0f} | {reads:g} | {pulses:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="mnist.npz: x_train, y_train, x_test, y_test")
    parser.add_argument("--rule", action="append", help="a row of the table; more than once for more rows")
    arguments = parser.parse_args()
    with np.load(arguments.data) as archive:
        train, test = (
            Digits(jnp.array(archive[f"x_{part}"].reshape(-1, 784)), jnp.array(archive[f"y_{part}"], jnp.int32))
            for part in ("train", "test")
        )
    few = Digits(train.images[:5000], train.labels[:5000])
    print("| rule | error, ideal, % | epochs | s per epoch | error, crossbar, % | s per epoch | reads | pulses |")
    print("|---|---|---|---|---|---|---|---|")
    table = settings()
    for name in arguments.rule or table:
        print(row(name, table[name], train, test, few), flush=True)


if __name__ == "__main__":
    main()
