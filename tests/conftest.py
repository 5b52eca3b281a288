"""Shared pieces of the tests; the folders say which oracle a test checks against."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def ohmgrad(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Runs the real program in a process of its own; compiled code is kept between the runs of one test session."""
    cache = tmp_path_factory.mktemp("compiled")
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "COLUMNS": "200",
    }

    def run(*arguments: str | Path, **options) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ohmgrad", *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=300,
            **options,
        )

    run.environment = environment  # type: ignore[attr-defined]
    return run
