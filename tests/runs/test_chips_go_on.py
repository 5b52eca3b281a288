"""Oracle: the run whose chips go on, and a continuation that was never interrupted."""

import json
import shutil

import numpy as np
import pytest
from small import SMALL
from test_resume import start_and_kill_when

import ohmgrad as package
from ohmgrad import chips

STILL = ["--set", "rule.learning_rates=[1e-50,1e-50]", "--set", "backprop.learning_rates=[1e-50,1e-50]"]
STILL += ["--set", "training.epochs=1"]
"""Rates that are 0 in float32."""


def state(folder):
    """All leaves of a run's chips; neither counts nor curves."""
    return {
        name: array for name, array in chips.read(folder / "chips.safetensors", "run")[0].items() if "/layer" in name
    }


def test_chips_that_learn_nothing_stay_what_they_were(ohmgrad_here, small_run, tmp_path):
    """Without learning every leaf has the bits it had, nothing is programmed, and the summary names their run."""
    before, _ = small_run("braille")
    done = ohmgrad_here("train", "--from", before, *STILL, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    old, new = state(before), state(tmp_path / "run")
    assert old.keys() == new.keys()
    for name, array in old.items():
        assert array.tobytes() == new[name].tobytes(), name
    counts = summary["ledger"]["counts"]["crossbar"]
    assert counts["programs"] == counts["pulses"] == 0 and counts["reads"] > 0
    assert summary["recipe"] == "braille"
    assert summary["chips_from"] == {"folder": str(before), "epochs": 2}
    text = (tmp_path / "run" / "recipe.yaml").read_text()
    assert f"chips: {before}" in text and text.startswith("# braille\n")
    assert f"Chips of {before}" in (tmp_path / "run" / "report.html").read_text()


def test_training_goes_on_where_it_ended_with_draws_of_its_own(ohmgrad_here, small_run, tmp_path):
    """Two more epochs of what the run was trained with: other words than in its first two, and better chips."""
    before, _ = small_run("braille")
    done = ohmgrad_here("train", "--from", before, *SMALL, "--set", "data.copies=4", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    run, old = package.load(tmp_path / "run"), package.load(before)
    assert {arm: each.earlier for arm, each in run.progress.items()} == dict.fromkeys(old.progress, 2)
    for arm, progress in run.progress.items():
        assert progress.epoch == 2 and progress.loss[0].mean() < old.progress[arm].loss[0].mean()
    again = ohmgrad_here("train", "--from", before, *SMALL, "--out", tmp_path / "same")
    assert again.returncode == 0, again.stderr
    same = package.load(tmp_path / "same").progress["ideal"]
    assert (same.loss[0] != old.progress["ideal"].loss[0]).all()
    third = ohmgrad_here("train", "--from", tmp_path / "same", *STILL, "--out", tmp_path / "third", "--json")
    assert json.loads(third.stdout)["chips_from"] == {"folder": str(tmp_path / "same"), "epochs": 4}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["hardware.adc.bits=6"], "hardware.adc.bits: 6 does not go with the chips of"),
        (["hardware.device.step_noise=0.5"], "hardware.device."),
        (["hardware.mapping.offset_siemens=2e-5"], "hardware.mapping.offset_siemens: 2e-05"),
        (["hardware.write.kind=manhattan"], "hardware.write.kind: manhattan"),
        (["network.hidden=[20]"], "network.hidden: [20] does not go with"),
        (["training.seed=6"], "training.seed: 6 does not go with the chips of"),
        (["training.seeds=3"], "training.seeds: 3 does not go with"),
        (["training.optimiser.kind=adam"], "training.optimiser: "),
        (["data.words=[one,two,three]", "training.batch=2"], "data, rule: they do not go with the chips"),
    ],
)
def test_what_cannot_change_is_named(settings, says, ohmgrad_here, small_run, tmp_path):
    before, _ = small_run("braille")
    changes = [word for setting in settings for word in ("--set", setting)]
    done = ohmgrad_here("train", "--from", before, *changes, "--out", tmp_path / "run")
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "run").exists()


def test_another_recipe_of_the_same_machine_takes_over_the_ranges(ohmgrad_here, small_run, tmp_path):
    """Ranges that are auto are those that the chips have: nothing is calibrated anew."""
    before, _ = small_run("braille")
    auto = [f"hardware.{name}=auto" for name in ("weight_max", "adc_full_scale_amperes", "mapping.offset_siemens")]
    changes = [word for setting in (*auto, "training.seeds=2", "training.seed=5") for word in ("--set", setting)]
    done = ohmgrad_here("train", "braille", "--from", before, *changes, *STILL, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["ranges"]
    assert found == json.loads((before / "summary.json").read_text())["ranges"]


def test_from_a_folder_that_is_no_run(ohmgrad_here, tmp_path):
    done = ohmgrad_here("train", "--from", tmp_path, "--out", tmp_path / "run")
    assert done.returncode == 2 and "recipe.yaml cannot be read" in done.stderr
    done = ohmgrad_here("train", "braille", "--from", tmp_path, "--out", tmp_path / "run")
    assert done.returncode == 2 and "training.chips" in done.stderr and "no finished run" in done.stderr
    done = ohmgrad_here("train", "--resume", tmp_path, "--from", tmp_path)
    assert done.returncode == 2 and "--from" in done.stderr


def test_a_continuation_that_is_killed_ends_with_the_same_bits(ohmgrad, tmp_path):
    """On devices that age between steps, from chips that aged before: the clock and all ages go on."""
    device = ["--set", "hardware.device.preset=pcm-inference", "--set", "backprop=null"]
    time = ["--set", "training.step_seconds=7"]
    done = ohmgrad("train", "braille", *SMALL, *device, *time, "--out", tmp_path / "first")
    assert done.returncode == 0, done.stderr
    more = ["train", "--from", tmp_path / "first", "--set", "training.epochs=200", "--set", "evaluation.every=100"]
    assert ohmgrad(*more, "--out", tmp_path / "whole").returncode == 0
    folder = tmp_path / "killed"
    start_and_kill_when(ohmgrad, [*more, "--out", folder], (folder / "chips.safetensors").exists)
    assert not (folder / "summary.json").exists()
    done = ohmgrad("train", "--resume", folder)
    assert done.returncode == 0, done.stderr
    for name in ("chips.safetensors", "metrics.csv", "ledger.json"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    run = package.load(folder)
    clock = (2 + 200) * 7.0  # a step an epoch
    assert {arm: each.seconds for arm, each in run.progress.items()} == {"crossbar": clock, "ideal": clock}
    ages = np.asarray(state(folder)["crossbar/layer1/arrays/last_write/seconds"])
    assert ages.min() < 100 and ages.max() == clock and (ages % 7 == 0).all()


def test_a_changed_arm_of_a_run_is_refused(ohmgrad_here, small_run, tmp_path):
    """A recipe that wants an arm which the run does not have."""
    before = tmp_path / "before"
    shutil.copytree(small_run("braille")[0], before)
    tensors, about = chips.read(before / "chips.safetensors", "run")
    about["arms"].pop("backprop")
    chips.write(
        before / "chips.safetensors", {n: a for n, a in tensors.items() if not n.startswith("backprop/")}, about
    )
    done = ohmgrad_here("train", "--from", before, "--out", tmp_path / "run")
    assert done.returncode == 2 and "no chips of the arm 'backprop'; it has crossbar, ideal" in done.stderr
    done = ohmgrad_here(
        "train", "--from", before, "--set", "backprop=null", *STILL[:2], *STILL[4:], "--out", tmp_path / "r"
    )
    assert done.returncode == 0, done.stderr
