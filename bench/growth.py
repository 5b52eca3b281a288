"""How a training step's time grows with width, depth and batch: plotted, with the exponents of its growth.

    python bench/growth.py [--network hopfield resistive] [--out growth.svg] [--repeats 3]

Centered equilibrium propagation on ideal weights, 4 sweeps free and 4 pushed: 784-W-W-10 over the width W and
784-256-...-256-10 over the depth (hidden layers), both at batch 64, and 784-1024-10 over the batch. Times are CPU
seconds, which other programs on the machine disturb least, the best of several. An exponent is the slope of their
logarithms: over all points, and over the last three, where what does not grow weighs least.
"""

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import jax
import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from ohmgrad import training
from ohmgrad.networks import HARD_SIGMOID, LINEAR, LayeredHopfield, ResistiveNetwork, Settling
from ohmgrad.rules import ActivityDifference

NETWORKS: dict[str, Callable[[tuple[int, ...]], LayeredHopfield | ResistiveNetwork]] = {
    "hopfield": lambda layers: LayeredHopfield(layers[0], layers[1:-1], layers[-1], HARD_SIGMOID, LINEAR),
    "resistive": lambda layers: ResistiveNetwork(layers[0], layers[1:-1], layers[-1], input_gain=480.0),
}
GROWTH: dict[str, tuple[list[int], Callable[[int], tuple[tuple[int, ...], int]]]] = {
    "width": ([128, 256, 512, 1024, 2048, 4096, 8192], lambda width: ((784, width, width, 10), 64)),
    "depth": ([1, 2, 4, 8, 16], lambda depth: ((784, *[256] * depth, 10), 64)),
    "batch": ([1, 4, 16, 64, 256, 1024], lambda batch: ((784, 1024, 10), batch)),
}
"""Values, and the layers and the batch that each stands for."""


def step_seconds(network: LayeredHopfield | ResistiveNetwork, batch: int, repeats: int) -> float:
    """CPU seconds of one step, several of which make a call for small networks."""
    settling = Settling(4, order="odd-even")
    rule = ActivityDifference(network, "nudge", 0.5, "centered", settling, settling)
    key, layers = jax.random.key(0), network.layers
    chips = training.ideal_chips(rule, [1.0] * (len(layers) - 1), training.keys([0]))
    chip = jax.tree.map(lambda leaf: leaf[0], chips)
    products = batch * sum(above * below for above, below in pairwise(layers))
    turns = max(1, min(32, int(4e7 / products)))
    x = jax.random.uniform(key, (turns, batch, layers[0]))
    target = jax.nn.one_hot(jax.random.randint(key, (turns, batch), 0, 10), 10)

    @jax.jit
    def steps(chip):
        def step(chip, inputs):
            writes, _, _ = rule.learn(chip, inputs[0], inputs[1], key)
            pairs = zip(chip, writes, strict=True)
            return tuple(synapse.write(write.pre, write.post, key, 1e-3)[0] for synapse, write in pairs), None

        return jax.lax.scan(step, chip, (x, target))[0]

    jax.block_until_ready(steps(chip))
    times = []
    for _ in range(repeats):
        began = time.process_time()
        jax.block_until_ready(steps(chip))
        times.append((time.process_time() - began) / turns)
    return min(times)


def exponent(values: list[int], seconds: list[float]) -> float:
    return float(np.polyfit(np.log(values), np.log(seconds), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--out", type=Path, default=Path("growth.svg"))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    matplotlib.use("Agg")
    figure, axes = plt.subplots(1, len(GROWTH), figsize=(12, 3.6), sharey=True, layout="constrained")
    for axis, (name, (values, case)) in zip(axes, GROWTH.items(), strict=True):
        for kind in options.network:
            seconds = []
            for value in values:
                layers, batch = case(value)
                seconds.append(step_seconds(NETWORKS[kind](layers), batch, options.repeats))
                print(f"{kind}, {name} {value}: {1e3 * seconds[-1]:.2f} ms", flush=True)
            every, late = exponent(values, seconds), exponent(values[-3:], seconds[-3:])
            print(f"{kind}: {name}^{every:.2f} over all, {name}^{late:.2f} over the last three", flush=True)
            axis.loglog(values, seconds, "o-", label=f"{kind}: exponent {late:.2f}")
        axis.set(xlabel=name)
        axis.legend(frameon=False)
    axes[0].set(ylabel="CPU seconds per step")
    figure.savefig(options.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
