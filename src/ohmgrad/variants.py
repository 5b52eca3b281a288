"""Parts for many chips in one compiled call: variants of one structure that differ in their numbers."""

from collections.abc import Hashable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ohmgrad.errors import InputError

__all__ = ["PerChip", "numbers", "per_chip", "structure"]


class PerChip(eqx.Module):
    """A part for many chips: a pytree split into leaves that differ between chips and leaves that they share.

    Attributes:
        each: The leaves that differ, with a leading axis over chips; None elsewhere.
        shared: All other leaves; None where `each` has one.
    """

    each: Any
    shared: Any

    def of(self, each: Any) -> Any:
        """The part of one chip, given its slice of `each`."""
        return eqx.combine(each, self.shared)


def per_chip(one_or_variants: Any, chips: int) -> PerChip:
    """Prepare a part for several chips.

    Numbers become arrays with a leading axis over chips; arrays that the part already has (samples, fixed feedback) are
    shared where they are the same object in all variants.

    Args:
        one_or_variants: One part for all chips, or a sequence with a variant for each.
        chips: Number of chips.

    Raises:
        InputError: where there are not as many variants as chips, or one differs in structure: in kinds or counts, or
            in which effects are None.
    """
    variants = one_or_variants if isinstance(one_or_variants, Sequence) else [one_or_variants]
    if len(variants) not in (1, chips):
        raise InputError(f"there are {len(variants)} variants for {chips} chips; allowed: one for each, or one for all")
    (leaves, structure), *others = (jax.tree.flatten(each, is_leaf=_is_number) for each in variants)
    fixed = [_fixed(leaf) for leaf in leaves]
    for place, (other_leaves, other) in enumerate(others, start=1):
        if other != structure or [_fixed(leaf) for leaf in other_leaves] != fixed:
            raise InputError(
                f"variant {place} has not the structure of variant 0; allowed: other numbers with the same effects, "
                "kinds and counts (an effect that some variants lack is 0.0 there, not None)"
            )
    each, shared = [], []
    for place, first in enumerate(leaves):
        same = [first, *(other[place] for other, _ in others)]
        is_shared = not _is_data(first) or (eqx.is_array(first) and all(leaf is first for leaf in same))
        shared.append(first if is_shared else None)
        each.append(None if is_shared else _stacked(same, chips))
    return PerChip(*(jax.tree.unflatten(structure, side) for side in (each, shared)))


def structure(part: Any) -> Hashable:
    """The structure of a part: equal for parts that differ in their numbers only."""
    leaves, tree = jax.tree.flatten(part, is_leaf=_is_number)
    return tree, tuple(map(_fixed, leaves))


def _is_number(leaf: Any) -> bool:
    """Whether a leaf is a number, or a tuple of numbers that is one array in compiled code (points of a curve)."""
    if type(leaf) is tuple:
        return len(leaf) > 0 and all(isinstance(each, float) for each in leaf)
    return isinstance(leaf, float)


def _is_data(leaf: Any) -> bool:
    return _is_number(leaf) or eqx.is_array(leaf)


def _fixed(leaf: Any) -> Any:
    """What must be the same in all variants: the shape of numbers; counts, words and truth values themselves."""
    return np.shape(leaf) if _is_data(leaf) else leaf


def _stacked(values: Sequence[Any], chips: int) -> Array:
    if any(map(eqx.is_array, values)):
        stacked = jnp.stack([jnp.asarray(value) for value in values])
        return jnp.broadcast_to(stacked, (chips, *stacked.shape[1:]))
    plain = np.asarray(values, np.float32)  # not by JAX, which would compile a program for every number
    return jnp.asarray(np.broadcast_to(plain, (chips, *plain.shape[1:])))


def numbers(tree: Any) -> Any:
    """The same pytree with every number as an array, so that it is data of compiled code and causes no
    recompilation."""
    # With a type of its own: a weakly typed array comes back from compiled code as another type, and compiles it again.
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, float) if _is_number(leaf) else leaf, tree, is_leaf=_is_number)
