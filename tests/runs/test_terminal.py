"""Oracle: what the issue and the help promise, checked on the real program in a process of its own."""

import csv
import json
import re

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file
from scipy import stats
from small import SMALL

import ohmgrad as package


@pytest.fixture(params=["braille", "braille-reconstruct"])
def finished(request, small_run):
    """A small run of each shipped recipe of code words: its folder and what --json printed."""
    return small_run(request.param)


def test_json_holds_what_scripts_rely_on(finished):
    folder, result = finished
    assert result["seeds"] == [5, 6]
    assert result["run_dir"] == str(folder)
    for arm in ("crossbar", "ideal", "backprop", "best_decoder"):
        assert 0 <= result["test_accuracy"][arm]["mean"] <= 1
    for kind in ("flips", "unreadable"):
        curves = result["accuracy_by_corruption"][kind]
        assert curves["levels"][0] == 0 and curves["levels"][-1] == 0.3
        for arm in result["test_accuracy"]:
            assert set(curves[arm]) == {"mean", "std", "low", "high"}
            assert {len(values) for values in curves[arm].values()} == {len(curves["levels"])}
    at_ten_percent = result["accuracy_by_corruption"]["flips"]["levels"].index(0.1)
    for arm, score in result["test_accuracy"].items():
        curve = result["accuracy_by_corruption"]["flips"][arm]
        assert {part: values[at_ten_percent] for part, values in curve.items()} == score
    for key in ("chip_energy_joules", "digital_energy_joules", "ratio"):
        low, nominal, high = (result["ledger"][key][bound] for bound in ("low", "nominal", "high"))
        assert 0 < low <= nominal <= high


def test_intervals_are_student_s_over_chips_and_differences_paired(finished):
    """By scipy, from the rows of metrics.csv; two chips alike to the last answer have another interval."""
    folder, result = finished
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    tested = [r for r in rows if (r["metric"], r["corruption"], r["level"]) == ("test_accuracy", "flips", "0.1")]
    by_arm = {arm: [float(r["value"]) for r in tested if r["arm"] == arm] for arm in result["test_accuracy"]}
    found = [(score, by_arm[arm], 0) for arm, score in result["test_accuracy"].items()]
    found += [(each, np.subtract(by_arm[each["arm"]], by_arm[each["less"]]), -1) for each in result["test_difference"]]
    assert len(found) == 4 + 6
    for estimate, of_chips, least in found:
        assert estimate["mean"] == pytest.approx(np.mean(of_chips), abs=1e-6)
        if np.ptp(of_chips):
            low, high = stats.t.interval(0.95, 1, np.mean(of_chips), stats.sem(of_chips))
            assert (estimate["low"], estimate["high"]) == pytest.approx((max(low, least), min(high, 1)), abs=1e-6)
    assert "95 % interval over other chips and other test words" in (folder / "report.html").read_text()


def test_run_folder_is_complete_and_consistent(finished):
    folder, result = finished
    assert {path.name for path in folder.iterdir()} == {
        *("recipe.yaml", "environment.json", "metrics.csv", "ledger.json", "weights.safetensors", "chips.safetensors"),
        "probes.safetensors",
        *("emissions.csv", "examples.json", "summary.json", "report.html"),
    }
    resolved = yaml.safe_load((folder / "recipe.yaml").read_text())
    assert resolved["training"]["epochs"] == 2
    assert resolved["hardware"]["device"]["write_error_siemens"] == 3.894e-6
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["ohmgrad"] == package.__version__
    assert environment["seeds"] == [5, 6]
    assert environment["commit"] is None or re.fullmatch("[0-9a-f]{40}", environment["commit"])
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    headline = [
        float(r["value"])
        for r in rows
        if (r["arm"], r["metric"], r["corruption"], r["level"]) == ("crossbar", "test_accuracy", "flips", "0.1")
    ]
    assert np.mean(headline) == pytest.approx(result["test_accuracy"]["crossbar"]["mean"])
    losses = [r for r in rows if r["metric"] == "loss"]
    assert len(losses) == 3 * 2 * 2  # arms, epochs, chips


def test_conductances_give_the_weights_that_are_saved(finished):
    folder, _ = finished
    tensors = load_file(folder / "weights.safetensors")
    resolved = yaml.safe_load((folder / "recipe.yaml").read_text())
    for layer, weight_max in enumerate(resolved["hardware"]["weight_max"], start=1):
        g, weights = tensors[f"crossbar/layer{layer}/conductances"], tensors[f"crossbar/layer{layer}/weights"]
        assert g.min() >= 0 and g.max() <= 150e-6 * (1 + 1e-6)
        _, height, width = weights.shape
        side_by_side = np.concatenate(list(np.moveaxis(g[:, 0], 1, 0)), axis=-1)  # one row of tiles in both recipes
        expected = (side_by_side[:, 0] - side_by_side[:, 1])[:, :height, :width] * weight_max / 150e-6
        np.testing.assert_allclose(weights, expected, rtol=1e-4, atol=1e-7)


def test_chip_bill_is_the_sum_of_its_lines(finished):
    folder, result = finished
    bill = json.loads((folder / "ledger.json").read_text())
    assert bill == result["ledger"]
    for bound in ("low", "nominal", "high"):
        assert sum(line["joules"][bound] for line in bill["chip"]["lines"]) == pytest.approx(
            bill["chip_energy_joules"][bound]
        )
    assert bill["ratio"]["low"] == pytest.approx(
        bill["digital_energy_joules"]["low"] / bill["chip_energy_joules"]["high"]
    )
    assert "batch" in bill["digital"]["conditions"] and "utilisation" in bill["digital"]["conditions"]


def test_reads_are_counted_as_the_schedule_says(finished):
    """Vectors driven, from the recipe alone: once by the input, then by the other layers in every sweep."""
    folder, result = finished
    resolved = yaml.safe_load((folder / "recipe.yaml").read_text())
    rule, training = resolved["rule"], resolved["training"]
    samples = training["epochs"] * -(-64 // training["batch"]) * training["batch"]
    by_the_input = 1 if resolved["network"]["kind"] == "layered-hopfield" else 0
    sweeps = rule["free"]["sweeps"] + 2 * rule["pushed"]["sweeps"]
    assert result["ledger"]["counts"]["crossbar"]["reads"] == samples * (by_the_input + 2 * sweeps)


def test_report_page_needs_nothing_but_itself(finished, ohmgrad):
    folder, _ = finished
    page = (folder / "report.html").read_text()
    assert page.count("<svg") >= 4 + 24  # four pictures, twelve words before and after
    for outside in ("<script src", "<link", "url(http", 'src="http'):
        assert outside not in page
    for part in (
        "Words as received and as answered",
        "Accuracy against corruption",
        "Learning curves",
        "Conductance maps",
        "cost",
    ):
        assert part in page
    (folder / "report.html").unlink()
    assert ohmgrad("report", folder).returncode == 0
    assert (folder / "report.html").read_text() == page


def test_same_recipe_and_seed_give_the_same_bits(finished, ohmgrad, tmp_path):
    folder, result = finished
    again = ohmgrad("train", result["recipe"], *SMALL, "--out", tmp_path / "again", "--seed", 5)
    assert again.returncode == 0
    for name in ("chips.safetensors", "weights.safetensors", "metrics.csv", "ledger.json", "examples.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    other = ohmgrad("train", result["recipe"], *SMALL, "--out", tmp_path / "other", "--seed", 6)
    assert other.returncode == 0
    assert (tmp_path / "other" / "weights.safetensors").read_bytes() != (folder / "weights.safetensors").read_bytes()


def test_a_resolved_recipe_is_a_recipe_and_gives_the_same_bits(finished, ohmgrad, tmp_path):
    folder, _ = finished
    again = ohmgrad("train", folder / "recipe.yaml", "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / "weights.safetensors").read_bytes() == (folder / "weights.safetensors").read_bytes()


def test_own_code_words_from_a_file(ohmgrad, tmp_path):
    rows = np.sign(np.random.default_rng(0).normal(size=(8, 20))).astype(int)
    np.savetxt(tmp_path / "mine.csv", rows, fmt="%d", delimiter=",")
    recipe = yaml.safe_load(ohmgrad("recipes", "braille").stdout)
    recipe["data"] = {"kind": "patterns", "file": str(tmp_path / "mine.csv")}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    eight = ["--set", "training.batch=8"]
    done = ohmgrad("train", tmp_path / "mine.yaml", *SMALL, *eight, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert load_file(tmp_path / "run" / "weights.safetensors")["ideal/layer1/weights"].shape == (2, 21, 63)


def test_recipes_lists_and_prints(ohmgrad):
    listed = json.loads(ohmgrad("recipes", "--json").stdout)["recipes"]
    assert {"braille", "braille-reconstruct"} <= set(listed)
    assert "braille" in ohmgrad("recipes").stdout
    printed = yaml.safe_load(ohmgrad("recipes", "braille").stdout)
    assert printed["title"] == listed["braille"]["title"]


def test_version_and_help(ohmgrad):
    assert ohmgrad("--version").stdout.strip() == f"ohmgrad {package.__version__}"
    overview = ohmgrad("--help")
    assert overview.returncode == 0 and "ohmgrad train braille" in overview.stdout
    for command in ("train", "recipes", "report"):
        text = ohmgrad(command, "--help").stdout
        assert "Example" in text and "--json" in text


def test_help_imports_no_jax(ohmgrad):
    script = "import sys; from ohmgrad import cli, recipes; recipes.names(); sys.exit('jax' in sys.modules)"
    import subprocess
    import sys

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
