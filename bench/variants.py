"""64 hardwares in one compiled call beside 64 calls of one: the network, rule and arrays of `braille`.

    python bench/variants.py [--variants 64] [--epochs 20] [--repeats 3]

The hardwares differ in read noise, spread of steps, highest conductance and converters' nonlinearity. A call programs
the chips and trains them; both calls were compiled before, for other numbers. They take turns; the best of each counts,
with CPU seconds beside wall seconds. `compiled` counts the calls of JAX's compiler within the timed calls.
"""

import argparse
from dataclasses import replace

import jax
import numpy as np

from many import seconds
from ohmgrad import recipes, training
from ohmgrad.crossbar import Hardware
from ohmgrad.devices.spread import Spread
from ohmgrad.recipes import build

RANGES, AMPERES = [2.0, 2.0], [6e-4, 6e-4]


def variant(hardware: Hardware, share: float) -> Hardware:
    """The same structure with other numbers; `share` from 0 to 1."""
    device = hardware.device
    return replace(
        hardware,
        device=replace(
            device,
            g_max_siemens=device.g_max_siemens * (0.9 + 0.2 * share),
            read_noise_siemens=2e-6 * share,
            spread=Spread(step=0.3 * share),
        ),
        adc=replace(hardware.adc, inl_lsb=share),
    )


def trained(parts: build.Parts, hardware, seeds: range, epochs: int, batch: int):
    """Chips of these seeds, programmed and trained."""
    keys = training.keys(seeds)
    chips, counts = training.crossbar_chips(parts.rule, [0.5, 0.5], keys, hardware, RANGES, AMPERES)
    start = training.Progress.start(chips, counts)
    return training.train(
        parts.rule, parts.task, start, keys, learning_rates=[0.2, 0.1], epochs=epochs, batch=batch
    ).chips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    experiment = recipes.load("braille")
    parts = build.build(experiment)
    assert parts.hardware is not None
    epochs, batch, number = options.epochs, experiment.training.batch, options.variants
    hardwares = [variant(parts.hardware, share) for share in np.linspace(0, 1, number).tolist()]
    others = [variant(parts.hardware, share) for share in np.linspace(0.1, 0.9, number).tolist()]

    def together(hardwares):
        return trained(parts, hardwares, range(number), epochs, batch)

    def apart(hardwares):
        runs = enumerate(hardwares)
        return [trained(parts, each, range(seed, seed + 1), epochs, batch) for seed, each in runs]

    chips = together(others)
    apart(others[:1])
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if event.endswith("backend_compile_duration") else None
    )
    turns = [[seconds(lambda run=run: run(hardwares)) for run in (together, apart)] for _ in range(options.repeats)]
    (one_wall, one_cpu), (all_wall, all_cpu) = np.min(turns, axis=0)
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(chips) if hasattr(leaf, "nbytes")) / number
    print(f"{number} hardwares, {epochs} epochs of batches of {batch}; compiled in the timed calls: {len(compiled)}")
    print(f"one call {one_wall:.2f} s (CPU {one_cpu:.2f}), {number} calls {all_wall:.2f} s (CPU {all_cpu:.2f})")
    print(f"share of the wall time {one_wall / all_wall:.2f}, of the CPU time {one_cpu / all_cpu:.2f}")
    print(f"chips: {size / 1024:.0f} KiB per variant")


if __name__ == "__main__":
    main()
