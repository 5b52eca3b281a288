"""Chips trained side by side. Oracle: each alone, by `ohmgrad.run` and `runs.calibrate`, which know of no studies."""

import json
from typing import Any

import numpy as np
import pytest
import small_study as small

import ohmgrad
from ohmgrad import recipes, runs
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment, build
from ohmgrad.runs.ranges import of_recipe, with_offset
from ohmgrad.studies import lanes

ARRAYS = small.TINY | {"hardware.adc.bits": 8, "hardware.device.preset": "taox-1t1r"}
DIFFERENT = {
    "as it is": {},
    "rates and push": {"rule.learning_rates": [0.1, 0.3], "rule.strength": 0.2},
    "ranges": {
        "hardware.mapping.offset_siemens": 50e-6,
        "hardware.weight_max": [0.4, 0.2],
        "hardware.adc_full_scale_amperes": [2e-4, 4e-4],
    },
}
AUTO = {"hardware.weight_max": "auto", "hardware.adc_full_scale_amperes": "auto"}


def experiment(fields: dict[str, Any]) -> Experiment:
    return build.resolve(recipes.load("braille", words(fields)))


def words(fields: dict[str, Any]) -> list[str]:
    return [f"{field}={json.dumps(value)}" for field, value in fields.items()]


TESTS = {"evaluation.levels": [0.1], "evaluation.copies": 4}


def test_chips_of_different_recipes_in_one_call_are_those_trained_alone():
    chips = [(ARRAYS | TESTS | changes, seed) for seed, changes in enumerate(DIFFERENT.values())]
    together = lanes.train([lanes.lane(experiment(fields), seed) for fields, seed in chips])
    for (fields, seed), found in zip(chips, together, strict=True):
        alone = ohmgrad.run("braille", words(fields | {"training.seeds": 1, "training.seed": seed}))
        progress = alone.progress["crossbar"]
        assert found.accuracy == pytest.approx(alone.accuracy["crossbar"].mean, abs=1 / 16 + 1e-6)
        assert found.loss == pytest.approx(float(progress.loss[-1, 0]), rel=1e-3)
        assert found.residual == pytest.approx(float(progress.residual[-1, 0]), rel=0.1, abs=1e-6)
        assert found.counts.pulses == pytest.approx(float(np.sum(progress.counts.pulses)), rel=1e-3)
        assert not found.overflowed
    assert len({found.loss for found in together}) == len(together)


def calibrated_alone(fields: dict[str, Any]) -> dict[str, Any]:
    """The ranges of a recipe by `runs.calibrate`."""
    one = experiment(fields)
    parts = build.build(one)
    one = with_offset(one, parts.hardware)
    found = runs.calibrate(
        parts.rule,
        parts.task,
        parts.hardware,
        initial_gains=one.network.initial_gains,
        learning_rates=one.rule.learning_rates,
        epochs=one.training.epochs,
        batch=one.training.batch,
        fixed=of_recipe(one),
    )
    return found.by_field


def test_ranges_of_several_recipes_are_those_of_each_alone():
    """Some know one of their ranges already; a call that is filled up has chips that nobody asks for."""
    given = [
        ARRAYS | {"hardware.weight_max": "auto"},
        ARRAYS | AUTO | {"rule.learning_rates": [0.4, 0.4], "network.initial_gains": [1, 1]},
        ARRAYS | {"hardware.adc_full_scale_amperes": "auto"},
    ]
    together = lanes.calibrated([experiment(fields) for fields in given], 6)
    assert len(together) == len(given)
    for fields, found in zip(given, together, strict=True):
        assert isinstance(found, Experiment)
        assert not recipes.automatic(found)
        for field, value in calibrated_alone(fields).items():
            assert recipes.ranges(found)[field] == pytest.approx(value, rel=0.02)  # three digits each


def test_other_structures_are_no_chips_of_one_call():
    ideal = [lanes.lane(experiment(small.IDEAL | {"rule.free.sweeps": sweeps}), 0) for sweeps in (5, 6)]
    with pytest.raises(InputError, match="structure"):
        lanes.train(ideal)
