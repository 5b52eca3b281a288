"""A study on a real Ray of this machine. Oracle: the same study without Ray."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import small_study as small
from test_study_program import SECTIONS

MARK = "OHMGRAD_TESTED_STUDY"


@pytest.fixture(scope="module")
def environment(ohmgrad, tmp_path_factory):
    """Without AMD's library, Zeus's package of it raises what Ray does not expect of an import."""
    folder = tmp_path_factory.mktemp("without-amd")
    (folder / "amdsmi.py").write_text("raise ImportError\n")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory(prefix="r") as short:  # Ray's sockets allow 107 characters
        yield ohmgrad.environment | {
            "PYTHONPATH": os.pathsep.join(paths),
            "RAY_TMPDIR": short,
            "RAY_USAGE_STATS_ENABLED": "0",
            MARK: str(folder),
        }


def training(mark: str) -> list[int]:
    """The process numbers of Ray's workers that train a piece of this study."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes().startswith(b"ray::_train"):
                found += [int(process.name)] * (f"{MARK}={mark}".encode() in (process / "environ").read_bytes())
        except OSError:
            continue
    return found


def test_a_worker_killed_in_mid_run_leaves_the_table_as_it_is(ohmgrad, environment, tmp_path):
    file = small.written(tmp_path / "small.yaml", **SECTIONS)
    alone = ohmgrad("study", "run", file, "--out", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    process = subprocess.Popen(
        [sys.executable, "-m", "ohmgrad", "study", "run", str(file), "--out", str(tmp_path / "ray"), "--ray", "auto"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(found := training(environment[MARK])) < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.kill(found[0], signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert (tmp_path / "ray" / "table.csv").read_bytes() == (tmp_path / "alone" / "table.csv").read_bytes()


def test_a_cluster_that_is_not_there_is_told_in_a_sentence(ohmgrad, environment, tmp_path):
    file = small.written(tmp_path / "small.yaml", **SECTIONS)
    words = [sys.executable, "-m", "ohmgrad", "study", "run", str(file), "--out", str(tmp_path / "s"), "--ray"]
    done = subprocess.run([*words, "127.0.0.1:9"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: --ray: there is no cluster at 127.0.0.1:9")


def test_a_ray_that_cannot_be_imported_is_told_in_a_sentence(ohmgrad, environment, tmp_path):
    (tmp_path / "ray.py").write_text("raise KeyError('libamd_smi.so')\n")
    file = small.written(tmp_path / "small.yaml", **SECTIONS)
    words = [sys.executable, "-m", "ohmgrad", "study", "run", str(file), "--out", str(tmp_path / "s"), "--ray", "auto"]
    paths = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    done = subprocess.run(words, env=environment | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--ray: Ray cannot be imported (KeyError: 'libamd_smi.so')" in done.stderr
