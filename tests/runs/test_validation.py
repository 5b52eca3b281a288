"""Oracle: the arrays that went in, and the rows of the same run; no test sample is seen before the end."""

import csv
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import data, recipes, runs, training
from ohmgrad.data import images
from ohmgrad.errors import InputError
from ohmgrad.recipes.build import build
from ohmgrad.recipes.schema.experiment import Evaluation
from ohmgrad.recipes.sizes import sizes
from ohmgrad.runs import trials

DIGITS = """
title: digits
data: {kind: images, name: digits, samples: 400, validation: 0.25}
network: {kind: layered-hopfield, hidden: [4], initial_gains: [0.5, 0.5]}
rule: {kind: activity-difference, push: nudge, strength: 0.5, side: centered, free: {sweeps: 2}, pushed: {sweeps: 1},
  learning_rates: [0.1, 0.1]}
training: {epochs: 2, batch: 50, seeds: 2}
evaluation: {every: 1}
"""


def test_images_held_back_are_a_part_of_the_training_set_and_train_no_more():
    experiment = recipes.load_text(DIGITS, "digits")
    task: Any = build(experiment).task
    again: Any = build(experiment).task
    everything = images("digits")
    held, held_class = task.validation
    assert len(held) == len(held_class) == 100 and len(task.train) == 300 == sizes(experiment).samples
    whole = zip(everything.x_train[:400], everything.y_train[:400], strict=True)
    parts = [
        *zip(np.asarray(task.train), task.train_class, strict=True),
        *zip(np.asarray(held), held_class, strict=True),
    ]
    key = lambda pair: (pair[0].tobytes(), int(pair[1]))  # noqa: E731
    assert sorted(map(key, parts)) == sorted(map(key, whole))
    assert len(np.unique(held_class)) == 10
    np.testing.assert_array_equal(task.test, everything.x_test)
    np.testing.assert_array_equal(again.validation[0], held)


def test_less_than_one_image_is_no_validation():
    experiment = recipes.load_text(DIGITS.replace("0.25", "0.001"), "digits")
    for refuses in (build, sizes):
        with pytest.raises(InputError, match=r"data\.validation: 0\.001 of 400"):
            refuses(experiment)


def test_words_to_validate_are_of_the_headline_level_and_no_test_s():
    experiment = recipes.load("braille", ["training.seeds=2"])
    task: Any = build(experiment).task
    keys = training.keys([0, 1])
    validation: Any = trials.validation(experiment.evaluation, task, keys)
    assert validation.kind == ("flips", 0.1) and validation.x.shape == (2, 64 * 16, 60)
    flipped = np.asarray(validation.x) != np.asarray(task.words)[np.asarray(validation.truth)]
    share, error = flipped.mean(), np.sqrt(0.1 * 0.9 / flipped.size)
    assert share == pytest.approx(0.1, abs=4 * error)
    for test in trials.trials(experiment.evaluation, task, keys):
        if test.kind == validation.kind:
            # Two independent draws of 60 flips at 10 % agree in (0.9^2 + 0.1^2)^60 of the words.
            agree = (np.asarray(test.x) == np.asarray(validation.x)).all(-1).mean()
            assert agree < 1e-2
        assert not np.array_equal(test.keys, validation.keys)


class Drawn(data.ArrayTask):
    """Samples to validate that are drawn with the key."""

    def validation_set(self, key):
        return jax.random.normal(key, (5, *self.x.shape[1:])), self.y[:5]


def test_validation_samples_of_a_task_of_one_s_own_are_drawn_per_chip_and_its_fixed_tests_shared():
    x, y = jnp.arange(40.0).reshape(10, 4), jnp.arange(10) % 2
    keys, settings = training.keys([0, 1, 2]), Evaluation.model_validate({})
    validation: Any = trials.validation(settings, Drawn(x, y, 2), keys)
    assert validation.kind == ("validation", 0.0) and not validation.shared
    assert validation.x.shape == (3, 5, 4) and len(np.unique(validation.x)) == 60
    (test,) = trials.trials(settings, Drawn(x, y, 2), keys)
    assert test.shared and (test.x == x).all() and (test.truth == y).all()
    assert trials.validation(settings, data.ArrayTask(x, y, 2), keys) is None
    given: Any = trials.validation(settings, data.ArrayTask(x, y, 2), keys, (x, y))
    assert given.shared and (given.x == x).all()


@pytest.mark.parametrize("kind", ["words", "images", "signals"])
def test_a_learning_curve_is_of_what_was_held_back(kind, tmp_path):
    small = ["training.epochs=2", "training.seeds=2", "evaluation.every=1", "backprop=null", "hardware=null"]
    labelled = DIGITS if kind == "images" else DIGITS.replace("images, name: digits", "signals, name: mnist1d")
    experiment = recipes.load("braille", small) if kind == "words" else recipes.load_text(labelled, kind)
    experiment, parts = runs.begin("mine", experiment, tmp_path / "run")
    told = []
    summary = runs.run("mine", experiment, parts, tmp_path / "run", lambda *heard: told.append(heard[3]))
    with (tmp_path / "run" / "metrics.csv").open() as file:
        last = [row for row in csv.DictReader(file) if row["metric"] == "learning_curve" and row["epoch"] == "2"]
    assert {(row["corruption"], float(row["level"])) for row in last} == {
        ("flips", 0.1) if kind == "words" else ("validation", 0.0)
    }
    mean = summary["validation_accuracy"]["ideal"]["mean"]
    assert np.mean([float(row["value"]) for row in last]) == pytest.approx(mean) == pytest.approx(told[-1])
    assert mean != summary["test_accuracy"]["ideal"]["mean"]
