"""The shipped Braille recipes under one change at a time: accuracy of all arms, and how long each run takes.

python bench/braille.py RECIPE [VARIANT ...] prints a table, of all variants or of those named; bench/RESULTS.md
keeps what it printed.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def run(recipe: str, settings: list[str]) -> tuple[dict, float]:
    """The summary of one run and its wall-clock seconds as a whole process."""
    with tempfile.TemporaryDirectory() as scratch:
        options = [word for setting in settings for word in ("--set", setting)]
        command = [
            sys.executable,
            "-m",
            "ohmgrad",
            "train",
            recipe,
            *options,
            "--json",
            "--out",
            str(Path(scratch) / "r"),
        ]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout), time.perf_counter() - began


def main() -> None:
    recipe, *names = sys.argv[1:] or ["braille"]
    print(f"{recipe}: right answers at 10 % flipped dots, mean ± spread over chips\n")
    print("| variant | crossbar | ideal weights | backpropagation | best decoder | seconds |")
    print("|---|---|---|---|---|---|")
    for name in names or VARIANTS:
        settings = VARIANTS[name]
        summary, seconds = run(recipe, settings)
        scores = [f"{score['mean']:.3f} ± {score['std']:.3f}" for score in summary["test_accuracy"].values()]
        print(f"| {name} | {' | '.join(scores)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
