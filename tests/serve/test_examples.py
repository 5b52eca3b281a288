"""Oracle: the scenarios of the shipped example, read by hand; its recipes are trained in small."""

import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "two-networks"


@pytest.fixture(scope="module")
def example(ohmgrad, tmp_path_factory):
    """The example's folder, with both networks trained for an epoch on a few images."""
    folder = tmp_path_factory.mktemp("two") / "networks"
    shutil.copytree(EXAMPLE, folder)
    for name in ("small", "large"):
        few = ("training.epochs=1", "data.samples=48", "rule.free.sweeps=2", "rule.pushed.sweeps=2")
        settings = [word for setting in few for word in ("--set", setting)]
        done = ohmgrad("train", f"{name}.yaml", "--out", f"runs/{name}", *settings, "--json", cwd=folder)
        assert done.returncode == 0, done.stderr
    path = folder / "serve.yaml"
    path.write_text(path.read_text().replace('hours: ["22:00", "06:00"]', 'hours: ["00:00", "00:00"]'))
    path.write_text(path.read_text() + "batching: {largest: 1}\n")
    return folder


def test_two_convolutional_networks_are_swapped_by_scenario(serve, example):
    with serve("--config", example / "serve.yaml") as running:
        right = {model["name"]: model["right"] for model in running.told["models"]}
        assert right.keys() == {"small", "large"}

        def told(**fields):
            return running.ask("/v1/predict", {"image": [[0] * 8] * 8, **fields}).json

        best = told()
        assert best["scenario"] == "best" and right[best["model"]] == max(right.values())
        low = told(signals={"battery": 0.1})
        assert low["model"] == "small" and low["why"] == "scenario 'saving' applies: battery is 0.1"
        running.ask("/v1/signals", {"signals": {"battery": 0.1}}, "PUT")
        assert told()["model"] == "small" and told(model="large")["model"] == "large"
        joules = {name: told(model=name)["joules"] for name in right}
        assert 0 < joules["small"] < joules["large"]
