"""Oracle: the accuracies that NeuroSim's manual prints for its devices, of which only the order far apart is taken."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MNIST = ROOT.parent / "shared" / "data" / "mnist.npz"


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_file(), reason=f"needs MNIST beside the repository: ../shared/data/{MNIST.name}")
def test_published_ends_of_neurosims_ranking_come_out():
    """PCM of 89 % and EpiRAM of 92 % learn, PCMO of 33 % and AlOx/HfO2 of 20 % do not: after two short epochs."""
    spec = importlib.util.spec_from_file_location("neurosim", ROOT / "bench" / "neurosim.py")
    assert spec and spec.loader
    neurosim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(neurosim)
    data = neurosim.Images.load(MNIST)

    def best(name):
        return neurosim.accuracies(neurosim.CASES[name], data, epochs=2, seeds=1).max()

    learning, failing = map(best, ("gst-pcm", "epiram")), map(best, ("pcmo", "alox-hfo2"))
    assert min(learning) > 10 + max(failing)
