"""Oracle: whatever is given is taken or refused in one sentence; no traceback, no hang, no memory, nothing left behind.

`hostile` makes the input and judges; a process of its own runs it, so that what a fault does stays there.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import hostile
import pytest

from ohmgrad import studies

MEASURED = "pulse,polarity,conductance\n" + "".join(
    f"{n},{'up' if n < 30 else 'down'},{1e-5 * (1 + 0.1 * n) if n < 30 else 4e-5 - 1e-6 * (n - 30):.4g}\n"
    for n in range(60)
)


@pytest.fixture
def run(small_run, tmp_path) -> Path:
    """A finished run, with measured pulses and a study that was begun in it."""
    shutil.copytree(small_run("braille")[0], tmp_path / "run")
    (tmp_path / "run" / "study").mkdir()
    (tmp_path / "run" / "study" / "study.yaml").write_text(studies.text("rules-on-digits"))
    (tmp_path / "run" / "measured.csv").write_text(MEASURED)
    return tmp_path / "run"


def check(run: Path, *, light: int, heavy: int, minutes: int) -> dict:
    """Run so many cases of each kind (0: all) in a process of their own."""
    scratch = run.with_name("scratch")
    scratch.mkdir()
    words = [hostile.__file__, run, scratch, 0, light, heavy]
    done = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, check=False, timeout=60 * minutes
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *faults, told = done.stdout.splitlines()
    told = json.loads(told)
    assert not faults, "\n".join(faults)
    assert told["most_bytes"] < hostile.MEMORY_IN_USE
    assert not list(scratch.iterdir())
    return told


def test_a_sample_of_hostile_input(run):
    told = check(run, light=290, heavy=10, minutes=10)
    assert told["cases"] == 300
    assert told["codes"]["2"] > 200, "most of it is refused"


@pytest.mark.slow
def test_all_hostile_input(run):
    assert check(run, light=0, heavy=0, minutes=300)["cases"] > 9_000


def test_every_command_is_among_the_cases():
    assert hostile.commands().keys() == hostile.BASES.keys()
