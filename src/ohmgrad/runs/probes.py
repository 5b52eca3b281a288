"""Probes: a few test samples and their right answers, kept with a run to check its chips wherever they are used."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save

from ohmgrad import files
from ohmgrad.data import Codebook
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.runs.trials import Trial

_NUMBER = 64


class Probes(NamedTuple):
    """Inputs of the network, (probes, ...), and their truth; None: not known.

    The truth is the index of the right output, or, where words are restored, their dots.
    """

    x: np.ndarray
    truth: np.ndarray | None


def of_trial(task: Task, trial: Trial) -> bytes | None:
    """The probes of a run as a safetensors file: samples spread evenly over its headline test.

    Args:
        task: The task.
        trial: The headline test.

    Returns:
        The file's content; None if the truth is not the index of an output (tasks of a user's own).
    """
    x, truth = (each if trial.shared else each[0] for each in (trial.x, trial.truth))
    if truth.ndim != 1:
        return None
    picked = np.unique(np.linspace(0, len(truth) - 1, _NUMBER).astype(int))
    right = np.asarray(truth)[picked]
    if isinstance(task, Codebook) and task.answer == "restore":
        right = np.asarray(task.words)[right]
    return save({"x": np.asarray(x, np.float32)[picked].copy(), "truth": right.astype(np.int32)})


def read(path: Path) -> Probes:
    """Read probes.

    Raises:
        InputError: if the file is damaged.
    """
    tensors = files.read_tensors(path, "probes")
    if tensors.keys() != {"x", "truth"} or len(tensors["x"]) != len(tensors["truth"]):
        raise InputError(f"{path} is damaged; remove the summary beside it and continue the run")
    return Probes(tensors["x"], tensors["truth"])
