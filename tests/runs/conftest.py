"""Small runs of the shipped recipes, each made once in a session; a test that changes one copies it first."""

import functools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small import SMALL

SmallRun = Callable[[str], tuple[Path, dict]]


@pytest.fixture(scope="session")
def small_run(ohmgrad, tmp_path_factory) -> SmallRun:
    """By a recipe's name: the folder of its run and what --json printed."""

    @functools.cache
    def run(recipe: str) -> tuple[Path, dict]:
        folder = tmp_path_factory.mktemp("small") / "run"
        done = ohmgrad("train", recipe, *SMALL, "--out", folder, "--json", "--seed", 5)
        assert done.returncode == 0, done.stderr
        return folder, json.loads(done.stdout)

    return run
