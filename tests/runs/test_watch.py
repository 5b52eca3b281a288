"""Oracle: the summary of the same run; what a watcher is told and a terminal shows is what the run came to."""

import io

import pytest
from rich.console import Console
from scipy import stats

from ohmgrad import recipes, runs
from ohmgrad.cli import console, train


def test_a_watcher_hears_the_learning_curve_of_every_training(tmp_path):
    settings = ["training.epochs=2", "training.seeds=1", "evaluation.every=2", "backprop=null", "hardware=null"]
    told, folder = [], tmp_path / "run"
    experiment, parts = runs.begin("braille", recipes.load("braille", settings), folder)
    summary = runs.run("braille", experiment, parts, folder, lambda *heard: told.append(heard))
    assert [heard[:3] for heard in told] == [("ideal", epoch, 2) for epoch in (0, 1, 2)]
    assert [heard[3] for heard in told[:2]] == [None, None]
    found = summary["test_accuracy"]["ideal"]
    expected = stats.binomtest(round(found["mean"] * 1024), 1024).proportion_ci(method="wilson")
    assert (found["low"], found["high"]) == pytest.approx(
        (expected.low, expected.high)
    )  # 64 words, 16 copies, one chip
    assert "test words alone" in summary["interval"]
    assert told[2][3] == pytest.approx(summary["validation_accuracy"]["ideal"]["mean"])


def test_bars_show_it(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=shown, force_terminal=True, width=100))
    with train._watch() as watch:
        watch("ideal", 0, 2, None)
        watch("ideal", 2, 2, 0.9531)
    assert "2/2" in shown.getvalue() and "95.3 % right" in shown.getvalue()
