"""16 chips in one compiled call beside 16 calls of one chip: resistive 1568-100-10, centered equilibrium propagation.

    JAX_NUM_CPU_DEVICES=2 python bench/many.py [--chips 16] [--batch 4 16] [--samples 2000] [--repeats 3]

A call is an epoch of `training.train`, compiled before and with its images at hand, so that only training is compared.
The 16 differ by their seeds. With every core a device, as the program has it, the cores share the chips of a call. Both
take turns; the best of each counts. CPU seconds are given beside wall seconds, because only they are fair on a machine
that others use too.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad import training
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.networks import ResistiveNetwork, Settling
from ohmgrad.rules import ActivityDifference


def images(samples: int) -> LabelledImages:
    """Random images of MNIST's size: what they show changes no time."""
    rng = np.random.default_rng(0)
    pixels = jnp.asarray(rng.integers(0, 256, (samples, 28, 28, 1)), "uint8")
    digits = jnp.asarray(rng.integers(0, 10, samples))
    return LabelledImages(pixels, digits, pixels[:1], digits[:1], tuple("0123456789"))


def epoch(rule: ActivityDifference, task: LabelledImages, seeds: range, batch: int):
    """A function that trains chips of these seeds by one epoch."""
    keys = training.keys(seeds)
    start = training.Progress.start(training.ideal_chips(rule, [1.0, 1.0], keys))
    return lambda: training.train(rule, task, start, keys, learning_rates=[0.006] * 2, epochs=1, batch=batch).chips


def seconds(run) -> np.ndarray:
    """Wall and CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(run())
    return np.array([time.perf_counter() - wall, time.process_time() - cpu])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=16)
    parser.add_argument("--batch", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    settling = Settling(4, order="odd-even")
    network = ResistiveNetwork(784, (100,), 10, input_gain=100.0)
    rule, task = ActivityDifference(network, "nudge", 1.0, "centered", settling, settling), images(options.samples)
    print(f"{options.samples} images, {options.chips} chips; seconds of wall (CPU)")
    for batch in options.batch:
        together = epoch(rule, task, range(options.chips), batch)
        apart = [epoch(rule, task, range(seed, seed + 1), batch) for seed in range(options.chips)]
        for run in (together, apart[0]):  # compiles
            seconds(run)
        both = [(seconds(together), np.sum([seconds(run) for run in apart], 0)) for _ in range(options.repeats)]
        one, many = np.min(both, 0)
        share = one / many
        print(
            f"batch {batch}: together {one[0]:.2f} ({one[1]:.2f}), apart {many[0]:.2f} ({many[1]:.2f}): "
            f"{share[0]:.2f} of the wall time, {share[1]:.2f} of the CPU time",
            flush=True,
        )


if __name__ == "__main__":
    main()
