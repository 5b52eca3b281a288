"""What did not work is in the summary, the terminal and the report: cells that failed to verify, phases that did not
settle, wires that were not solved."""

import html
import json

import pytest
from small import SMALL

from ohmgrad.report import words

TINY = [
    *SMALL,
    *("--set", "network.hidden=[4]", "--set", "training.batch=24"),
    *("--set", "hardware.rows=8", "--set", "hardware.columns=8"),
    *("--set", "hardware.wires={row_ohms: 1, column_ohms: 1}", "--set", "rule.free.sweeps=1", "--set", "backprop=null"),
    *("--set", "hardware.write={kind: write-verify, pulse_budget: 1}"),
]


@pytest.fixture(scope="module")
def tiny_run(ohmgrad, tmp_path_factory):
    """A run of six dots and three patterns whose cells get one pulse to reach their goal, in one sweep a phase."""
    folder = tmp_path_factory.mktemp("failures")
    (folder / "patterns.txt").write_text("1,-1,1,1,-1,-1\n-1,1,-1,-1,1,1\n1,1,1,-1,-1,-1\n")
    data = "data={kind: patterns, file: patterns.txt, copies: 8}"
    done = ohmgrad("train", "braille", *TINY, "--set", data, "--out", "run", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run", json.loads(done.stdout)


def test_a_run_tells_the_cells_that_failed_to_verify(tiny_run):
    folder, summary = tiny_run
    found, counted = summary["verification"], summary["ledger"]["counts"]["crossbar"]
    assert found["cells_per_layer"] == [7 * 4 * 2, 5 * 3 * 2]  # a bias row each, two devices a weight
    assert 0 < counted["unverified"] <= counted["verifications"]
    assert found["training_failed"] == pytest.approx(counted["unverified"] / counted["verifications"])
    assert all(0 <= n <= cells for n, cells in zip(found["failed_per_layer"], found["cells_per_layer"], strict=True))
    assert json.loads((folder / "summary.json").read_text())["verification"] == found


def test_a_run_tells_phases_that_still_moved(tiny_run):
    """Every sample settles once freely and, centered, twice pushed."""
    _, summary = tiny_run
    for arm in ("crossbar", "ideal"):
        counted = summary["ledger"]["counts"][arm]
        assert counted["free_phases"] == counted["edge_inputs"] / (6 + 3)
        assert counted["pushed_phases"] == 2 * counted["free_phases"]
        state = summary["settling"][arm]
        assert state["free_unsettled"] == pytest.approx(counted["free_unsettled"] / counted["free_phases"])
        assert state["free_unsettled"] > 0.5 and state["diverged"] == 0


def test_a_run_tells_how_well_its_wires_were_solved(tiny_run):
    _, summary = tiny_run
    assert summary["wires"]["within_tolerance"] and len(summary["wires"]["residual_per_layer"]) == 2
    assert 1e-9 < max(summary["wires"]["residual_per_layer"]) < 1e-6


def test_a_run_tells_how_far_its_arrays_are_used(tiny_run):
    """7 x 4 and 5 x 3 weights, biases among them, on arrays of 8 x 8."""
    _, summary = tiny_run
    used = {"tiles_per_layer": [1, 1], "used_per_layer": [28 / 64, 15 / 64]}
    assert summary["arrays"] == {"rows": 8, "columns": 8} | used
    said = "arrays of 8 x 8: layer 1 uses 43.8 % of the cells of 1 tile, layer 2 uses 23.4 % of the cells of 1 tile"
    assert words.arrays(summary) == [said]


def test_report_and_terminal_say_it(tiny_run, ohmgrad_here):
    folder, summary = tiny_run
    said = words.failures(summary)
    assert len(said) == 3  # clipped conversions among them
    again = ohmgrad_here("train", "--resume", folder)
    ohmgrad_here("report", folder)
    shown = " ".join(again.stdout.split())
    page = html.unescape((folder / "report.html").read_text())
    for sentence in said + words.arrays(summary):
        assert sentence in shown
        assert sentence[1:] in page


BAD = {
    "settling": {"crossbar": {"diverged": 2.5}, "ideal": {"diverged": 0.0}},
    "verification": {"cells_per_layer": [200, 50], "failed_per_layer": [10.0, 0.0], "training_failed": 0.25},
    "wires": {"residual_per_layer": [3e-7, 4e-4], "tolerance": 1e-5, "within_tolerance": False},
}


def test_what_failed_is_said_in_words():
    diverged, cells, wires = words.failures(BAD)
    assert diverged == "phases DIVERGED: crossbar 2.5 a chip"
    assert "FAILED TO VERIFY" in cells and "layer 1 5 % (10 of 200), layer 2 0 % (0 of 50)" in cells and "25 %" in cells
    assert wires == "wires NOT SOLVED within 1e-05: largest residual of the training in layer 2 0.0004"


def test_what_went_well_is_one_quiet_line_each():
    good = {
        "verification": {"cells_per_layer": [200], "failed_per_layer": [0.0], "training_failed": 0.0},
        "wires": {"residual_per_layer": [3e-7], "tolerance": 1e-5, "within_tolerance": True},
    }
    cells, wires = words.failures(good)
    assert cells == "all cells verified"
    assert wires == "wires solved: no solution of the training missed Kirchhoff's laws by more than 3e-07"
    assert words.failures({}) == []
