"""Equilibrium propagation on MNIST where the weights are devices: ideal, device, gap; how wide a range it needs.

    python bench/crossbars.py --data-dir DIR [--epochs 2] [--network hopfield resistive] [--device NAME ...]
    python bench/crossbars.py --data-dir DIR --ranges [--epochs 2]

The networks are those of the recipes `mnist-hopfield` and `mnist-resistive-xs`, batch and epochs as given here. Rates
are the recipe's, the largest weight is that of the network and the same for all devices. A conductance that cannot be 0
loads the nodes of a resistive network: where all of 1570 inputs have it, a hidden node sees its input divided by 1 +
smallest / mean conductance. Its supply is that much higher for every device (`--fixed-supply`: it is not).
"""

import argparse
import json
import time

import numpy as np

from ohmgrad import devices, recipes, training
from ohmgrad.recipes.build import build, resolve
from ohmgrad.runs import arms, setup, trials

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
    "hopfield": (
        "mnist-hopfield",
        {"mapping": {"kind": "pair", "offset_siemens": 0}, "weight_max": [0.08, 0.2], "adc": {"bits": 8}},
    ),
    "resistive": (
        "mnist-resistive-xs",
        {"mapping": {"kind": "direct"}, "weight_max": [0.1, 0.1], "adc": {"bits": 12}, "dac": {"bits": 12}},
    ),
}
"""Recipe, and how its weights stand on devices.

The largest weight is a little above what ideal weights reach in 10,000 images (Hopfield: 0.07 and 0.19), or what nearly
all of the first matrix keep below (resistive: 0.03; one for all). The nodes of a resistive network are measured, and it
learns from small differences of two measurements, so its converters are finer.
"""
SUPPLY, MEAN_WEIGHT = 100.0, 0.0067
"""Input gain of the resistive recipe, and the mean of its first matrix after 2 epochs of 20,000 images."""
RANGES = (1.5, 2, 5, 10, 100, 1e6)


def setting(hardware: dict) -> str:
    """The hardware of a recipe, as a --set would give it: large arrays, converters that follow every vector."""
    whole = {
        "rows": 2048,
        "columns": 1024,
        "array_pairs": 2,
        "adc_full_scale_amperes": [1e-3, 1e-3],
    }
    adc = hardware.get("adc", {}) | {"range": "vector"}
    return f"hardware={json.dumps(whole | hardware | {'adc': adc})}"


def supply(least_weight: float, options: argparse.Namespace) -> str:
    """The input gain at which a hidden node sees what it would see if the least weight were 0."""
    return f"network.input_gain={SUPPLY * (1 if options.fixed_supply else 1 + least_weight / MEAN_WEIGHT)}"


def right(recipe: str, settings: list[str], epochs: int, batch: int) -> tuple[float, float]:
    """Share of right test answers of the arm with most hardware, and the seconds that it took."""
    settings = [*settings, f"training.epochs={epochs}", f"training.batch={batch}"]
    experiment = resolve(recipes.load(recipe, settings))
    parts, began = build(experiment), time.perf_counter()
    arm = next(iter(arms.arms(setup.of_recipe(experiment, parts)).values()))
    keys = arms.chip_keys(experiment.training)
    progress = training.train(
        arm.rule, parts.task, arm.start(), keys, learning_rates=arm.learning_rates, epochs=epochs, batch=batch
    )
    trial = trials.trials(experiment.evaluation, parts.task, keys)[0]
    answers = training.answer(arm.rule, parts.task, progress.chips, trial.x, trial.truth, trial.keys)
    return float(np.mean(np.asarray(answers.right))), time.perf_counter() - began


def table(options: argparse.Namespace, common: list[str]) -> None:
    print("| network | device | write | test error | gap to ideal | seconds |\n" + 6 * "|---" + "|")
    for network in options.network:
        recipe, hardware = NETWORKS[network]
        ideal, seconds = right(recipe, common, options.epochs, options.batch)
        print(f"| {network} | ideal weights | | {1 - ideal:.2%} | | {seconds:.0f} |", flush=True)
        for device in options.device:
            figures = devices.load(device)
            least = hardware["weight_max"][0] * figures.g_min_siemens.nominal / figures.g_max_siemens.nominal
            powered = [supply(least, options)] if network == "resistive" else []
            for scheme in options.scheme:
                chosen = hardware | {"device": {"preset": device}, "write": {"kind": scheme}}
                share, seconds = right(recipe, [*common, *powered, setting(chosen)], options.epochs, options.batch)
                gap = 100 * (ideal - share)
                print(f"| {network} | {device} | {scheme} | {1 - share:.2%} | {gap:.1f} | {seconds:.0f} |", flush=True)


def ranges(options: argparse.Namespace, common: list[str]) -> None:
    """The resistive network on devices that are ideal but for their bounds."""
    print("| G_max / G_min | test error | seconds |\n" + 3 * "|---" + "|")
    recipe, hardware = NETWORKS["resistive"]
    for ratio in RANGES:
        device = {"preset": "aihwkit-idealized", "g_max_siemens": 100e-6, "g_min_siemens": 100e-6 / ratio}
        chosen = hardware | {"device": device, "only": ["conductance_bounds"]}
        powered = supply(hardware["weight_max"][0] / ratio, options)
        share, seconds = right(recipe, [*common, powered, setting(chosen)], options.epochs, options.batch)
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
    parser.add_argument("--fixed-supply", action="store_true", help="the recipe's input gain, whatever the device")
    options = parser.parse_args()
    common = [f"data.samples={options.samples}", *([f"data.folder={options.data_dir}"] if options.data_dir else [])]
    (ranges if options.ranges else table)(options, common)


if __name__ == "__main__":
    main()
