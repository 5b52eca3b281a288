"""Equilibrium propagation on MNIST where the weights are devices: ideal, device, gap; how wide a range it needs.

    python bench/crossbars.py --data-dir DIR [--epochs 2] [--network hopfield resistive] [--device NAME ...]
    python bench/crossbars.py --data-dir DIR --ranges [--epochs 2]

The networks are those of the recipes `mnist-hopfield` and `mnist-resistive-xs`, batch and epochs as given here; nothing
is tuned for any device: rates are the recipe's, the largest weight is a little above what ideal weights reach.
"""

import argparse
import json
import time

import numpy as np

from ohmgrad import recipes, training
from ohmgrad.recipes.build import build, resolve
from ohmgrad.runs import arms, trials

DEVICES = (
    "aihwkit-ecram",
    "aihwkit-reram-sb",
    "aihwkit-reram-es",
    "neurosim-epiram",
    "neurosim-ag-asi",
    "taox-1t1r",
)
SCHEMES = ("write-verify", "mixed-precision")
NETWORKS = {
    "hopfield": ("mnist-hopfield", {"mapping": {"kind": "pair", "offset_siemens": 0}, "weight_max": [0.5, 1.0]}),
    "resistive": ("mnist-resistive-xs", {"mapping": {"kind": "direct"}, "weight_max": [0.5, 0.5]}),
}
"""Recipe, and how its weights stand on devices."""
RANGES = (1.5, 2, 5, 10, 100, 1e6)


def setting(hardware: dict) -> str:
    """The hardware of a recipe, as a --set would give it: large arrays, converters that follow every vector."""
    whole = {
        "rows": 2048,
        "columns": 1024,
        "array_pairs": 2,
        "adc": {"bits": 8, "range": "vector"},
        "adc_full_scale_amperes": [1e-3, 1e-3],
    }
    return f"hardware={json.dumps(whole | hardware)}"


def right(recipe: str, settings: list[str], epochs: int, batch: int) -> tuple[float, float]:
    """Share of right test answers of the arm with most hardware, and the seconds that it took."""
    settings = [*settings, f"training.epochs={epochs}", f"training.batch={batch}"]
    experiment = resolve(recipes.load(recipe, settings))
    parts, began = build(experiment), time.perf_counter()
    arm, keys = next(iter(arms.arms(experiment, parts).values())), arms.chip_keys(experiment)
    progress = training.train(
        arm.rule, parts.task, arm.start, keys, learning_rates=arm.learning_rates, epochs=epochs, batch=batch
    )
    trial = trials.trials(experiment, parts.task, keys)[0]
    answers = training.answer(arm.rule, parts.task, progress.chips, trial.x, trial.truth, trial.keys)
    return float(np.mean(np.asarray(answers.right))), time.perf_counter() - began


def table(options: argparse.Namespace, common: list[str]) -> None:
    print("| network | device | write | test error | gap to ideal | seconds |\n" + 6 * "|---" + "|")
    for network in options.network:
        recipe, hardware = NETWORKS[network]
        ideal, seconds = right(recipe, common, options.epochs, options.batch)
        print(f"| {network} | ideal weights | | {1 - ideal:.2%} | | {seconds:.0f} |", flush=True)
        for device in options.device:
            for scheme in options.scheme:
                chosen = hardware | {"device": {"preset": device}, "write": {"kind": scheme}}
                share, seconds = right(recipe, [*common, setting(chosen)], options.epochs, options.batch)
                gap = 100 * (ideal - share)
                print(f"| {network} | {device} | {scheme} | {1 - share:.2%} | {gap:.1f} | {seconds:.0f} |", flush=True)


def ranges(options: argparse.Namespace, common: list[str]) -> None:
    """The resistive network on devices that are ideal but for their bounds."""
    print("| G_max / G_min | test error | seconds |\n" + 3 * "|---" + "|")
    recipe, hardware = NETWORKS["resistive"]
    for ratio in RANGES:
        device = {"preset": "aihwkit-idealized", "g_max_siemens": 100e-6, "g_min_siemens": 100e-6 / ratio}
        chosen = hardware | {"device": device, "only": ["conductance_bounds"]}
        share, seconds = right(recipe, [*common, setting(chosen)], options.epochs, options.batch)
        print(f"| {ratio:g} | {1 - share:.2%} | {seconds:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", help="where mnist.npz or its files are")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--network", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--device", nargs="+", default=list(DEVICES))
    parser.add_argument("--scheme", nargs="+", default=list(SCHEMES))
    parser.add_argument("--ranges", action="store_true", help="only the range of resistance")
    options = parser.parse_args()
    common = [f"data.samples={options.samples}", *([f"data.folder={options.data_dir}"] if options.data_dir else [])]
    (ranges if options.ranges else table)(options, common)


if __name__ == "__main__":
    main()
