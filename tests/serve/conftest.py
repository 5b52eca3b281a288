"""Small trained runs, and the real program serving them."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from served import WORDS, Serving, config, serving


@pytest.fixture(scope="session")
def braille_run(ohmgrad, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six Braille words on two chips of crossbars, trained well enough to be right without noise."""
    folder = tmp_path_factory.mktemp("runs") / "braille"
    words = f"data.words=[{', '.join(WORDS)}]"
    done = ohmgrad(
        "train", "braille", "--out", folder, "--set", words, "--set", "training.epochs=20", "--set", "training.seeds=2",
        "--set", "training.batch=16",
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
