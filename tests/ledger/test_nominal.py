"""Oracle: real trainings. What users read before a run lies, nominally, within a factor of 2.4 of what one counts.

So tight that no assumption in `recipes.expected` can be wrong by a factor of six: six times more, or less, fails here.
"""

import pytest

from ohmgrad import recipes, records, training
from ohmgrad.counts import Counts
from ohmgrad.recipes import Experiment, expected, work
from ohmgrad.recipes.build import build, resolve
from ohmgrad.runs.arms import arms, chip_keys

FACTOR = 2.4
ONE_CHIP = ["training.epochs=10", "training.seeds=1"]
RANGES = ["hardware.weight_max=[0.2,0.06]", "hardware.adc_full_scale_amperes=[3e-4,6e-4]"]
"""The recipe's own, where another device would have them found anew."""


def braille(*settings: str) -> Experiment:
    """The shipped recipe in little: its arrays, its sweeps, a tenth of its epochs, one chip."""
    return recipes.load("braille", [*ONE_CHIP, *settings])


def images() -> Experiment:
    """Scikit-learn's digits, whose pixels are what a read drives."""
    figures = {"weight_max": [1.0] * 2, "adc_full_scale_amperes": [1e-4] * 2, "array_pairs": 4}
    fields = {
        "title": "digits",
        "data": {"kind": "images", "name": "digits", "samples": 64},
        "network": {"kind": "feed-forward", "hidden": [16], "initial_gains": [0.5, 0.5]},
        "rule": {"kind": "backpropagation", "learning_rates": [0.1, 0.1]},
        "training": {"epochs": 1, "batch": 32, "seeds": 1},
        "hardware": figures,
    }
    return records.check(Experiment, fields, "digits")


def counted(experiment: Experiment) -> Counts:
    parts, settings = build(resolve(experiment)), experiment.training
    arm = arms(experiment, parts)["crossbar"]
    keys, batch = chip_keys(experiment), settings.batch
    rates, epochs = arm.learning_rates, settings.epochs
    return training.train(
        arm.rule, parts.task, arm.start, keys, learning_rates=rates, epochs=epochs, batch=batch
    ).mean_counts()


CASES = {
    "single pulses": (
        lambda: braille(),
        ["read_watts", "pulses", "up_siemens", "down_siemens", "program_siemens"],
    ),
    "pulse trains": (
        lambda: braille("hardware.write.kind=pulse-trains"),
        ["read_watts", "pulses", "up_siemens", "down_siemens"],
    ),
    "pulse counts": (lambda: braille("hardware.write.kind=pulse-count"), ["pulses"]),
    "whole steps of a digital sum": (lambda: braille("hardware.write.kind=mixed-precision"), ["pulses"]),
    "manhattan": (lambda: braille("hardware.write.kind=manhattan"), ["read_watts", "pulses"]),
    "tiki-taka": (
        lambda: braille("hardware.write.kind=tiki-taka"),
        ["read_watts", "pulses", "up_siemens", "down_siemens"],
    ),
    "error-aware": (lambda: braille("hardware.write.kind=error-aware"), ["programs", "program_siemens"]),
    "single devices against a column of references": (
        lambda: braille("hardware.mapping={kind: single}"),
        ["read_watts", "pulses", "up_siemens", "down_siemens"],
    ),
    "write-verify": (lambda: braille("hardware.write={kind: write-verify}"), ["programs", "program_siemens"]),
    "verified pulse by pulse": (
        lambda: braille("hardware.write={kind: write-verify, pulse_budget: 5}"),
        ["pulses", "pulsed_rows", "verify_reads", "verified_rows"],
    ),
    "one-sided devices": (
        lambda: braille(
            "hardware.device={preset: aihwkit-pcm}", "hardware.mapping={kind: pair, offset_siemens: 0.0}", *RANGES
        ),
        ["read_watts", "pulses", "up_siemens", "programs", "program_siemens"],
    ),
    "pixels": (images, ["read_watts"]),
}


def assert_about(nominal: Counts, real: Counts, fields: list[str], devices: float) -> None:
    for field in fields:
        # The first programming of every device is no assumption; what is programmed later is.
        known = devices if field == "programs" else 0.0
        ratio = (getattr(nominal, field).nominal - known) / (getattr(real, field) - known)
        assert 1 / FACTOR < ratio < FACTOR, f"{field}: nominal {ratio:.2f} times what was counted"


@pytest.mark.parametrize("case", CASES)
def test_what_is_expected_nominally_is_about_what_a_training_counts(case):
    make, fields = CASES[case]
    experiment = make()
    per_weight = 1 if experiment.hardware and experiment.hardware.mapping.kind == "single" else 2
    devices = float(per_weight * sum(rows * columns for rows, columns in work.matrices(experiment)))
    assert_about(expected.training(experiment), counted(experiment), fields, devices)


def test_what_is_expected_of_a_resistive_network_is_about_what_its_training_counts(enlarged_digits):
    experiment = recipes.load("mnist-resistive-epiram", [f"data.folder={enlarged_digits}", "data.samples=192"])
    devices = float(sum(rows * columns for rows, columns in work.matrices(experiment)))
    fields = ["settle_watts", "programs", "program_siemens"]
    assert_about(expected.training(experiment), counted(experiment), fields, devices)
