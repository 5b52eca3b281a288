"""The shipped Braille recipes under one change at a time: right answers at 10 % flipped dots, with 95 % intervals.

python bench/braille.py RECIPE [VARIANT ...] [--set FIELD=VALUE ...] prints a table, of all variants or of those named,
each with its paired difference to the crossbar as shipped (the same chips and test words), and how long the whole run
took; what --set changes is changed in all of them. bench/RESULTS.md keeps what it printed.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ohmgrad import intervals, recipes
from ohmgrad.report.numbers import share

VARIANTS = {
    "as shipped": [],
    "write-verify": ["hardware.write={kind: write-verify}"],
    "pulse": ["hardware.write={kind: single-pulse}"],
    "without write error": ["hardware.without=[write_error]"],
    "without write granularity": ["hardware.without=[write_granularity]"],
    "without both (exact writes)": ["hardware.without=[write_error,write_granularity]"],
    "without read noise, DAC, ADC": ["hardware.without=[read_noise,dac,adc]"],
    "4-bit ADC": ["hardware.adc.bits=4"],
    "positive side": ["rule.side=positive"],
    "negative side": ["rule.side=negative"],
    "full clamp (CHL)": ["rule.push=clamp", "rule.strength=1", "rule.side=positive"],
    "coupled learning, centered": ["rule.push=clamp"],
}
OWN_RANGES = "weight and ADC ranges of the recipe's device"


def settings(variant: str, recipe: str) -> list[str]:
    """What a variant sets. The recipe's own ranges, said again, do not follow another device that --set puts in."""
    if variant != OWN_RANGES:
        return VARIANTS[variant]
    hardware = recipes.load(recipe).hardware
    return [f"hardware.{name}={getattr(hardware, name)}" for name in ("weight_max", "adc_full_scale_amperes")]


def run(recipe: str, settings: list[str], chips: int) -> tuple[dict, dict[str, np.ndarray], float]:
    """The summary of one run, each arm's right answers by chip at the headline test, and wall-clock seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        options = [word for setting in (*settings, f"training.seeds={chips}") for word in ("--set", setting)]
        command = [sys.executable, "-m", "ohmgrad", "train", recipe, *options, "--json", "--out", str(folder)]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, summary = time.perf_counter() - began, json.loads(done.stdout)
        rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    headline = ["test_accuracy", "flips", str(summary["headline_flips"])]
    tested = [row for row in rows if [row[name] for name in ("metric", "corruption", "level")] == headline]
    by_chip = {arm: [float(r["value"]) for r in tested if r["arm"] == arm] for arm in summary["test_accuracy"]}
    return summary, {arm: np.array(values)[:, None] for arm, values in by_chip.items()}, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="braille")
    parser.add_argument("variants", nargs="*", help="none: all")
    parser.add_argument("--chips", type=int, default=10)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="of every variant")
    options = parser.parse_args()
    print("| variant | crossbar | less as shipped, points | ideal weights | backpropagation | seconds |")
    print("|---|---|---|---|---|---|")
    shipped = None
    for name in dict.fromkeys(["as shipped", *(options.variants or VARIANTS)]):
        summary, by_chip, seconds = run(options.recipe, [*options.set, *settings(name, options.recipe)], options.chips)
        shipped = by_chip["crossbar"] if shipped is None else shipped
        apart, _, low, high = (100 * part for part in intervals.difference(by_chip["crossbar"], shipped, shared=False))
        crossbar, *others = (share(summary["test_accuracy"][arm]) for arm in ("crossbar", "ideal", "backprop"))
        same = np.array_equal(by_chip["crossbar"], shipped)
        difference = "–" if same else f"{apart:+.1f} [{low:+.1f}, {high:+.1f}]"
        print(f"| {name} | {crossbar} | {difference} | {' | '.join(others)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
