"""What a study shows, from tables whose truth is planted: means, order and pairs worked out by hand."""

import io
import itertools
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ohmgrad.errors import InputError
from ohmgrad.studies.findings import findings

KEYS = """compared levels setting blocks runs failed ranking improvement profiles friedman effects cells sweeps pareto
tuning failures"""
ROW: dict[str, Any] = {
    "rule": "ep",
    "network": "hopfield",
    "task": "digits",
    "device": "taox",
    "sweep": "",
    "level": math.nan,
    "setting": "default",
    "seed": 0,
    "status": "done",
    "reason": "",
    "chosen": "{}",
    "at_edge": "",
    "accuracy": 0.9,
    "joules": 1e-6,
}


def rows(accuracies, **levels):
    """One row per accuracy, of consecutive seeds; the cell is named after its levels."""
    given = ROW | levels
    cell = "-".join(str(given[name]) for name in ("rule", "network", "task", "device", "sweep", "level")).replace(
        " ", ""
    )
    cell += "".join(f"-{name}{value}" for name, value in levels.items() if name not in ROW)
    return [given | {"cell": cell, "seed": seed, "accuracy": each} for seed, each in enumerate(accuracies)]


def found(*groups, factors=("rule",), sweeps=(), **options):
    """The findings, through JSON."""
    table = pd.DataFrame(list(itertools.chain(*groups)))
    return json.loads(json.dumps(findings(table, list(factors), dict(sweeps), **options), allow_nan=False))


def failed(reason, **levels):
    return [row | {"status": "failed", "reason": reason, "seed": -1} for row in rows([math.nan], **levels)]


LUCK = np.array([0.1, -0.1, 0.05, -0.05])
"""Of seeds, the same for all rules."""


def test_ranking_is_by_interquartile_mean_per_network():
    said = found(
        rows([0.1, 0.7, 0.8, 0.9], rule="bp"),  # the middle two: 0.75
        rows([0.6, 0.7, 0.9, 1.0]),  # 0.8
        rows([0.5, 0.5], network="flat", rule="bp"),
        factors=["rule", "network"],
    )
    assert list(said) == KEYS.split()
    assert [(r["network"], r["rule"], r["iqm"], r["cells"], r["runs"]) for r in said["ranking"]] == [
        ("hopfield", "ep", pytest.approx(0.8), 1, 4),
        ("hopfield", "bp", pytest.approx(0.75), 1, 4),
        ("flat", "bp", pytest.approx(0.5), 1, 2),
    ]
    assert (said["levels"], said["blocks"], said["runs"]) == (["bp", "ep"], 2, 10)
    assert all(r["low"] <= r["iqm"] <= r["high"] for r in said["ranking"])


def test_ranking_and_profiles_leave_out_blocks_that_a_rule_lacks():
    """Else the rule without runs on the hard task would look the better one."""
    said = found(
        rows([0.8, 0.8], rule="bp"),
        rows([0.9, 0.9]),
        rows([0.1, 0.1], task="hard"),
        factors=["rule", "task"],
    )
    assert [(r["rule"], r["iqm"], r["cells"]) for r in said["ranking"]] == [("ep", 0.9, 1), ("bp", 0.8, 1)]
    share = dict(zip(said["profiles"]["thresholds"], said["profiles"]["rules"]["ep"]["share"], strict=True))
    assert {share[tau] for tau in share if tau < 0.89} == {1}


def test_improvement_counts_pairs_of_runs_over_shared_blocks():
    said = found(
        rows([0.8, 0.6], rule="bp"),
        rows([0.7, 0.8]),  # of four pairs two are won, one tied
        rows([0.2, 0.2], task="words", rule="bp"),
        rows([0.3, 0.3], task="words"),
        rows([0.3, 0.3], task="own"),
        factors=["rule", "task"],
    )
    of = {(each["rule"], each["than"]): each for each in said["improvement"]}
    assert set(of) == {("bp", "ep"), ("ep", "bp")}
    assert of["ep", "bp"]["probability"] == pytest.approx((2.5 / 4 + 1) / 2)
    assert of["bp", "ep"]["probability"] == pytest.approx(1 - of["ep", "bp"]["probability"])
    assert of["bp", "ep"]["low"] == pytest.approx(1 - of["ep", "bp"]["high"])
    assert {each["blocks"] for each in said["improvement"]} == {2}


def test_profiles_fall_from_all_runs_to_none():
    said = found(rows([0.5, 0.91]), rows([0.7, 0.7], rule="bp"))["profiles"]
    share = np.array(said["rules"]["ep"]["share"])
    assert share[0] == 1 and share[-1] == 0 and (np.diff(share) <= 0).all()
    thresholds = np.array(said["thresholds"])
    assert thresholds[0] < 0.5 and thresholds[-1] >= 0.91
    assert share[(thresholds > 0.5) & (thresholds < 0.9)] == pytest.approx(0.5)


def test_effects_pair_seeds_which_decides_a_cell_that_runs_alone_would_not():
    said = found(rows(0.7 + LUCK, rule="bp"), rows(0.72 + LUCK + [0, 0.001, 0, -0.001]))
    (effect,) = said["effects"]
    assert (effect["rule"], effect["than"], effect["blocks"]) == ("ep", "bp", 1)
    assert effect["points"] == pytest.approx(2)
    half = 100 * 3.182446 * (2e-6 / 3 / 4) ** 0.5  # Student's t with 3 degrees of freedom
    assert (effect["low"], effect["high"]) == pytest.approx((2 - half, 2 + half))
    (cell,) = said["cells"]
    assert cell["decided"] and cell["undecided"] == []
    assert cell["order"][0]["low"] < cell["order"][1]["high"]  # intervals of the rules alone overlap


def test_the_same_runs_with_other_seeds_are_undecided():
    said = found(rows(0.7 + LUCK, rule="bp"), rows(0.72 + LUCK[[1, 0, 3, 2]]))
    assert [(cell["decided"], cell["undecided"]) for cell in said["cells"]] == [(False, [["ep", "bp"]])]


def test_effects_are_means_over_blocks_of_equal_weight():
    said = found(
        rows([0.5, 0.5, 0.5, 0.5], rule="bp"),
        rows([0.6, 0.6, 0.6, 0.6]),
        rows([0.5, 0.7], task="words", rule="bp"),
        rows([0.9, 0.9], task="words"),
        factors=["rule", "task"],
    )
    (effect,) = said["effects"]
    assert effect["points"] == pytest.approx((10 + 30) / 2)
    assert effect["cliffs_delta"] == 1
    assert effect["cohens_d"] == pytest.approx(0.2 / (0.02 / 8) ** 0.5)  # squares of 0.1, 8 degrees of freedom


def test_with_one_run_a_cell_is_undecided_and_has_no_interval():
    said = found(rows([0.5], rule="bp"), rows([0.9]))
    (cell,) = said["cells"]
    assert not cell["decided"] and cell["undecided"] == [["ep", "bp"]]
    assert [(each["iqm"], each["low"], each["high"]) for each in cell["order"]] == [
        (0.9, None, None),
        (0.5, None, None),
    ]
    assert said["effects"][0]["points"] == pytest.approx(40)
    assert said["effects"][0]["low"] is said["effects"][0]["cohens_d"] is None


def test_friedman_ranks_rules_over_the_blocks_that_all_have():
    groups = [
        rows([0.9 - 0.1 * place - 0.05 * task] * 2, rule=rule, task=str(task))
        for task in range(6)
        for place, rule in enumerate(("ep", "bp", "fa"))
    ]
    said = found(*groups, rows([0.99, 0.99], task="own", rule="fa"), factors=["rule", "task"])["friedman"]
    assert said["mean_ranks"] == {"ep": 1, "bp": 2, "fa": 3}
    assert (said["blocks"], said["statistic"]) == (6, pytest.approx(12))  # blocks times (rules - 1), the largest
    assert said["critical_difference"] == pytest.approx(2.343 * (3 * 4 / (6 * 6)) ** 0.5, abs=1e-3)
    assert said["not_different"] == [["ep", "bp"], ["bp", "fa"]]


def test_friedman_says_why_it_is_not_made():
    two = found(rows([0.5, 0.6]), rows([0.7, 0.8], rule="bp"))
    assert "scores have 2" in two["friedman"]["reason"]
    apart = found(*(rows([0.5, 0.6], rule=rule, task=rule) for rule in ("a", "b", "c")), factors=["rule", "task"])
    assert "scores have 0" in apart["friedman"]["reason"]
    assert apart["effects"] == apart["improvement"] == []
    assert [each["cells"] for each in apart["ranking"]] == [1, 1, 1]


def test_blocks_are_named_by_their_levels():
    said = found(
        rows([0.5, 0.6], bits=4),
        rows([0.5, 0.6], bits=4, sweep="noise", level=0.1),
        factors=["rule", "bits"],
        sweeps={"noise": [0.1]},
    )
    shared = {"network": "hopfield", "task": "digits", "device": "taox", "bits": 4}
    assert [cell["where"] for cell in said["cells"]] == [shared, shared | {"sweep": "noise", "level": 0.1}]


def test_rules_that_bring_a_network_of_their_own_are_compared():
    said = found(
        rows([0.5, 0.6]),
        rows([0.7, 0.8], rule="bp", network="flat"),
        rows([0.5, 0.6], task="words"),
        factors=["rule", "task"],
    )
    assert [(each["rule"], each["points"]) for each in said["effects"]] == [("bp", pytest.approx(20))]
    wheres = [{"task": task, "device": "taox"} for task in ("digits", "words")]
    assert [cell["where"] for cell in said["cells"]] == wheres


def test_another_column_may_be_compared():
    said = found(rows([0.5, 0.6], bits=2), rows([0.7, 0.8], bits=4), factors=["rule", "bits"], compared="bits")
    assert (said["compared"], said["levels"]) == ("bits", ["2", "4"])
    assert [(each["rule"], each["than"]) for each in said["effects"]] == [("4", "2")]
    assert said["cells"][0]["where"]["rule"] == "ep"


@pytest.mark.parametrize(
    ("levels", "expected"),
    [([8, 4, 2], 4), (["eight", "four", "two"], "four"), (["8", 4.0, "two"], 4.0), ([8, 6, 4, 2], 4)],
)
def test_a_sweep_breaks_at_the_first_level_that_loses_five_points(levels, expected):
    harm = dict(zip([level for level in levels if level != 6], (0, 0.06, 0.4), strict=True))
    said = found(
        rows([0.9, 0.9]),
        rows([0.5, 0.5], task="own"),  # was not swept
        *(rows([0.9 - lost] * 2, sweep="bits", level=level) for level, lost in harm.items()),
        sweeps={"bits": levels},
        factors=["rule", "task"],
    )
    (sweep,) = said["sweeps"]
    assert sweep["unswept"] == {"iqm": 0.9, "low": 0.9, "high": 0.9}
    assert (sweep["sweep"], sweep["rule"], sweep["network"], sweep["task"]) == ("bits", "ep", "hopfield", "digits")
    assert [point["level"] for point in sweep["points"]] == levels
    assert [point["iqm"] for point in sweep["points"]] == pytest.approx(
        [0.9 - harm[level] if level in harm else None for level in levels]
    )
    assert (sweep["breaks_at"], sweep["drop"]) == (expected, 0.05)


def test_a_sweep_is_compared_with_the_cells_that_it_was_made_from():
    said = found(
        rows([0.9, 0.9]),
        rows([0.3, 0.3], device="other"),
        rows([0.88, 0.88], sweep="bits", level=4),
        sweeps={"bits": [4]},
        factors=["rule", "device"],
    )
    assert (said["sweeps"][0]["unswept"]["iqm"], said["sweeps"][0]["breaks_at"]) == (0.9, None)


def test_a_sweep_whose_unswept_cell_failed_breaks_nowhere():
    said = found(failed("no room"), rows([0.2, 0.2], sweep="bits", level=4), sweeps={"bits": [4], "noise": [1]})
    assert [(each["unswept"]["iqm"], each["breaks_at"]) for each in said["sweeps"]] == [(None, None)]


def test_pareto_front_per_task_of_cells_that_have_an_energy():
    said = found(
        rows([0.8, 0.8], joules=1e-6),
        rows([0.9, 0.9], joules=2e-6, rule="bp"),
        rows([0.8, 0.8], joules=2e-6, rule="fa"),
        rows([0.1, 0.1], joules=9e-6, task="words"),
        rows([0.99, 0.99], joules=math.nan, device="ideal"),
        factors=["rule", "task", "device"],
    )["pareto"]
    assert [(each["task"], each["rule"], each["front"]) for each in said] == [
        ("digits", "ep", True),
        ("digits", "bp", True),
        ("digits", "fa", False),
        ("words", "ep", True),
    ]
    assert (said[0]["error"], said[0]["joules"]) == pytest.approx((0.2, 1e-6))
    assert set(said[0]) == {"rule", "network", "task", "device", "cell", "error", "joules", "front"}


def test_tuned_rows_are_used_and_their_gain_is_paired_with_default_values():
    said = found(
        rows(0.5 + LUCK),
        rows(0.6 + LUCK, setting="tuned", at_edge="rule.nudge"),
        rows([0.4, 0.4], task="words"),
        rows([0.7, 0.7], task="words", setting="tuned"),
        factors=["rule", "task"],
    )
    (tuning,) = said["tuning"]
    assert (said["setting"], said["runs"]) == ("tuned", 6)
    assert said["ranking"][0]["iqm"] > 0.55
    assert tuning == {
        "rule": "ep",
        "cells": 2,
        "gain_points": pytest.approx((10 + 30) / 2),
        "low": pytest.approx(20),
        "high": pytest.approx(20),
        "at_edge": 1,
    }


def test_tuned_rules_without_default_values_have_no_gain():
    (tuning,) = found(rows([0.5, 0.6], setting="tuned"))["tuning"]
    assert (tuning["cells"], tuning["gain_points"]) == (0, None)


def test_failures_are_counted_by_reason():
    said = found(
        failed("diverged", task="a"),
        failed("no room", task="b"),
        failed("no room", task="c"),
        failed("no room", task="c", setting="tuned"),
        rows([0.5, math.nan]),
        factors=["rule", "task"],
    )
    assert (said["failed"], said["runs"]) == (3, 1)
    assert [(each["reason"], each["cells"], each["example"]) for each in said["failures"]] == [
        ("no room", 2, "ep-hopfield-b-taox--nan"),
        ("diverged", 1, "ep-hopfield-a-taox--nan"),
    ]


def test_a_table_kept_as_a_file_shows_the_same(tmp_path):
    groups = [
        rows(accuracies, rule=rule, sweep=sweep, level=level, bits=bits)
        for rule, accuracies in (("ep", [0.5, 0.625, 0.75]), ("bp", [0.25, 0.5, 0.625]))
        for sweep, level in (("", math.nan), ("noise", 0.1), ("noise", 1), ("kind", "rough"))
        for bits in (4, "none")
    ]
    table = pd.DataFrame([*itertools.chain(*groups), *failed("no room", rule="ep", bits=8)])
    arguments = ["rule", "bits"], {"noise": [0.1, 1], "kind": ["rough"]}
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    assert findings(again, *arguments) == findings(table, *arguments)
    assert len(findings(again, *arguments)["sweeps"]) == 4


CONSTANT = [rows([0.5] * 3, rule=rule, task=task) for rule in ("a", "b", "c") for task in ("x", "y")]


@pytest.mark.parametrize(
    ("groups", "runs"),
    [
        ([rows([0.5])], 1),
        ([rows([0.0, 0.0])], 2),
        ([rows([1.0, 1.0]), rows([1.0, 1.0], rule="bp")], 4),
        (CONSTANT, 18),
        ([failed("no room")], 0),
        ([rows([math.nan])], 0),
        ([rows([0.5, 0.6]), [rows([0.7, 0.8, 0.9], rule="bp")[2]]], 3),  # no seed in common
        ([failed("no room", rule="", network="", task="", device=""), rows([0.5])], 1),
        ([failed("no room", setting="tuned"), rows([0.5])], 1),
        ([rows([0.5, 0.5]), rows([0.5, 0.5], level="", task="x")], 4),
    ],
)
def test_small_and_broken_tables_have_findings(groups, runs):
    said = found(*groups, factors=["rule", "task"], sweeps={"bits": [4]})
    assert list(said) == KEYS.split()
    assert (said["runs"], said["sweeps"]) == (runs, [])
    assert not any(cell["decided"] for cell in said["cells"])
    assert runs == sum(entry["runs"] for cell in said["cells"] for entry in cell["order"])


def test_an_empty_table_without_sweeps_has_findings():
    columns = [name for name in [*ROW, "cell"] if name not in ("sweep", "level")]
    said = findings(pd.DataFrame(columns=columns), ["rule"], {})
    assert (said["ranking"], said["blocks"], said["levels"]) == ([], 0, [])


def test_a_missing_column_is_named():
    table = pd.DataFrame(rows([0.5])).drop(columns="joules")
    with pytest.raises(InputError, match="`table` has no column bits, joules"):
        findings(table, ["rule", "bits"], {})


def test_a_factor_that_was_forgotten_is_missed():
    table = pd.DataFrame([*rows([0.5], bits=4), *rows([0.6], bits=8)])
    with pytest.raises(InputError, match="`factors` do not tell cell ep-hopfield-digits-taox--nan-bits8 from another"):
        findings(table, ["rule"], {})
