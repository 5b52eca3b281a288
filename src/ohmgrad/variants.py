"""Parts for many chips side by side: variants of one structure, whose numbers differ, in one compiled call."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ohmgrad.errors import InputError

__all__ = ["PerChip", "numbers", "per_chip"]


class PerChip(eqx.Module):
    """A part for many chips side by side: what differs from chip to chip, with a leading axis, and what they share."""

    each: Any
    shared: Any

    def of(self, each: Any) -> Any:
        """The part of one chip, given its share of `each`."""
        return eqx.combine(each, self.shared)


def per_chip(one_or_variants: Any, chips: int) -> PerChip:
    """A part for so many chips: one for all, or a variant for each, which differ in their numbers.

    Numbers become arrays with a leading axis over chips; arrays that the part holds already (samples, fixed feedback)
    are shared where they are the same.

    Raises:
        InputError: where there are not as many variants as chips, or where one has another structure: other kinds or
            counts, or an effect (None) that others have not.
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


def _is_number(leaf: Any) -> bool:
    """A number, or numbers that are one array in compiled code: the points of a curve."""
    if type(leaf) is tuple:
        return len(leaf) > 0 and all(isinstance(each, float) for each in leaf)
    return isinstance(leaf, float)


def _is_data(leaf: Any) -> bool:
    return _is_number(leaf) or eqx.is_array(leaf)


def _fixed(leaf: Any) -> Any:
    """What variants may not differ in: how many numbers there are; of a count, a word, a truth value all of it."""
    return np.shape(leaf) if _is_data(leaf) else leaf


def _stacked(values: Sequence[Any], chips: int) -> Array:
    stacked = jnp.stack([jnp.asarray(value) for value in values])
    return jnp.broadcast_to(stacked, (chips, *stacked.shape[1:]))


def numbers(tree: Any) -> Any:
    """The same with an array for every number: data in compiled code, and no part of its key."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf) if _is_number(leaf) else leaf, tree, is_leaf=_is_number)
