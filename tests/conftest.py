"""Shared pieces of the tests; the folders say which oracle a test checks against."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def pytest_configure(config: pytest.Config) -> None:
    """All processes of one test session, workers and programs alike, compile the same code once."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compiled = tempfile.TemporaryDirectory(prefix="ohmgrad-compiled-", ignore_cleanup_errors=True)
        config.add_cleanup(compiled.cleanup)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", compiled.name)
        os.environ.setdefault("XDG_CACHE_HOME", compiled.name)  # no test finds, or changes, what the user keeps
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
        os.environ["JAX_NUM_CPU_DEVICES"] = "2"  # as on a machine with two cores, so that chips spread over them


@pytest.fixture(scope="module", autouse=True)
def forget_compiled_code() -> Iterator[None]:
    """Lets a file's compiled code go: that of all files is gigabytes. What comes again is found on disk."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture
def double_precision() -> Iterator[None]:
    """Computes in float64."""
    import jax

    with jax.enable_x64(True):
        yield


def _missing(oracle: str) -> NoReturn:
    """Fails the test in CI, where no oracle may vanish unseen, and skips it on a machine without the program."""
    if os.environ.get("CI"):
        pytest.fail(f"{oracle} is not installed")
    pytest.skip(f"{oracle} is not installed")


@pytest.fixture(scope="session")
def ngspice() -> None:
    """For tests whose oracle is ngspice."""
    if shutil.which("ngspice") is None:
        _missing("ngspice")


@pytest.fixture(scope="session")
def badcrossbar() -> Any:
    """The circuit solver of that name."""
    try:
        import badcrossbar
    except ImportError:
        _missing("badcrossbar (extra peers; it builds with cairo)")
    return badcrossbar


@pytest.fixture(scope="session")
def ohmgrad() -> Command:
    """Runs the real program in a process of its own."""
    environment = os.environ | {"COLUMNS": "200"}

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


@pytest.fixture
def ohmgrad_here(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the program's `main` in this process: the same words and exit codes, no start of Python and JAX."""

    def run(*arguments: str | Path, cwd: Path = Path()) -> subprocess.CompletedProcess[str]:
        from ohmgrad.cli import main

        words, out, err = ["ohmgrad", *map(str, arguments)], io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "argv", words)
        streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
        with contextlib.chdir(cwd), streams[0], streams[1], pytest.raises(SystemExit) as stop:
            main()
        code = stop.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def enlarged_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of 192 training and 100 test images as MNIST's: scikit-learn's digits, enlarged."""
    import numpy as np
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    pixels = np.kron(images.reshape(-1, 8, 8) * 255 / 16, np.ones((3, 3))).round().astype(np.uint8)
    pixels, classes = np.pad(pixels, ((0, 0), (2, 2), (2, 2))), classes.astype(np.uint8)
    folder = tmp_path_factory.mktemp("digits")
    parts = {"train": slice(192), "test": slice(192, 292)}
    arrays = {f"{name}_{part}": a[cut] for part, cut in parts.items() for name, a in (("x", pixels), ("y", classes))}
    np.savez(folder / "mnist.npz", **arrays)  # pyright: ignore[reportArgumentType]
    return folder
