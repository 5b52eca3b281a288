"""`ohmgrad study run` in processes of its own. Oracle: the same study in another folder, which nothing interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import small_study as small

ODD = '<b>weak</b>, "x"\n😀'
SECTIONS = {
    "set": small.IDEAL | {"training.epochs": 150},
    "factors": {"rule": {"strong": {"rule.strength": 0.5}, ODD: {"rule.strength": 0.1}}},
    "tuning": {"trials": 2, "spaces": {"every": {"rule.learning_rates": {"times": [0.5, 2]}}}},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return small.written(tmp_path_factory.mktemp("file") / "small.yaml", **SECTIONS)


@pytest.fixture(scope="module")
def whole(ohmgrad, study, tmp_path_factory):
    """The folder of the study, run without interruption, and what the program said."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    done = ohmgrad("study", "run", study, "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


@pytest.fixture
def copied(whole, tmp_path):
    """A copy of the finished folder."""
    return Path(shutil.copytree(whole[0], tmp_path / "study"))


PROGRAM = """
import signal
from ohmgrad.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""The program with Ctrl-C switched on, which a shell switches off for what it runs in the background."""


def started(ohmgrad, *arguments):
    """The program, in the background, in a group of its own as from a terminal."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "study", "run", *map(str, arguments)],
        env=ohmgrad.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition):
    ends = time.monotonic() + 120
    while not (found := condition()):
        assert time.monotonic() < ends
        time.sleep(0.01)
    return found


def workers(process) -> list[int]:
    """The process numbers of its workers."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == process.pid and b"spawn_main" in status.with_name("cmdline").read_bytes():
                found.append(int(status.parent.name))
        except OSError:
            continue
    return found


def has_results(folder):
    return lambda: list(folder.glob("cells/*.json"))


def same_table(folder, whole) -> bool:
    return (folder / "table.csv").read_bytes() == (whole[0] / "table.csv").read_bytes()


def finished(process) -> str:
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    return out


def written_at(folder) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("cells/*.json")}


def test_json_says_what_was_done(whole):
    folder, said = whole
    assert (said["cells"], said["done"], said["failed"], said["missing"]) == (2, 2, 0, 0)
    assert said["compilations"] >= 1
    assert said["seconds"] > 0
    assert Path(said["table"]) == folder / "table.csv"
    assert {each["rule"] for each in said["ranking"]} == {"strong", ODD}
    for each in said["ranking"]:
        assert set(each) == {"rule", "network", "iqm", "low", "high"}
        assert 0 <= each["low"] <= each["iqm"] <= each["high"] <= 1
        assert each["network"] == "layered-hopfield"


def test_pandas_opens_the_table_in_one_line(whole):
    folder, _ = whole
    table, packed = pd.read_csv(folder / "table.csv"), pd.read_parquet(folder / "table.parquet")
    assert len(table) == 2 * 2 * 2  # cells, settings, seeds
    assert set(table.rule) == {"strong", ODD}
    assert set(table.setting) == {"tuned", "default"}
    assert set(table.seed) == {0, 1}
    assert (table.status == "done").all()
    assert table.accuracy.between(0, 1).all()
    assert table.joules.isna().all()  # ideal weights
    assert (table.gpu_joules > 0).all()
    assert [set(json.loads(each)) for each in table.chosen[table.setting == "tuned"]] == [{"rule.learning_rates"}] * 4
    assert set(table.chosen[table.setting == "default"]) == {"{}"}
    assert list(packed.columns) == list(table.columns)
    assert packed.rule.tolist() == table.rule.tolist()
    assert packed.accuracy.tolist() == table.accuracy.tolist()


def test_the_page_shows_odd_names_as_text(whole):
    page = (whole[0] / "report.html").read_text()
    assert "<b>weak" not in page
    assert "&lt;b&gt;weak" in page


def test_the_recipe_of_a_cell_trains_its_chips_again(whole, ohmgrad):
    folder, _ = whole
    table = pd.read_csv(folder / "table.csv")
    rows = table[(table.rule == "strong") & (table.setting == "tuned")]
    done = ohmgrad(
        "train", folder / "recipes" / f"{rows.cell.iloc[0]}.yaml", "--out", folder.parent / "again", "--json"
    )
    assert done.returncode == 0, done.stderr
    accuracy = json.loads(done.stdout)["test_accuracy"]["ideal"]["mean"]
    assert accuracy == pytest.approx(rows.accuracy.mean(), abs=2 / 64)


def test_killed_it_goes_on_and_ends_with_the_same_table(ohmgrad, study, whole, tmp_path):
    folder = tmp_path / "study"
    process = started(ohmgrad, study, "--out", folder)
    wait_for(has_results(folder))
    left = workers(process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not any(Path(f"/proc/{each}").exists() for each in left))
    assert not (folder / "table.csv").exists()
    done = ohmgrad("study", "report", folder, "--json")  # of what there is
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cells"] == 2
    assert not same_table(folder, whole)
    done = ohmgrad("study", "run", folder)
    assert done.returncode == 0, done.stderr
    assert same_table(folder, whole)


def test_workers_that_die_again_and_again_are_told_in_a_sentence(ohmgrad, study, tmp_path):
    process = started(ohmgrad, study, "--out", tmp_path / "study")
    while process.poll() is None:
        for each in workers(process):
            os.kill(each, signal.SIGKILL)
        time.sleep(0.05)
    out, err = process.communicate()
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert "workers died 4 times" in err
    assert "--workers" in err


def test_an_error_in_a_part_stops_its_own_cells_only(ohmgrad, tmp_path):
    """A neuron of the user's own fails while it is compiled; the other rule's cells are done, and the fault is told."""
    (tmp_path / "faulty.py").write_text(
        "from ohmgrad.networks.neurons import Bounded\n\n\nclass Faulty(Bounded):\n"
        "    def slope(self, activity):\n        raise TypeError('this neuron is faulty')\n\n"
        "    def __call__(self, drive):\n        raise TypeError('this neuron is faulty')\n"
    )
    rules = {"good": {"rule.strength": 0.5}, "faulty": {"network.hidden_neuron": {"kind": "faulty:Faulty"}}}
    small.written(tmp_path / "study.yaml", factors={"rule": rules})
    done = ohmgrad("study", "run", "study.yaml", "--out", "here", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "stopped 1 of 2 cells, such as faulty (TypeError: this neuron is faulty)" in done.stderr
    assert len(list((tmp_path / "here" / "cells").iterdir())) == 1


def test_ctrl_c_is_a_sentence_and_leaves_no_process(ohmgrad, study, whole, tmp_path):
    folder = tmp_path / "study"
    process = started(ohmgrad, study, "--out", folder)
    left = wait_for(lambda: len(found := workers(process)) == 2 and found)
    wait_for(has_results(folder))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == [f"interrupted; continue with: ohmgrad study run {folder}"]
    wait_for(lambda: not any(Path(f"/proc/{each}").exists() for each in left))


def test_two_at_once_of_which_a_worker_dies_end_with_the_same_table(ohmgrad, study, whole, tmp_path):
    folder = tmp_path / "study"
    first, second = (started(ohmgrad, study, "--out", folder, "--json") for _ in range(2))
    wait_for(has_results(folder))
    os.kill(workers(first)[0], signal.SIGKILL)
    said = [json.loads(finished(each)) for each in (first, second)]
    assert [each["done"] for each in said] == [2, 2]
    assert same_table(folder, whole)


def test_a_level_added_later_is_all_that_is_trained(copied, ohmgrad, whole, tmp_path):
    before, plan = written_at(copied), (copied / "plan.json").read_text()
    rules = SECTIONS["factors"]["rule"]
    more = {"new": {"rule.strength": 0.3}} | rules  # before the others
    file = small.written(tmp_path / "more.yaml", **SECTIONS | {"factors": {"rule": more}})
    done = ohmgrad("study", "run", file, "--out", copied, "--json")
    assert done.returncode == 0, done.stderr
    after = written_at(copied)
    assert {name: after[name] for name in before} == before
    assert len(after) == 3
    assert json.loads((copied / "plan.json").read_text())[:2] == json.loads(plan)
    table, old = pd.read_csv(copied / "table.csv"), pd.read_csv(whole[0] / "table.csv")
    pd.testing.assert_frame_equal(table.query("rule != 'new'").reset_index(drop=True), old)
    assert (table.rule == "new").sum() == 4
    fewer = small.written(tmp_path / "fewer.yaml", **SECTIONS)
    done = ohmgrad("study", "run", fewer, "--out", copied, "--workers", "5", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["compilations"] == 0  # what is no longer asked for stays, unused
    assert written_at(copied) == after
    assert same_table(copied, whole)


def edited(text: str) -> str:
    """A better accuracy than was measured."""
    cut = text.index('"accuracy": ') + len('"accuracy": ')
    return text[:cut] + "0.999" + text[text.index(",", cut) :]


@pytest.mark.parametrize(
    "damage",
    [lambda text: text[: len(text) // 2], lambda text: "", lambda text: "[]", lambda text: "\0", edited],
    ids=["truncated", "empty", "list", "binary", "edited"],
)
def test_a_damaged_result_is_named_and_nothing_is_touched(damage, copied, ohmgrad_here):
    broken = min(copied.glob("cells/*.json"))
    broken.write_text(damage(broken.read_text()))
    content = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    for command in ("run", "report"):
        done = ohmgrad_here("study", command, copied)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert broken.name in done.stderr
        assert "it is damaged" in done.stderr
        assert "of study run trains its cell again" in done.stderr
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == content


def test_a_damaged_result_is_trained_again_where_that_is_asked_for(copied, ohmgrad, whole):
    broken, intact = sorted(copied.glob("cells/*.json"))
    broken.write_text(edited(broken.read_text()))
    before = written_at(copied)
    done = ohmgrad("study", "run", copied, "--recompute")
    assert done.returncode == 0, done.stderr
    assert written_at(copied)[intact.name] == before[intact.name]
    assert broken.read_bytes() == (whole[0] / "cells" / broken.name).read_bytes()
    assert same_table(copied, whole)


@pytest.mark.parametrize("content", ["", "[", "{}", '[{"keys": 1}]', '[{"keys": ["a"], "chips": "x", "structure": 0}]'])
def test_a_damaged_plan_is_made_anew(content, copied, ohmgrad_here):
    plan = (copied / "plan.json").read_text()
    (copied / "plan.json").write_text(content)
    done = ohmgrad_here("study", "report", copied, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] == 2
    assert json.loads(plan)


def test_a_folder_that_is_no_study_is_left_alone(ohmgrad_here, study, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for words, told in (
        (("run", study, "--out", tmp_path), f"--out {tmp_path} is not empty, and holds no study"),
        (("run", study, "--out", tmp_path / "notes.txt"), "notes.txt"),
        (("run", tmp_path), "holds no study (study.yaml is missing)"),
        (("plan", tmp_path), "holds no study (study.yaml is missing)"),
        (("report", tmp_path), "holds no study (study.yaml is missing)"),
        (("report", tmp_path / "nowhere"), "holds no study (study.yaml is missing)"),
    ):
        done = ohmgrad_here("study", *words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert told in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_damaged_study_is_told_where_it_is_asked_for(copied, ohmgrad_here):
    (copied / "study.yaml").write_text('{"title": "cut')
    for command in ("run", "plan", "report"):
        done = ohmgrad_here("study", command, copied)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "not YAML" in done.stderr
        assert str(copied) in done.stderr
