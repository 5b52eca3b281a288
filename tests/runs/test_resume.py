"""Oracle: a run that was never interrupted. The real program is killed with SIGKILL and continued."""

import signal
import subprocess
import sys
import time

import pytest
from small import SMALL

RECIPE = ["train", "braille", "--seed", "3", *SMALL, "--set", "training.epochs=600", "--set", "evaluation.every=200"]


@pytest.fixture(scope="module")
def uninterrupted(ohmgrad, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    done = ohmgrad(*RECIPE, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def start_and_kill_when(ohmgrad, arguments, condition):
    process = subprocess.Popen(
        [sys.executable, "-m", "ohmgrad", *map(str, arguments)],
        env=ohmgrad.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_run_killed_at_any_moment_ends_with_the_same_weights(ohmgrad, uninterrupted, tmp_path):
    folder = tmp_path / "run"
    checkpoint = folder / "chips.safetensors"
    start_and_kill_when(ohmgrad, [*RECIPE, "--out", folder], (folder / "recipe.yaml").exists)
    assert not checkpoint.exists()
    start_and_kill_when(ohmgrad, ["train", "--resume", folder], checkpoint.exists)
    written = checkpoint.stat().st_mtime_ns
    start_and_kill_when(ohmgrad, ["train", "--resume", folder], lambda: checkpoint.stat().st_mtime_ns != written)
    assert not (folder / "summary.json").exists()
    (folder / ".metrics.csv.1.partial").write_text("what a kill in the middle of a write leaves behind")
    done = ohmgrad("train", "--resume", folder)
    assert done.returncode == 0, done.stderr
    for name in ("chips.safetensors", "weights.safetensors", "metrics.csv", "ledger.json", "examples.json"):
        assert (folder / name).read_bytes() == (uninterrupted / name).read_bytes(), name
    assert not list(folder.glob(".*")), "a half-written file was left behind"


def test_an_interrupt_says_how_to_continue(ohmgrad, tmp_path):
    folder = tmp_path / "run"
    # Tests that a shell started in the background would hand down its deafness to interrupts.
    hearing = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('ohmgrad', run_name='__main__')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", hearing, *RECIPE, "--set", "training.epochs=5000", "--out", str(folder)],
        env=ohmgrad.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (folder / "chips.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"ohmgrad train --resume {folder}" in errors
    assert "Traceback" not in errors
