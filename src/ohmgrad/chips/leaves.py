"""The arrays of chips by name: where each one lies in them, as `layer1/arrays/g`."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.errors import InputError
from ohmgrad.synapses import Synapse

Tensors = dict[str, np.ndarray]


def named(chips: Sequence[Synapse]) -> Tensors:
    """Every array of chips by its place: the weight matrix, counted from 1, then the fields on the way to the array.

    Random keys are taken as the words that they are made of.
    """
    return {name: np.asarray(_plain(leaf)) for name, leaf in _leaves(chips)}


def rebuilt(like: Sequence[Synapse], tensors: Mapping[str, np.ndarray], what: str) -> tuple[Synapse, ...]:
    """Chips made of `tensors`, bit for bit.

    Args:
        like: Chips of the same structure, of arrays or of `jax.ShapeDtypeStruct`.
        tensors: What `named` gave.
        what: Names the tensors in errors.

    Raises:
        InputError: where a name, a shape or a type is another than in `like`.
    """
    leaves = _leaves(like)
    _check_names([name for name, _ in leaves], tensors, what)
    for name, leaf in leaves:
        _check_array(name, _described(leaf), _described(tensors[name]), what)
    structure = jax.tree.structure(tuple(like))
    return jax.tree.unflatten(structure, [_filled(leaf, tensors[name]) for name, leaf in leaves])


def _leaves(chips: Sequence[Synapse]) -> list[tuple[str, Any]]:
    found = jax.tree_util.tree_flatten_with_path(tuple(chips))[0]
    return [(_name(path), leaf) for path, leaf in found]


def _name(path: tuple[Any, ...]) -> str:
    matrix, *inner = path
    return f"layer{matrix.idx + 1}/{jax.tree_util.keystr(tuple(inner), simple=True, separator='/')}"


def _is_key(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _described(leaf: Any) -> str:
    """Shape and type in words."""
    array = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
    array = array if hasattr(array, "dtype") else np.asarray(array)
    sides = ", ".join(map(str, array.shape))
    return f"shape ({sides}) of {np.dtype(array.dtype).name}"


def _filled(leaf: Any, tensor: np.ndarray) -> Any:
    """The array as what the leaf is: a random key, a number of Python's, or an array."""
    if _is_key(leaf):
        return jax.random.wrap_key_data(jnp.asarray(tensor))
    if isinstance(leaf, bool | int | float):
        return type(leaf)(tensor.item())
    return jnp.asarray(tensor)


def _check_names(wanted: Sequence[str], tensors: Mapping[str, np.ndarray], what: str) -> None:
    if missing := [name for name in wanted if name not in tensors]:
        raise InputError(f"{what}: {missing[0]} is missing, which the recipe makes")
    if more := tensors.keys() - set(wanted):
        raise InputError(f"{what}: the recipe makes no {min(more)}")


def _check_array(name: str, wanted: str, found: str, what: str) -> None:
    if wanted != found:
        raise InputError(f"{what}: {name} has {found}, the recipe makes {wanted}")
