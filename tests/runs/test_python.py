"""Runs from Python. Oracles: the program's run of the same settings, to the bit; the recipe's run of the same parts, to
the bit; what a recipe finds for auto; pandas."""

import inspect
import json
import sys
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

import ohmgrad
from ohmgrad import InputError, crossbar, data, devices, networks, recipes, rules
from ohmgrad.recipes.build import build, resolve
from ohmgrad.runs.calibration import calibrated

SMALL = {
    "training.epochs": 2,
    "training.seeds": 2,
    "training.seed": 5,
    "evaluation.copies": 2,
    "evaluation.every": 1,
    "data.copies": 1,
}


@pytest.fixture(scope="module")
def result():
    return ohmgrad.run("braille", SMALL)


def equal_weights(one, other) -> bool:
    pairs = [(a, b) for arm in one.weights for a, b in zip(one.weights[arm], other.weights[arm], strict=True)]
    return one.weights.keys() == other.weights.keys() and all(a.tobytes() == b.tobytes() for a, b in pairs)


def test_a_recipe_comes_to_the_bits_of_the_program(result, small_run, ohmgrad):
    folder, summary = small_run("braille")
    told = load_file(folder / "weights.safetensors")
    for arm, layers in result.weights.items():
        for number, weights in enumerate(layers, 1):
            assert told[f"{arm}/layer{number}/weights"].tobytes() == weights.tobytes()
    assert {arm: each._asdict() for arm, each in result.accuracy.items()} == summary["test_accuracy"]
    assert result.summary == {name: value for name, value in summary.items() if name not in ("run_dir", "fingerprint")}
    priced = json.loads(ohmgrad("ledger", folder, "--json").stdout)
    assert {name: priced[name] for name in result.ledger} == json.loads(json.dumps(result.ledger))
    assert result.folder is None and str(folder) not in repr(result)


def test_a_folder_is_that_of_the_program_and_opens_to_the_same(result, small_run, tmp_path, monkeypatch):
    folder, _ = small_run("braille")
    monkeypatch.chdir(tmp_path)
    kept = ohmgrad.run("braille", [f"{field}={value}" for field, value in SMALL.items()], out="run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    names = {path.name for path in folder.iterdir()} - {"report.html"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == names
    for name in names - {"emissions.csv", "summary.json"}:  # which tell when, and where
        assert (tmp_path / "run" / name).read_bytes() == (folder / name).read_bytes(), name
    opened = ohmgrad.load("run")
    assert opened.summary == kept.summary and opened.accuracy == result.accuracy == opened.test() | {
        "best_decoder": result.accuracy["best_decoder"]
    }
    assert equal_weights(opened, kept) and equal_weights(opened, result)
    assert opened.rows("curve") == kept.rows("curve") == result.rows("curve")
    with pytest.raises(InputError, match="not an empty folder"):
        ohmgrad.run("braille", SMALL, out="run")


def test_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ohmgrad.run(recipes.load("braille", [f"{field}={value}" for field, value in SMALL.items()]))
    assert list(tmp_path.iterdir()) == []


def test_tables_are_those_of_the_run(result, small_run):
    rows = result.rows("curve")
    assert len(rows) == 3 * 2 * 2  # arms, chips, epochs
    for arm, curve in result.curve.items():
        for epoch, right in curve:
            found = [row["right"] for row in rows if row["arm"] == arm and row["epoch"] == epoch]
            assert found == right.tolist()
    told = result.summary["accuracy_by_corruption"]
    frame = result.frame()
    assert len(frame) == 2 * 7 * 4 and set(frame["arm"]) == {"crossbar", "ideal", "backprop", "best_decoder"}
    one = frame[(frame["arm"] == "ideal") & (frame["corruption"] == "unreadable")]
    assert one["mean"].tolist() == told["unreadable"]["ideal"]["mean"]
    costs = result.frame("ledger").groupby("machine")[["joules_low", "joules_nominal", "joules_high"]].sum()
    for bound in ("low", "nominal", "high"):
        assert costs.loc["chip", f"joules_{bound}"] == pytest.approx(result.ledger["chip_energy_joules"][bound])
    assert result.verdicts["settling"] == small_run("braille")[1]["settling"]
    with pytest.raises(InputError, match="did you mean 'curve'"):
        inspect.unwrap(type(result).rows)(result, "curves")  # without the checks of tests


def test_without_pandas_there_are_rows_and_a_sentence(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match=r"pip install 'ohmgrad\[pandas\]'"):
        result.frame()
    assert result.rows()


def said(experiment: Any) -> dict[str, Any]:
    """What a recipe says beside its parts, as parts are given it."""
    training, settings = experiment.training, experiment.hardware
    given = {
        "learning_rates": experiment.rule.learning_rates,
        "initial_gains": experiment.network.initial_gains,
        "evaluation": experiment.evaluation.model_dump(exclude_defaults=True),
    }
    if experiment.backprop is not None:
        given["backprop"] = experiment.backprop.model_dump()
    if settings is not None:
        given |= {name: getattr(settings, name) for name in ("weight_max", "adc_full_scale_amperes")}
    return given | {name: getattr(training, name) for name in ("epochs", "batch", "seeds", "seed", "decay")}


RESISTIVE = {
    "network": {
        "kind": "resistive",
        "hidden": [8],
        "input_gain": 3.0,
        "initial_gains": [1, 1],
        "node_ranges": "auto",
    },
    "hardware": {"device": {"preset": "neurosim-epiram"}, "mapping": {"kind": "direct"}, "array_pairs": 4},
    "rule.side": "positive",
    "rule.learning_rates": [0.006, 0.006],
    "backprop": None,
    "data.words": ["red", "green", "blue", "cyan"],
    "data.copies": 16,
}
CASES = {
    "numbers": {},
    "ranges are auto": {"hardware.device.preset": "neurosim-epiram", "backprop": None, "training.decay": 0.9},
    "a circuit": RESISTIVE,
    "ideal weights, momentum": {"hardware": None, "training.optimiser": {"kind": "sgd", "momentum": 0.5}},
}


@pytest.mark.parametrize("case", CASES)
def test_parts_come_to_the_bits_of_the_recipe(case, result):
    settings = SMALL | CASES[case]
    experiment = resolve(recipes.load("braille", [f"{field}={json.dumps(each)}" for field, each in settings.items()]))
    parts = build(experiment)
    asked = result if case == "numbers" else ohmgrad.run(experiment)
    given = {"hardware": parts.hardware, "optimiser": parts.optimiser} | said(experiment)
    found = ohmgrad.run(parts.rule, parts.task, **given)
    assert equal_weights(found, asked)
    assert found.accuracy == asked.accuracy and found.verdicts == asked.verdicts
    assert found.rows("curve") == asked.rows("curve")
    for name, value in found.summary.get("ranges", {}).items():
        assert asked.summary["ranges"][name] == value
    without_sources = [
        [{k: v for k, v in row.items() if k not in ("source", "basis")} for row in each.rows("ledger")]
        for each in (found, asked)
    ]
    assert without_sources[0] == without_sources[1]
    for name in set(asked.ledger) - {"chip", "lines", "digital", "digital_backprop"}:
        assert found.ledger[name] == asked.ledger[name], name
    assert found.recipe is None and found.summary["recipe"] is None and "from parts" in repr(found)
    assert found.test()["ideal"] == asked.accuracy["ideal"]


@pytest.mark.parametrize("case", ["ranges are auto", "a circuit"])
def test_calibration_proposes_what_a_recipe_finds(case):
    settings = SMALL | CASES[case] | ({"network.input_gain": "auto"} if case == "a circuit" else {})
    experiment = resolve(recipes.load("braille", [f"{field}={json.dumps(each)}" for field, each in settings.items()]))
    parts = build(experiment)
    found, _ = calibrated(experiment, parts)
    ranges = ohmgrad.calibrate(
        parts.rule,
        parts.task,
        parts.hardware,
        learning_rates=experiment.rule.learning_rates,
        initial_gains=experiment.network.initial_gains,
        epochs=2,
        seed=5,
    )
    wanted: Any = recipes.ranges(found)
    assert wanted.items() >= ranges.by_field.items() and len(ranges.by_field) == (4 if case == "a circuit" else 2)
    network: Any = ranges.rule(parts.rule).network
    if case == "a circuit":
        assert (network.input_gain, network.node_ranges) == (ranges.input_gain, ranges.node_ranges)
    again = ohmgrad.calibrate(
        parts.rule,
        parts.task,
        parts.hardware,
        learning_rates=[1.0, 1.0],
        initial_gains=[1.0, 1.0],
        epochs=1,
        fixed=ranges,
    )
    assert again == ranges


def separable(samples: int, seed: int):
    """Points of a plane, and on which side of a line they lie."""
    x = np.random.default_rng(seed).uniform(-1, 1, (samples, 2)).astype(np.float32)
    return x, (x @ np.array([1.0, -1.0]) > 0).astype(np.int32)


def passing(inputs: int, outputs: int) -> rules.Rule:
    return rules.Backpropagation(networks.FeedForward(inputs, (8,), outputs))


def line() -> tuple[rules.Rule, data.ArrayTask]:
    x, y = separable(256, 0)
    return passing(2, 2), data.ArrayTask(jnp.asarray(x), jnp.asarray(y), 2)


TAOX = crossbar.Hardware(devices.preset("taox-1t1r"))
LEARNING = {"learning_rates": [0.3, 0.3], "initial_gains": [1.0, 1.0], "epochs": 20, "batch": 16, "seeds": 2}


def test_arrays_of_ones_own_are_learned_and_tested():
    rule, task = line()
    found = ohmgrad.run(rule, task, test=separable(500, 1), **LEARNING)
    assert found.accuracy["ideal"].mean > 0.9
    assert found.test()["ideal"] == found.accuracy["ideal"]
    x, y = separable(500, 1)
    assert (found.predict(x).argmax(-1) == y).mean() == pytest.approx(found.accuracy["ideal"].mean)
    assert found.verdicts == {} and "chip_energy_joules" not in found.ledger
    assert found.ledger["digital_energy_joules"]["nominal"] > 0
    assert found.rows() == [{"arm": "ideal", "corruption": "none", "level": 0.0} | found.accuracy["ideal"]._asdict()]


def refused(says: str, **changes: Any) -> None:
    rule, task = line()
    given: dict[str, Any] = {"test": separable(8, 1)} | LEARNING | changes
    with pytest.raises(InputError, match=says) as fault:
        ohmgrad.run(given.pop("rule", rule), given.pop("task", task), **given)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("says", "changes"),
    [
        ("out: .*ohmgrad.chips.save", {"out": "run"}),
        ("learning_rates needs 2 value", {"learning_rates": [0.1]}),
        ("initial_gains", {"initial_gains": [-1.0, 1.0]}),
        ("weight_max needs 2", {"weight_max": [1.0], "hardware": TAOX}),
        ("epoch.*epochs", {"epoch": 3}),
        ("epochs", {"epochs": 0}),
        ("training.batch: 300 is above the 256 samples", {"batch": 300}),
        ("the network's inputs are 3, the task's 2", {"rule": passing(3, 2)}),
        ("the network's outputs are 4, the task's 2", {"rule": passing(2, 4)}),
        ("ledger: .*chip", {"ledger": {"chips": "isaac-tile"}}),
        ("unknown machine in ledger.chip 'isaak'", {"ledger": {"chip": "isaak"}, "hardware": TAOX}),
        ("evaluation: every", {"evaluation": {"every": 0}}),
        ("backprop.*initial_gains", {"backprop": {"learning_rates": [0.1, 0.1]}}),
        ("allowed with parts: new chips", {"chips": "run"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_sentence(says, changes):
    refused(says, **changes)


def test_settings_change_a_recipe_by_name():
    with pytest.raises(InputError, match="settings"):
        ohmgrad.run(recipes.load("braille"), {"training.epochs": 1})
    with pytest.raises(InputError, match="did you mean 'epochs'"):
        ohmgrad.run("braille", {"training.epoch": 1})
