"""Oracle: what docs/own_parts.md promises of a recipe whose parts are all of a user's own, by its own module."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from pages import ROOT, write_files
from test_resume import start_and_kill_when

import ohmgrad as package
from ohmgrad import recipes
from ohmgrad.errors import InputError
from ohmgrad.parts import custom
from ohmgrad.recipes.build import resolve
from ohmgrad.runs import environment

LONG = ["--set", "training.epochs=800", "--set", "evaluation.every=400"]
FILES = ("chips.safetensors", "weights.safetensors", "metrics.csv", "ledger.json", "examples.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the module and the recipe of the page lie."""
    made = tmp_path_factory.mktemp("own")
    write_files(ROOT / "docs" / "own_parts.md", made)
    return made


@pytest.fixture(scope="module")
def run(folder, ohmgrad, tmp_path_factory):
    """A training that nothing interrupted, begun elsewhere than where the recipe lies."""
    made = tmp_path_factory.mktemp("elsewhere")
    done = ohmgrad("train", folder / "mine.yaml", *LONG, "--out", made / "run", "--json", cwd=made)
    assert done.returncode == 0, done.stderr
    return made / "run", json.loads(done.stdout)


def test_it_learns(run):
    _, summary = run
    assert summary["test_accuracy"]["crossbar"]["mean"] > 0.8
    assert summary["test_accuracy"]["ideal"]["mean"] > 0.9
    assert summary["interval"].endswith("other test samples")


def test_killed_and_resumed_it_ends_with_the_same_bits(run, folder, ohmgrad, tmp_path):
    begun = tmp_path / "run"
    words = ["train", folder / "mine.yaml", *LONG, "--out", begun]
    start_and_kill_when(ohmgrad, words, (begun / "chips.safetensors").exists)
    assert not (begun / "summary.json").exists()
    done = ohmgrad("train", "--resume", begun, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in FILES:
        assert (begun / name).read_bytes() == (run[0] / name).read_bytes(), name


def test_its_run_is_priced_reported_and_reopened_from_anywhere(run, ohmgrad_here, tmp_path):
    made, summary = run
    page = (made / "report.html").read_text()
    assert "Right answers to test samples" in page and "Conductance maps" in page
    priced = ohmgrad_here("ledger", made, "--gpu", "a100-sxm", "--json", cwd=tmp_path)
    assert priced.returncode == 0, priced.stderr
    table = json.loads(priced.stdout)
    assert table["chip_energy_joules"] == summary["ledger"]["chip_energy_joules"]
    assert table["digital_energy_joules"] != summary["ledger"]["digital_energy_joules"]
    reopened = package.load(made)
    assert type(reopened.rule).__name__ == "DeltaRule" and reopened.rule.network.shapes == ((10, 2),)
    right = {arm: score.mean for arm, score in reopened.test().items()}
    assert right == pytest.approx({arm: score["mean"] for arm, score in summary["test_accuracy"].items()})
    ones = np.sign(np.arange(9) - 3.5)[None]  # five of them
    assert (reopened.predict(ones, "ideal").argmax(-1) == 1).all()
    environment = json.loads((made / "environment.json").read_text())
    assert [Path(file).name for file in environment["modules"]] == ["mine.py"]


def test_its_chips_are_trained_on(run, ohmgrad_here, tmp_path):
    words = ["train", "--from", run[0], "--set", "training.epochs=1", "--out", tmp_path / "more", "--json"]
    done = ohmgrad_here(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["chips_from"]["epochs"] == 800


def test_a_statement_is_exact_where_shapes_decide_and_made_anew_when_the_module_changes(ohmgrad, tmp_path):
    write_files(ROOT / "docs" / "own_parts.md", tmp_path)

    def stated() -> dict:
        done = ohmgrad("cost", "mine.yaml", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    counts = stated()["counts"]["expected"]
    assert counts["reads"] == 4 * 128 and counts["dac_conversions"] == 4 * 128 * 2 * 10
    assert counts["pulses"]["nominal"] == pytest.approx(0.1 * 4 * 8 * 2 * 20)
    module = tmp_path / "mine.py"
    module.write_text(module.read_text().replace("Range(0.0, 0.1, 1.0)", "Range(0.0, 0.25, 1.0)"))
    assert stated()["counts"]["expected"]["pulses"]["nominal"] == pytest.approx(0.25 * 4 * 8 * 2 * 20)


def test_their_fields_are_listed_with_bounds_and_meanings(folder, ohmgrad_here):
    done = ohmgrad_here("recipes", folder / "mine.yaml", "--fields", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["field"]: row for row in json.loads(done.stdout)["fields"]}
    assert rows["rule<mine:DeltaRule>.margin"] == {
        "field": "rule<mine:DeltaRule>.margin",
        "allowed": "number, >= 0, <= 1",
        "default": "0.0",
        "meaning": "errors up to this count as none",
    }
    for field in ("data<mine:Majority>.signs", "network.neuron<mine:Softsign>.width", "rule<holomorphic-ep>.phases"):
        assert field in rows
    assert "hardware.device.response<mine:Ceiling>.ceiling" in rows and "hardware.write<mine:Threshold>.steps" in rows


def test_a_neuron_by_its_path_alone_takes_its_defaults(folder):
    network = recipes.load(str(folder / "mine.yaml"), ["network.neuron=mine:Softsign"]).network
    assert (network.neuron.kind, network.neuron.width) == ("mine:Softsign", 1.0)


MODULE = """
from ohmgrad.networks import FeedForward
from ohmgrad.parts import Number, number
from ohmgrad.rules import Backpropagation, Rule


class Incomplete(Rule):
    network: FeedForward


class Broken(Backpropagation):
    "Backpropagation, until it learns."
    pace: Number = number(1.0, "how fast", gt=0, le=1)

    def learn(self, synapses, x, target, key):
        return undefined


class Refusing(Backpropagation):
    "Never built."

    def __check_init__(self):
        raise KeyError("no way")
"""
RULE = "{kind: 'MODULE:Broken', learning_rates: [0.1, 0.1]}"
FAULTS = {
    "no module": ("rule.kind=no_such_module:Rule", "rule: there is no module no_such_module, installed or in "),
    "no class": ("rule.kind=MODULE:Brokn", "rule: MODULE has no Brokn that is a Rule; allowed: a subclass of"),
    "a class of another part": ("network.kind=MODULE:Broken", "network: MODULE has no Broken that is a Network"),
    "not complete": ("rule.kind=MODULE:Incomplete", "rule: MODULE:Incomplete is not complete; needed: infer, learn"),
    "out of range": ("rule.pace=3", "rule.pace: input should be less than or equal to 1 (given: 3)"),
    "unknown field": ("rule.pce=1", "unknown field 'rule.pce'; did you mean 'pace'? known here: "),
    "for another network": ("network.kind=layered-hopfield", "'MODULE:Broken' does not go with network.kind 'layered"),
    "unknown kind": ("rule.kind=brokn", "rule.kind: unknown kind 'brokn'; allowed: 'activity-difference'"),
    "a fault while it learns": ("title=x", "MODULE.py:16: NameError: name 'undefined' is not defined"),
    "a fault when it is built": ("rule.kind=MODULE:Refusing", "MODULE.py:23: KeyError: 'no way'"),
    "syntax": ("rule.kind=MODULE_syntax:Rule", "MODULE_syntax cannot be imported (SyntaxError: '(' was never closed"),
    "fails": ("rule.kind=MODULE_fails:Rule", "MODULE_fails cannot be imported (ZeroDivisionError: division by zero"),
    "exits": ("rule.kind=MODULE_exits:Rule", "MODULE_exits cannot be imported (SystemExit: 3"),
    "needs another": ("rule.kind=MODULE_needs:Rule", "MODULE_needs cannot be imported (ModuleNotFoundError: No module"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence(fault, ohmgrad_here, tmp_path):
    setting, says = FAULTS[fault]
    module = f"faulty_{list(FAULTS).index(fault)}"
    for ending, text in (
        ("", MODULE),
        ("_syntax", "x = ("),
        ("_fails", "1 / 0"),
        ("_exits", "raise SystemExit(3)"),
        ("_needs", "import no_such_module_either"),
    ):
        (tmp_path / f"{module}{ending}.py").write_text(text)
    recipe = {
        "title": "faulty",
        "data": {"kind": "braille", "copies": 1},
        "network": {"kind": "feed-forward", "hidden": [5], "initial_gains": [1.0, 1.0]},
        "rule": {"kind": f"{module}:Broken", "learning_rates": [0.1, 0.1]},
        "training": {"epochs": 1, "batch": 16, "seeds": 1},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    done = ohmgrad_here("cost", tmp_path / "mine.yaml", "--set", setting.replace("MODULE", module))
    assert done.returncode == 2 and done.stdout == ""
    assert says.replace("MODULE", module) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_two_modules_of_one_name_are_not_mixed_up(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_files(ROOT / "docs" / "own_parts.md", tmp_path / name)
        (tmp_path / name / "mine.py").rename(tmp_path / name / "twice_mine.py")
        recipe = tmp_path / name / "mine.yaml"
        recipe.write_text(recipe.read_text().replace("mine:", "twice_mine:"))
    recipes.load(str(tmp_path / "one" / "mine.yaml"))
    with pytest.raises(InputError, match=r"twice_mine is already imported from .*one/twice_mine\.py"):
        recipes.load(str(tmp_path / "two" / "mine.yaml"))


def test_installed_packages_come_first(tmp_path):
    """A module beside the recipe takes no library's place."""
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    (tmp_path / "optax.py").write_text("raise SystemExit('imported')")
    write_files(ROOT / "docs" / "own_parts.md", tmp_path)
    (tmp_path / "mine.py").rename(tmp_path / "first_mine.py")
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(recipe.read_text().replace("mine:", "first_mine:"))
    recipes.load(str(recipe), ["training.optimiser.kind=adam"])


def test_an_entry_point_is_a_kind(tmp_path, monkeypatch, ohmgrad_here):
    (tmp_path / "rules_of_ours.py").write_text(MODULE)
    about = tmp_path / "rules_of_ours-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rules-of-ours\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ohmgrad.Rule]\nslow-backprop = rules_of_ours:Broken\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = ["rule.kind=slow-backprop", "rule.pace=0.5", "network.kind=feed-forward"]
    experiment = recipes.load("mnist-dfa", settings)
    assert (experiment.rule.kind, experiment.rule.pace) == ("slow-backprop", 0.5)
    assert recipes.load_text(recipes.dump(experiment), "kept") == experiment
    listed = ohmgrad_here("recipes", "--fields")
    assert "weight-perturbation | predictive-coding | forward-forward | slow-backprop | package:Name" in listed.stdout


def test_a_module_that_is_gone_stops_no_run_and_is_in_no_other_runs_folder(tmp_path, ohmgrad_here):
    write_files(ROOT / "docs" / "own_parts.md", tmp_path)
    module = tmp_path / "gone_mine.py"
    (tmp_path / "mine.py").rename(module)
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(recipe.read_text().replace("mine:", "gone_mine:"))
    experiment = resolve(recipes.load(str(recipe)))
    module.unlink()
    found = environment.describe([0], experiment.modules or ())["modules"]
    assert found == {str(module): custom.sources([str(tmp_path)])[str(module)]}
    assert environment.describe([0])["modules"] == {}
