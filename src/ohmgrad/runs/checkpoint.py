"""The file of a run's chips and training state: its checkpoint during training, and the trained chips afterwards."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from ohmgrad import chips, files, training
from ohmgrad.chips.file import Tensors, below, damaged
from ohmgrad.counts import Counts
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.training import Chips, Progress

NAME = "chips.safetensors"
_BEFORE = "checkpoint.safetensors"
"""Name of the checkpoint of earlier versions, which stored arrays without names."""
Curve = list[tuple[int, np.ndarray]]
"""A learning curve: list of (epoch, accuracy per chip)."""


def fingerprint(recipe: str, task: Task) -> str:
    """SHA-256 of a recipe's text and the task's arrays, which ties a checkpoint to its recipe and data.

    Args:
        recipe: Text of the recipe.
        task: The task, with its data.
    """
    digest = hashlib.sha256(recipe.encode())
    for array in jax.tree.leaves(eqx.filter(task, eqx.is_array)):
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()


def save_arms(folder: Path, origin: str, arms: Mapping[str, tuple[Progress, Curve]]) -> None:
    """Save the state of all started arms.

    Tensors of an arm's chips are named ARM/layerN/..., those of its training ARM/training/... and ARM/counts/....

    Args:
        folder: The run folder.
        origin: `fingerprint` of the recipe and the data.
        arms: Progress and learning curve by arm.
    """
    tensors: Tensors = {}
    for arm, (progress, curve) in arms.items():
        state = chips.named(progress.chips) | _history(progress, curve)
        tensors |= {f"{arm}/{name}": array for name, array in state.items()}
    lives = {arm: _life(progress) for arm, (progress, _) in arms.items()}
    chips.write(folder / NAME, tensors, {"origin": origin, "arms": lives})


def _life(progress: Progress) -> dict[str, int | float]:
    return {"epoch": progress.epoch, "earlier": progress.earlier, "seconds": progress.seconds}


def _history(progress: Progress, curve: Curve) -> Tensors:
    return {
        "training/loss": progress.loss,
        "training/residual": progress.residual,
        "training/curve_epochs": np.array([epoch for epoch, _ in curve], np.int64),
        "training/curve": np.array([accuracy for _, accuracy in curve], np.float64),
    } | {f"counts/{name}": count for name, count in progress.counts._asdict().items()}


class Kept(NamedTuple):
    """The content of a run's file of chips: its path, tensors by name, and description."""

    path: Path
    tensors: Tensors
    about: dict[str, Any]

    @property
    def arms(self) -> list[str]:
        """Names of the saved arms."""
        return list(self.about["arms"])

    def restored(self, arm: str, like: Chips) -> tuple[Progress, Curve]:
        """Restore the progress and learning curve of an arm.

        Args:
            arm: Name of the arm.
            like: Untrained chips (arrays or abstract shapes) with the structure of the arm's chips.

        Raises:
            InputError: if the file holds chips of another structure, or is damaged.
        """
        try:
            return self._restored(arm, like)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.path, error) from None

    def _restored(self, arm: str, like: Chips) -> tuple[Progress, Curve]:
        life, state = self.about["arms"][arm], below(self.tensors, arm)
        history, counts = below(state, "training"), below(state, "counts")
        if life["seconds"]:
            like = jax.eval_shape(lambda fresh: training.aged(fresh, 0.0), like)
        leaves = {name: array for name, array in state.items() if name.startswith("layer")}
        progress = Progress(
            chips.rebuilt(like, leaves, f"{self.path}, {arm}"),
            loss=history["loss"],
            residual=history["residual"],
            counts=Counts(*(counts[name] for name in Counts._fields)),
            **life,
        )
        return progress, list(zip(history["curve_epochs"].tolist(), history["curve"], strict=True))


def read(folder: Path) -> Kept | None:
    """Read the file of chips of a run folder; None if there is none yet.

    Raises:
        InputError: if the file is damaged, or was written by an unsupported version.
    """
    path = folder / NAME
    if files.exists(path):
        return Kept(path, *chips.read(path, str(folder)))
    if files.exists(folder / _BEFORE):
        raise InputError(f"{folder} was begun by an ohmgrad before chips had names; train its recipe.yaml anew")
    return None


def load_arms(folder: Path, origin: str, structure: Callable[[str], Chips]) -> dict[str, tuple[Progress, Curve]]:
    """Load progress and learning curve of the arms in a checkpoint.

    Args:
        folder: The run folder.
        origin: `fingerprint` of the recipe and the data.
        structure: Returns the structure of an arm's chips, given its name.

    Returns:
        Progress and learning curve by arm; empty if there is no checkpoint yet.

    Raises:
        InputError: if the file is damaged, or belongs to another recipe or other data.
    """
    kept = read(folder)
    if kept is None:
        return {}
    if kept.about.get("origin") != origin:
        raise InputError(
            f"{kept.path} was written for another recipe or for other data than the run in {folder} now has"
        )
    return {arm: kept.restored(arm, structure(arm)) for arm in kept.arms}


class Checkpoint(NamedTuple):
    """Location of the checkpoint of a training."""

    folder: Path
    origin: str
    """`fingerprint` of the recipe and the data."""

    def load(self, structure: Callable[[str], Chips]) -> dict[str, tuple[Progress, Curve]]:
        """Load the saved arms; see `load_arms`."""
        return load_arms(self.folder, self.origin, structure)

    def save(self, arms: Mapping[str, tuple[Progress, Curve]]) -> None:
        """Save the arms; see `save_arms`."""
        save_arms(self.folder, self.origin, arms)
