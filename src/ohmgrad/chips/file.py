"""Named tensors on disk: safetensors, with the version of their names, what they are of, and a digest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as packed

import ohmgrad
from ohmgrad import files
from ohmgrad.chips.leaves import Tensors, named, rebuilt
from ohmgrad.errors import InputError
from ohmgrad.synapses import Synapse

VERSION = 2
"""Of the names in a file: a file of another version is refused."""
_HEAD = "chips"
"""The entry in a file's own head that says all else."""


def save(path: Path, chips: Mapping[str, Sequence[Synapse]]) -> None:
    """Keep chips, each under a name of its own.

    Raises:
        InputError: where the file cannot be written.
    """
    write(path, {f"{name}/{leaf}": array for name, each in chips.items() for leaf, array in named(each).items()}, {})


def load(path: Path, like: Mapping[str, Sequence[Synapse]]) -> dict[str, tuple[Synapse, ...]]:
    """The chips that `save` kept, bit for bit.

    Args:
        path: Of the file.
        like: By name, chips of the same structure, of arrays or of `jax.ShapeDtypeStruct`.

    Raises:
        InputError: where there is no such file, where it is damaged or of another version, or holds other chips.
    """
    tensors, _ = read(path, "chips")
    return {name: rebuilt(each, below(tensors, name), f"{path}: {name}") for name, each in like.items()}


def below(tensors: Tensors, name: str) -> Tensors:
    """The tensors whose names begin with this one, by the rest of their names."""
    return {rest: array for full, array in tensors.items() if (rest := full.removeprefix(f"{name}/")) != full}


def write(path: Path, tensors: Tensors, about: Mapping[str, Any]) -> None:
    """Keep tensors, and what JSON can say about them, in one step.

    Raises:
        InputError: where the file cannot be written.
    """
    # numpy knows no bfloat16 and its like: their bits are kept, and their names beside them.
    types = {name: array.dtype.name for name, array in tensors.items() if array.dtype.kind == "V"}
    plain = {name: _in_order(_bits(array) if name in types else array) for name, array in tensors.items()}
    head = {"version": VERSION, "ohmgrad": ohmgrad.__version__, "about": about, "types": types}
    # One entry: safetensors writes those of its head in any order, and the same chips should be the same file.
    files.write(path, packed(plain, {_HEAD: json.dumps(head | {"digest": _digest(plain, head)})}))


def read(path: Path, what: str) -> tuple[Tensors, dict[str, Any]]:
    """What `write` kept: the tensors, and what was said about them.

    Raises:
        InputError: where there is no such file, or where it is damaged or of another version; `what` names its folder
            or field.
    """
    try:
        with files.opened(path, what, files.TENSORS_BYTES), safe_open(path, framework="numpy") as file:
            head = json.loads((file.metadata() or {})[_HEAD])
            _check_version(path, head)
            plain = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        if head.pop("digest") != _digest(plain, head):
            raise ValueError("its content is not what was written")
        types = head["types"]
        tensors = {name: a.view(jnp.dtype(types[name])) if name in types else a for name, a in plain.items()}
        return tensors, head["about"]
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise damaged(path, error) from None


def damaged(path: Path, why: object) -> InputError:
    """The error for a file whose content cannot be used."""
    return InputError(f"{path} is damaged ({why}); remove it and the summary beside it to train from the start")


def _check_version(path: Path, head: Mapping[str, Any]) -> None:
    if head["version"] != VERSION:
        raise InputError(
            f"{path} is of version {head['version']}, written by ohmgrad {head['ohmgrad']}; this one reads version "
            f"{VERSION}: use that ohmgrad, or train the run's recipe.yaml anew"
        )


def _bits(array: np.ndarray) -> np.ndarray:
    return array.view(f"uint{8 * array.dtype.itemsize}")


def _in_order(array: np.ndarray) -> np.ndarray:
    """The same array as it is stored; numpy makes a list of a single number on the way."""
    return np.ascontiguousarray(array).reshape(array.shape)


def _digest(tensors: Tensors, head: Mapping[str, Any]) -> str:
    """What ties a file to its own content."""
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].shape} {tensors[name].dtype}".encode() + tensors[name].tobytes())
    return digest.hexdigest()
