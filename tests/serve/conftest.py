"""Small trained runs, and the real program serving them."""

import contextlib
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

WORDS = ["ohm", "volt", "watt", "ampere", "farad", "henry"]


class Reply(NamedTuple):
    """A response to an HTTP request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Serving(NamedTuple):
    """A running server."""

    url: str
    told: dict[str, Any]
    process: subprocess.Popen[str]
    log: list[str]

    def ask(self, path: str, body: Any = None, method: str | None = None, **headers: str) -> Reply:
        """Send a request; a body that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def stop(self) -> int:
        """Tell it to end, and wait until it has."""
        self.process.terminate()
        return self.process.wait(60)


@contextlib.contextmanager
def serving(environment: dict[str, str], *arguments: str | Path) -> Iterator[Serving]:
    """Run the real program until the block ends."""
    words = [sys.executable, "-m", "ohmgrad", "serve", *map(str, arguments), "--port", "0", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None and process.stderr is not None
    log: list[str] = []
    reader = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        first = process.stdout.readline()
        assert first, "".join(log)
        told = json.loads(first)
        yield Serving(told["url"], told, process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)
        reader.join(10)
        process.stdout.close()
        process.stderr.close()


def config(folder: Path, **settings: Any) -> Path:
    """A serve.yaml with small batches, which compile quickly."""
    path = folder / "serve.yaml"
    path.write_text(json.dumps({"batching": {"largest": 8, "window_ms": 1.0}, **settings}))
    return path


@pytest.fixture(scope="session")
def braille_run(ohmgrad, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six Braille words on two chips of crossbars, trained well enough to be right without noise."""
    folder = tmp_path_factory.mktemp("runs") / "braille"
    words = f"data.words=[{', '.join(WORDS)}]"
    done = ohmgrad(
        "train", "braille", "--out", folder, "--set", words, "--set", "training.epochs=20", "--set", "training.seeds=2",
        "--set", "training.batch=16", "--set", "backprop=null",
        "--set", "hardware.device.read_noise_siemens=2.0e-6", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def digits_run(ohmgrad, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """scikit-learn's digits on a feed-forward network of ideal weights."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    recipe = folder.with_suffix(".yaml")
    recipe.write_text(
        json.dumps(
            {
                "title": "digits",
                "data": {"kind": "images", "name": "digits", "samples": 600},
                "network": {"kind": "feed-forward", "hidden": [24], "initial_gains": [1, 1]},
                "rule": {"kind": "backpropagation", "loss": "cross-entropy", "learning_rates": [0.5, 0.5]},
                "training": {"epochs": 15, "batch": 20, "seeds": 2},
            }
        )
    )
    done = ohmgrad("train", recipe, "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def server(ohmgrad, braille_run: Path, digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server of both runs, for tests that do not change it."""
    folder = tmp_path_factory.mktemp("serve")
    models = {"braille": {"folder": str(braille_run)}, "digits": {"folder": str(digits_run), "answering": "mean"}}
    with serving(ohmgrad.environment, "--config", config(folder, models=models)) as running:
        yield running


Serve = Callable[..., contextlib.AbstractContextManager[Serving]]


@pytest.fixture
def serve(ohmgrad) -> Serve:
    """Runs a server of one's own: `with serve(RUN, "--config", FILE) as running`."""
    return lambda *arguments: serving(ohmgrad.environment, *arguments)
