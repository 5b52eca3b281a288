"""A run's state on disk: safetensors, replaced in one step, refused where damaged or of another recipe."""

import hashlib
import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ohmgrad import files
from ohmgrad.counts import Counts
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.training import Progress

NAME = "checkpoint.safetensors"
Curve = list[tuple[int, np.ndarray]]
"""Points of a learning curve: epoch, accuracy per chip."""


def fingerprint(recipe: str, task: Task) -> str:
    """What ties a checkpoint to its recipe and its data."""
    digest = hashlib.sha256(recipe.encode())
    for array in jax.tree.leaves(eqx.filter(task, eqx.is_array)):
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()


def _digest(tensors: dict[str, np.ndarray]) -> str:
    """What ties a checkpoint to its own content."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].shape} {tensors[name].dtype}".encode() + tensors[name].tobytes())
    return digest.hexdigest()


def save_arms(folder: Path, origin: str, arms: dict[str, tuple[Progress, Curve]]) -> None:
    """Keep the state of every arm that has begun."""
    tensors: dict[str, np.ndarray] = {}
    epochs: dict[str, int] = {}
    for arm, (progress, curve) in arms.items():
        epochs[arm] = progress.epoch
        tensors |= {f"{arm}/chips/{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(progress.chips))}
        tensors[f"{arm}/loss"], tensors[f"{arm}/residual"] = progress.loss, progress.residual
        tensors |= {f"{arm}/counts/{name}": count for name, count in progress.counts._asdict().items()}
        tensors[f"{arm}/curve_epochs"] = np.array([epoch for epoch, _ in curve], np.int64)
        tensors[f"{arm}/curve"] = np.array([accuracy for _, accuracy in curve], np.float64)
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    metadata = {"origin": origin, "epochs": json.dumps(epochs), "digest": _digest(contiguous)}
    files.write(folder / NAME, save(contiguous, metadata))


def load_arms(folder: Path, origin: str, fresh: dict[str, Progress]) -> dict[str, tuple[Progress, Curve]]:
    """The arms that a checkpoint holds, shaped like `fresh`; none where there is no checkpoint yet.

    Raises InputError where the file is damaged or belongs to another recipe or other data.
    """
    path = folder / NAME
    if not files.exists(path):
        return {}
    try:
        with files.opened(path, str(folder), files.TENSORS_BYTES), safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        if metadata["digest"] != _digest(tensors):
            raise ValueError("its content is not what was written")
        if metadata["origin"] != origin:
            raise InputError(
                f"{path} was written for another recipe or for other data than the run in {folder} now has"
            )
        return {arm: _restore(tensors, arm, epoch, fresh[arm]) for arm, epoch in json.loads(metadata["epochs"]).items()}
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); remove it to train from the start") from None


def _restore(tensors: dict[str, np.ndarray], arm: str, epoch: int, fresh: Progress) -> tuple[Progress, Curve]:
    leaves, structure = jax.tree.flatten(fresh.chips)
    restored = [tensors[f"{arm}/chips/{i}"] for i in range(len(leaves))]
    progress = Progress(
        chips=jax.tree.unflatten(structure, [jnp.asarray(leaf) for leaf in restored]),
        epoch=epoch,
        loss=tensors[f"{arm}/loss"],
        residual=tensors[f"{arm}/residual"],
        counts=Counts(*(tensors[f"{arm}/counts/{name}"] for name in Counts._fields)),
    )
    curve = list(zip(tensors[f"{arm}/curve_epochs"].tolist(), tensors[f"{arm}/curve"], strict=True))
    return progress, curve
