"""The arrays of chips by name, such as `layer1/arrays/g`."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.errors import InputError
from ohmgrad.synapses import Synapse

Tensors = dict[str, np.ndarray]


def named(chips: Sequence[Synapse]) -> Tensors:
    """All arrays of chips by name: number of the weight matrix from 1, then the path of fields to the array.

    Random keys are converted to their integer data.

    Args:
        chips: One synapse per weight matrix.
    """
    return {name: np.asarray(_plain(leaf)) for name, leaf in _leaves(chips)}


def rebuilt(like: Sequence[Synapse], tensors: Mapping[str, np.ndarray], what: str) -> tuple[Synapse, ...]:
    """Rebuild chips from their named arrays, bit-identical; the inverse of `named`.

    Args:
        like: Chips of the same structure, with arrays or `jax.ShapeDtypeStruct`.
        tensors: Arrays by name, from `named`.
        what: Prefix of error messages.

    Raises:
        InputError: if a name, shape or dtype differs from that in `like`.
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
    """Shape and dtype in words."""
    array = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
    array = array if hasattr(array, "dtype") else np.asarray(array)
    sides = ", ".join(map(str, array.shape))
    return f"shape ({sides}) of {np.dtype(array.dtype).name}"


def _filled(leaf: Any, tensor: np.ndarray) -> Any:
    """The tensor converted to the kind of the leaf: a random key, a Python number, or a JAX array."""
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
