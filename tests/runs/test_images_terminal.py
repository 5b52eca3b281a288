"""Oracle: what the help and the docs promise of runs on image sets, checked on the real program."""

import base64
import csv
import io
import json

import numpy as np
import pytest
import yaml
from matplotlib.image import imread
from safetensors.numpy import load_file
from scipy import stats

from ohmgrad import recipes
from ohmgrad.report import pictures

RECIPE = {
    "title": "digits on a small Hopfield network",
    "data": {"kind": "images", "name": "digits"},
    "network": {
        "kind": "layered-hopfield",
        "hidden": [32],
        "hidden_neuron": "hard-sigmoid",
        "output_neuron": "linear",
        "initial_gains": [0.4, 0.4],
    },
    "rule": {
        "kind": "activity-difference",
        "strength": 0.2,
        "free": {"sweeps": 12, "order": "odd-even"},
        "pushed": {"sweeps": 8, "order": "odd-even"},
        "learning_rates": [0.2, 0.1],
    },
    "training": {"epochs": 3, "batch": 16, "seeds": 2, "decay": 0.9},
    "evaluation": {"every": 2},
}
HARDWARE = {"array_pairs": 3, "weight_max": [1.0, 1.0], "adc_full_scale_amperes": [1e-4, 1e-4]}
BACKPROP = {"initial_gains": [1.0, 1.0], "learning_rates": [0.2, 0.1]}


@pytest.fixture(scope="module", params=["ideal weights", "all arms"])
def finished(request, ohmgrad, tmp_path_factory):
    """A finished run: its folder, what --json printed, and the arms it has."""
    folder = tmp_path_factory.mktemp("images")
    everything = request.param == "all arms"
    recipe = RECIPE | ({"hardware": HARDWARE, "backprop": BACKPROP} if everything else {})
    (folder / "mine.yaml").write_text(yaml.safe_dump(recipe))
    done = ohmgrad("train", folder / "mine.yaml", "--out", folder / "run", "--json")
    assert done.returncode == 0, done.stderr
    return folder / "run", json.loads(done.stdout), ["crossbar", "ideal", "backprop"] if everything else ["ideal"]


def test_a_run_on_images_learns_and_says_so(finished):
    folder, result, arms = finished
    assert list(result["test_accuracy"]) == arms
    assert result["test_accuracy"]["ideal"]["mean"] > 0.6
    for arm in arms:
        table = np.array(result["confusion"][arm])
        assert table.sum() == 2 * 360
        share = np.trace(table) / table.sum()
        assert share == pytest.approx(result["test_accuracy"][arm]["mean"], abs=1e-6)
        low, high = stats.binomtest(np.trace(table) // 2, 360).proportion_ci(method="wilson")
        score = result["test_accuracy"][arm]
        assert score["high"] - score["low"] > 0.8 * (high - low)  # both chips see one test set of 360 images
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    curve = [row for row in rows if row["metric"] == "learning_curve" and row["arm"] == "ideal"]
    assert [int(row["epoch"]) for row in curve] == [2, 2, 3, 3]
    assert {row["corruption"] for row in curve} == {"test"}
    assert load_file(folder / "weights.safetensors")["ideal/layer1/weights"].shape == (2, 65, 32)


def test_the_bill_has_what_the_run_had(finished):
    _, result, arms = finished
    bill = result["ledger"]
    assert ("chip_energy_joules" in bill) == ("crossbar" in arms)
    assert ("ratio_backprop" in bill) == (len(arms) == 3)
    assert bill["digital_energy_joules"]["nominal"] > 0


def test_the_page_shows_images_and_confusions(finished):
    folder, _, arms = finished
    page = (folder / "report.html").read_text()
    assert page.count("<img alt=") == 12
    assert "What wrong answers were" in page
    assert ("Conductance maps" in page) == ("crossbar" in arms)
    assert "dots" not in page.split("Recipe, with every value resolved")[0]


def test_the_resolved_recipe_runs_again_to_the_same_numbers(finished, ohmgrad, tmp_path):
    folder, result, arms = finished
    if "crossbar" not in arms:
        done = ohmgrad("train", folder / "recipe.yaml", "--out", tmp_path / "again", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["test_accuracy"] == result["test_accuracy"]


@pytest.mark.usefixtures("ngspice")
@pytest.mark.parametrize("phase", ["free", "nudged"])
def test_a_trained_resistive_network_is_what_ngspice_says(phase, ohmgrad_here, resistive_run, tmp_path):
    file = tmp_path / "network.cir"
    done = ohmgrad_here("spice", resistive_run, "--phase", phase, "--sample", "3", "--out", file, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ngspice"]["agrees"]
    assert file.read_text().count("\nR") > 100
    assert ("Gy0" in file.read_text()) == (phase == "nudged")
    refused = ohmgrad_here("spice", resistive_run, "--layer", "1", "--out", file)
    assert refused.returncode == 2 and "one circuit" in refused.stderr


@pytest.fixture(scope="module")
def resistive_run(ohmgrad, tmp_path_factory):
    """A resistive network on devices, trained for a moment."""
    folder = tmp_path_factory.mktemp("resistive")
    recipe = RECIPE | {
        "network": {"kind": "resistive", "hidden": [12], "input_gain": 100, "initial_gains": [1, 1]},
        "rule": RECIPE["rule"] | {"strength": 1, "learning_rates": [0.006, 0.006]},
        "training": {"epochs": 1, "batch": 16, "seeds": 1},
        "hardware": {
            "device": {"preset": "aihwkit-reram-sb"},
            "mapping": {"kind": "direct"},
            "array_pairs": 4,
            "weight_max": [0.5, 0.5],
            "adc": {"range": "vector"},
            "adc_full_scale_amperes": [1e-3, 1e-3],
        },
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(recipe))
    done = ohmgrad("train", folder / "mine.yaml", "--out", folder / "run", "--json")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_a_signal_is_drawn_as_a_curve_from_the_bottom_to_the_top():
    signal = np.linspace(-1, 1, 40).reshape(1, 40, 1)
    drawn = imread(io.BytesIO(base64.b64decode(pictures.png(signal.tolist()))))[:, :, 0] == 0
    assert drawn.shape[1] == 40 and drawn.any(0).all()
    rows = np.arange(len(drawn))[:, None]
    middle = np.where(drawn, rows, 0).sum(0) / drawn.sum(0)
    np.testing.assert_allclose(middle, (1 - signal.ravel()) / 2 * (len(drawn) - 1), atol=1)
    assert drawn[-1, 0] and drawn[0, -1] and not drawn[0, 0]


FAULTS = {
    "levels of corruption": ("evaluation.levels=[0.1]", "evaluation.levels is for corrupted code words"),
    "more samples than there are": ("data.samples=2000", "above the 1437 training images of digits"),
    "unknown set": ("data.name=minst", "'mnist'"),
    "no such folder": ("data={kind: images, name: mnist, folder: /nowhere}", "/nowhere"),
    "a nudge that is too strong": ("rule.strength=1", "upside down"),
    "decay above one": ("training.decay=1.5", "training.decay"),
    "rule that does not settle": ("rule={kind: backpropagation, learning_rates: [1, 1]}", "activity-difference"),
    "an optimiser of conductances": (
        "network={kind: resistive, hidden: [8], initial_gains: [1, 1]}",
        "training.optimiser",
    ),
    "tolerance of zero": ("rule.free={sweeps: 5, tolerance: 0}", "rule.free.tolerance"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_one_sentence_and_leave_nothing(fault, ohmgrad_here, tmp_path):
    setting, wanted = FAULTS[fault]
    optimised = {"training": RECIPE["training"] | {"optimiser": {"kind": "sgd"}}} if "optimiser" in fault else {}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(RECIPE | optimised))
    done = ohmgrad_here("train", tmp_path / "mine.yaml", "--set", setting, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert wanted in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_recipes_tell_size_and_what_was_measured(ohmgrad_here):
    table = json.loads(ohmgrad_here("recipes", "--json").stdout)["recipes"]
    measured = {name: row["expected"] for name, row in table.items() if row["expected"]}
    on_devices = {name for name in measured if recipes.load(name).hardware is not None}
    assert len(measured.keys() - on_devices) >= 3 and on_devices
    for name, row in measured.items():
        assert 0 < row["test_error"] < (0.2 if name in on_devices else 0.1) and row["minutes"] > 0, name
    assert table["mnist-hopfield"]["size"] == "layered-hopfield, 1024 hidden neurons, 40 epochs on 1 chip(s)"
    shown = ohmgrad_here("recipes").stdout
    assert all(name in shown for name in table)


def test_a_class_without_test_images_is_an_empty_row_of_the_confusion():
    """Warnings are errors here: nothing may be divided by the images that there are not."""
    summary = {"classes": ["a", "b", "c"], "confusion": {"ideal": [[3, 1, 0], [0, 0, 0], [0, 0, 2]]}}
    assert "nan" not in pictures.confusion(summary)
