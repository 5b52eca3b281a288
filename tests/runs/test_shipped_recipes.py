"""Oracle: what a shipped recipe says of itself, and that it learns: each on a few images in the format of MNIST.

The images are scikit-learn's digits, enlarged; the recipes for Braille words run in small in `test_terminal.py`.
"""

import csv
import json

import pytest
from safetensors.numpy import load_file

from ohmgrad import recipes

IMAGES = 192  # of a training; another 100 test it
ON_IMAGES = [name for name in recipes.names() if recipes.load(name).data.kind == "images"]


@pytest.mark.parametrize("name", ON_IMAGES)
def test_a_shipped_recipe_learns_in_small(name, enlarged_digits, ohmgrad_here, tmp_path):
    small = [f"data.folder={enlarged_digits}", f"data.samples={IMAGES}", "training.epochs=2", "training.seeds=1"]
    settings = [word for setting in small for word in ("--set", setting)]
    done = ohmgrad_here("train", name, *settings, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    experiment, result = recipes.load(name), json.loads(done.stdout)
    given = {"crossbar": experiment.hardware, "ideal": experiment.rule, "backprop": experiment.backprop}
    arms = [arm for arm, section in given.items() if section is not None]
    assert list(result["test_accuracy"]) == arms
    with (tmp_path / "run" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    matrices = len(experiment.network.initial_gains)
    for arm in arms:
        first, second = (float(row["value"]) for row in rows if row["arm"] == arm and row["metric"] == "loss")
        assert second < first, arm
        assert sum(key.startswith(f"{arm}/") and key.endswith("/weights") for key in weights) == matrices
