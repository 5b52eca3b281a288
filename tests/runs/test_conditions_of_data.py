"""Oracle: the arrays of the sets themselves; what a recipe asks for; sizes known without loading against loaded."""

import importlib
import re
from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats

from ohmgrad import data, records
from ohmgrad.errors import InputError
from ohmgrad.recipes.build import build
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.sizes import sizes

NETWORK = {"kind": "feed-forward", "hidden": [8], "initial_gains": [1.0, 1.0]}
SETS = {"digits": "images", "mnist1d": "signals"}


RULE = {"kind": "backpropagation", "learning_rates": [0.1, 0.1]}


def experiment(of: str, network: dict = NETWORK, rule: dict = RULE, **conditions: Any) -> Experiment:
    """A recipe for a set of images or signals, or for words."""
    named = {"kind": SETS[of], "name": of} if of in SETS else {"kind": "braille"}
    fields = {
        "title": "small",
        "data": {**named, **conditions},
        "network": network,
        "rule": rule,
        "training": {"epochs": 1, "batch": 10, "seeds": 1},
    }
    return records.check(Experiment, fields, "small")


def task_of(*args: Any, **conditions: Any) -> Any:
    return build(experiment(*args, **conditions)).task


def loaded(name: str) -> data.ImageSet:
    return data.images(name) if SETS[name] == "images" else data.signals(name)


@pytest.mark.parametrize("name", SETS)
def test_without_conditions_the_samples_are_those_of_the_set(name):
    task, found = task_of(name), loaded(name)
    for ours, theirs in (
        (task.train, found.x_train),
        (task.train_class, found.y_train),
        (task.test, found.x_test),
        (task.test_class, found.y_test),
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert task.validation is None and task.validation_set(jax.random.key(0)) is None


@pytest.mark.parametrize("name", SETS)
def test_conditions_change_what_is_trained_and_held_back_but_no_test(name):
    hard, found = task_of(name, validation=0.2, wrong_labels=0.3, train_missing=0.25, train_noise=0.1), loaded(name)
    plain = task_of(name, validation=0.2)
    np.testing.assert_array_equal(hard.test, found.x_test)
    np.testing.assert_array_equal(hard.test_class, found.y_test)
    for x, classes, x_plain, plain_classes in (
        (hard.train, hard.train_class, plain.train, plain.train_class),
        (*hard.validation, *plain.validation),
    ):
        wrong = np.asarray(classes) != np.asarray(plain_classes)  # the same samples are held back
        assert stats.binomtest(int(wrong.sum()), wrong.size, 0.3).pvalue > 1e-3
        full = found.bounds[1]
        bright = np.abs(np.asarray(x_plain, float)) > 0.5 * full  # far from 0, where noise alone would not lead
        seen, plain_seen = np.asarray(x, float)[bright] / full, np.asarray(x_plain, float)[bright] / full
        missing = seen == 0
        assert stats.binomtest(int(missing.sum()), missing.size, 0.25).pvalue > 1e-3
        inside = ~missing & (np.abs(plain_seen) < 0.65)  # 3.5 deviations from the clipping
        moved = (seen - plain_seen)[inside]
        assert moved.std() == pytest.approx(0.1, rel=4 / np.sqrt(2 * moved.size))


@pytest.mark.parametrize("name", SETS)
def test_few_of_each_class(name):
    found = loaded(name)
    first = np.concatenate([np.flatnonzero(found.y_train[:900] == each)[:7] for each in range(10)])
    task = task_of(name, samples=900, per_class=7)
    np.testing.assert_array_equal(task.train, found.x_train[np.sort(first)])
    assert (np.bincount(task.train_class) == 7).all()
    held = task_of(name, samples=900, per_class=7, validation=0.2)
    assert len(held.validation[1]) == 14 and len(held.train) == 56
    both = np.concatenate([held.train_class, held.validation[1]])
    assert (np.bincount(both) == 7).all()
    pieces = [image.tobytes() for image in (*np.asarray(held.train), *np.asarray(held.validation[0]))]
    assert len(set(pieces)) == 70, "none is both trained and validated"


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    "conditions", [{}, {"per_class": 9, "validation": 0.3}, {"samples": 500, "validation": 0.1}, {"train_missing": 0.5}]
)
def test_sizes_are_known_without_loading(name, conditions):
    told, task = sizes(experiment(name, **conditions)), task_of(name, **conditions)
    assert (told.inputs, told.outputs, told.samples, told.image) == (
        task.inputs,
        task.outputs,
        task.samples,
        task.image,
    )


def test_a_price_needs_no_signals(monkeypatch):
    module = importlib.import_module("ohmgrad.data.signals")  # the package's attribute of this name is the function
    monkeypatch.setattr(module, "_mnist1d", lambda: pytest.fail("made"))
    assert sizes(experiment("mnist1d", validation=0.25)).samples == 3000


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_the_mean_square_of_signals_is_about_what_a_price_takes(missing):
    task = task_of("mnist1d", train_missing=missing, train_noise=0.1)
    told = sizes(experiment("mnist1d", train_missing=missing, train_noise=0.1)).mean_square
    assert float((task.train**2).mean()) == pytest.approx(told.nominal, rel=0.05)


def test_levels_of_a_condition_have_the_same_shapes_and_kinds():
    shapes = [
        jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), task_of("digits", validation=0.1, **{field: level}))
        for field in ("wrong_labels", "train_missing", "train_noise")
        for level in (0.0, 0.1, 0.3)
    ]
    assert all(each == shapes[0] for each in shapes)


def test_wrong_labels_of_words():
    assert task_of("words").wrong_labels is None
    assert task_of("words", wrong_labels=0.25).wrong_labels == 0.25


def test_signals_are_maps_for_kernels():
    network = {"kind": "convolutional-hopfield", "kernels": [3], "unpooled": [1], "initial_gains": [0.5, 0.5]}
    rule = {"kind": "activity-difference", "learning_rates": [0.1, 0.1], "free": {"sweeps": 2}}
    task = build(experiment("mnist1d", network, rule)).task
    assert task.sample == (1, 40, 1)
    assert task.first_batch(jax.random.key(0), 10)[0].shape == (10, 1, 40, 1)


FAULTS = {
    "per_class above the samples": ("digits", {"samples": 60, "per_class": 7}, r"data\.per_class: 7 .*allowed: 1 to 6"),
    "per_class above a class": ("digits", {"samples": 200, "per_class": 20}, r"data\.per_class: 20 is above the \d+"),
    "per_class of none": ("digits", {"per_class": 0}, r"data\.images\.per_class|data\.per_class"),
    "samples above the signals": ("mnist1d", {"samples": 4001}, "above the 4000 training signals of mnist1d"),
    "all labels wrong": ("mnist1d", {"wrong_labels": 1.0}, "wrong_labels"),
    "negative noise": ("digits", {"train_noise": -0.1}, "train_noise"),
    "all missing": ("digits", {"train_missing": 1.0}, "train_missing"),
    "padded signals": ("mnist1d", {"pad": 2}, "pad"),
    "unknown signals": ("mnist1d", {"name": "mnist"}, "'mnist1d'"),
    "labels of words to restore": (
        "words",
        {"wrong_labels": 0.1, "answer": "restore"},
        "words to restore have no label",
    ),
    "few words of each": ("words", {"per_class": 3}, "per_class"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_values_are_one_sentence(fault):
    name, conditions, said = FAULTS[fault]
    with pytest.raises(InputError) as refused:
        task_of(name, **conditions)
    assert re.search(said, str(refused.value)) and "\n" not in str(refused.value)
