"""The atlas: its short form against scipy, the shipped results against the study and a training, the two commands."""

import json
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

import ohmgrad
from ohmgrad import devices, studies
from ohmgrad.studies import atlas
from ohmgrad.studies.schema import alternatives


def results(accuracies, setting="tuned", status="done", device="taox-1t1r with single pulses"):
    """Rows of a table of results."""
    return pd.DataFrame(
        {
            "device": device,
            "rule": "EP",
            "network": "small",
            "task": "words",
            "setting": setting,
            "status": status,
            "accuracy": accuracies,
            "joules": 2e-3,
            "seconds": 1.0,
            "gpu_joules": 4.0,
            "chosen": "{}",
            "at_edge": "",
        }
    )


def test_the_short_form_has_means_of_tuned_chips_with_student_t_intervals():
    tuned = [0.91, 0.94, 0.9, 0.97]
    found = atlas.summary(
        pd.concat([results(tuned), results([0.1, 0.2], setting="default"), results([np.nan], status="failed")])
    )
    (row,) = found.to_dict("records")
    interval = stats.ttest_1samp(tuned, 0).confidence_interval(0.95)
    assert (row["device"], row["scheme"], row["chips"]) == ("taox-1t1r", "single pulses", 4)
    assert row["accuracy"] == pytest.approx(np.mean(tuned), abs=1e-6)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, min(1, interval.high)), abs=1e-6)


def test_shipped_results_are_cells_of_the_study():
    found: Any = atlas.shipped()
    study, about = studies.load("atlas"), atlas.about()
    levels = {name: set(alternatives(name, factor)) for name, factor in study.factors.items()}
    for name in ("rule", "network", "task"):
        assert set(found[name]) <= levels[name]
    assert set(found["device"] + atlas.WITH + found["scheme"]) <= levels["device"]
    assert set(found["device"]) <= set(devices.names())
    assert len(found) == len(found.drop_duplicates(atlas.COLUMNS)) == about["cells"] <= about["of"]
    assert set(found["chips"]) == {study.seeds} == {about["chips"]}
    assert ((found["low"] >= 0) & (found["low"] <= found["accuracy"]) & (found["accuracy"] <= found["high"])).all()
    assert (found["joules"] > 0).all() and (found["gpu_joules"] > 0).all()
    assert (
        sum(len(resources.files("ohmgrad.studies").joinpath(n).read_bytes()) for n in ("atlas.csv", "atlas.json")) < 2e6
    )


def test_a_training_comes_to_what_is_shipped():
    row = atlas.chosen(device="taox-1t1r", scheme="single pulses", rule="centered EP", task="braille").to_dict(
        "records"
    )[0]
    trained = ohmgrad.run(atlas.recipe("taox-1t1r", "braille", row, chips=3)).accuracy["crossbar"]
    assert trained.mean == pytest.approx(row["accuracy"], abs=0.03)


def test_the_atlas_answers_in_words_and_for_scripts(ohmgrad_here):
    told = ohmgrad_here("atlas", "--device", "taox-1t1r", "--task", "braille")
    assert told.returncode == 0 and "is best" in told.stdout and "taox-1t1r" in told.stdout
    rows = json.loads(ohmgrad_here("atlas", "--device", "taox-1t1r", "--json").stdout)["rows"]
    assert len(rows) == (atlas.shipped()["device"] == "taox-1t1r").sum()
    best = max((row for row in rows if row["task"] == "braille"), key=lambda row: row["accuracy"])
    assert f"{best['rule']} is best" in told.stdout


def test_a_name_that_the_atlas_does_not_hold_is_told_with_the_nearest(ohmgrad_here):
    wrong = ohmgrad_here("atlas", "--device", "taox-1t1")
    assert wrong.returncode == 2 and "did you mean 'taox-1t1r'" in wrong.stderr
    wrong = ohmgrad_here("advise", "taox-1t1r", "--task", "brail")
    assert wrong.returncode == 2 and "did you mean 'braille'" in wrong.stderr


def test_advice_for_a_device_file(ohmgrad_here, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        yaml.safe_dump({"preset": "taox-1t1r", "title": "mine", "citation": "none", "spread": {"step": 0.1}})
    )
    advice = json.loads(ohmgrad_here("advise", path, "--json").stdout)
    accuracies = [choice["accuracy"] for choice in advice["choices"]]
    assert len(accuracies) == 3 and accuracies == sorted(accuracies, reverse=True)
    assert advice["nearest"][0]["device"] == "taox-1t1r"
    assert 0 <= advice["score"]["near_best"] <= 1 and advice["score"]["devices"] == atlas.shipped()["device"].nunique()
    assert all(choice["low"] <= choice["accuracy"] <= choice["high"] for choice in advice["choices"])
    told = ohmgrad_here("advise", path)
    assert told.returncode == 0 and "improve first" in told.stdout and advice["choices"][0]["rule"] in told.stdout
