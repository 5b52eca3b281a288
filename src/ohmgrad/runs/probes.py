"""Probes: a few test samples and their right answers, kept with a run to check its chips wherever they are used."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save

from ohmgrad import files
from ohmgrad.data import Codebook
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.data.preparation import scaled
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.runs.trials import Trial

_NUMBER = 64


class Probes(NamedTuple):
    """Samples as they are given (code words, or images with values from 0 to 1), and their truth; None: not known.

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
        The file's content; None of a task of a user's own, of which only the task knows which answers are right.
    """
    if not isinstance(task, Codebook | LabelledImages):
        return None
    truth = np.asarray(trial.truth if trial.shared else trial.truth[0])
    picked = np.unique(np.linspace(0, len(truth) - 1, _NUMBER).astype(int))
    x, right = _given(task, trial, picked), truth[picked]
    if isinstance(task, Codebook) and task.answer == "restore":
        right = np.asarray(task.words)[right]
    return save({"x": np.ascontiguousarray(x, np.float32), "truth": right.astype(np.int32)})


def _given(task: Codebook | LabelledImages, trial: Trial, picked: np.ndarray) -> np.ndarray:
    """The samples before they are padded and normalised."""
    if isinstance(task, Codebook):
        return np.asarray(trial.x if trial.shared else trial.x[0])[picked]
    images = task.test[picked]
    return np.asarray(scaled(images) if images.dtype == np.uint8 else images)


def read(path: Path) -> Probes:
    """Read probes.

    Raises:
        InputError: if the file is damaged.
    """
    tensors = files.read_tensors(path, "probes")
    if tensors.keys() != {"x", "truth"} or len(tensors["x"]) != len(tensors["truth"]):
        raise InputError(f"{path} is damaged; remove the summary beside it and continue the run")
    return Probes(tensors["x"], tensors["truth"])
