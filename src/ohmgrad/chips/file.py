"""Files of named tensors: safetensors with a format version, a description as JSON, and a digest."""

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
"""Version of the format (names of the tensors). Files of another version are rejected."""
_HEAD = "chips"
"""Key of the safetensors metadata that holds version, description and digest."""


def save(path: Path, chips: Mapping[str, Sequence[Synapse]]) -> None:
    """Save chips to a file.

    Args:
        path: The file.
        chips: By name, one synapse per weight matrix.

    Raises:
        InputError: if the file cannot be written.
    """
    write(path, {f"{name}/{leaf}": array for name, each in chips.items() for leaf, array in named(each).items()}, {})


def load(path: Path, like: Mapping[str, Sequence[Synapse]]) -> dict[str, tuple[Synapse, ...]]:
    """Load chips saved by `save`, bit-identical.

    Args:
        path: The file.
        like: By name, chips of the same structure, with arrays or `jax.ShapeDtypeStruct`.

    Returns:
        The chips by name, one synapse per weight matrix.

    Raises:
        InputError: if the file does not exist, is damaged or of another version, or its chips do not have the structure
            of `like`.
    """
    tensors, _ = read(path, "chips")
    return {name: rebuilt(each, below(tensors, name), f"{path}: {name}") for name, each in like.items()}


def below(tensors: Tensors, name: str) -> Tensors:
    """The tensors with names of the form "name/rest", by "rest"."""
    return {rest: array for full, array in tensors.items() if (rest := full.removeprefix(f"{name}/")) != full}


def write(path: Path, tensors: Tensors, about: Mapping[str, Any]) -> None:
    """Write tensors and a description to a file, atomically.

    Args:
        path: The file.
        tensors: The tensors by name.
        about: A description, as JSON.

    Raises:
        InputError: if the file cannot be written.
    """
    # numpy lacks bfloat16 and similar types: they are stored as unsigned integers, with the names of their types.
    types = {name: array.dtype.name for name, array in tensors.items() if array.dtype.kind == "V"}
    plain = {name: _in_order(_bits(array) if name in types else array) for name, array in tensors.items()}
    head = {"version": VERSION, "ohmgrad": ohmgrad.__version__, "about": about, "types": types}
    # One metadata entry: safetensors writes several in arbitrary order, but equal chips should give equal files.
    files.write(path, packed(plain, {_HEAD: json.dumps(head | {"digest": _digest(plain, head)})}))


def read(path: Path, what: str) -> tuple[Tensors, dict[str, Any]]:
    """Read a file written by `write`.

    Args:
        path: The file.
        what: Prefix of error messages: the file's folder or field.

    Returns:
        The tensors by name, and their description.

    Raises:
        InputError: if the file does not exist, is damaged, or is of another version.
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
    """The error for a damaged file; `why` is the reason."""
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
    """The array in C order with its shape unchanged (np.ascontiguousarray turns a scalar into a vector)."""
    return np.ascontiguousarray(array).reshape(array.shape)


def _digest(tensors: Tensors, head: Mapping[str, Any]) -> str:
    """SHA-256 of a file's metadata and tensors."""
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].shape} {tensors[name].dtype}".encode() + tensors[name].tobytes())
    return digest.hexdigest()
