"""Weights that a training starts from."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.parts import Number

Matrices = list[Float[Array, "_ _"]]


def gaussian(shapes: Sequence[tuple[int, int]], gains: Sequence[Number], key: PRNGKeyArray) -> Matrices:
    """Gaussian weights of standard deviation gain / sqrt(inputs) with a bias row of zeros, per layer."""
    layer_keys = jax.random.split(key, len(shapes))
    return [
        gain / math.sqrt(rows - 1) * jax.random.normal(layer_key, (rows, columns)).at[-1].set(0)
        for (rows, columns), gain, layer_key in zip(shapes, gains, layer_keys, strict=True)
    ]


def conductances(shapes: Sequence[tuple[int, int]], gains: Sequence[Number], key: PRNGKeyArray) -> Matrices:
    """Uniform within gain / sqrt(lines) of zero, negative ones clipped to zero, per layer; none on the two rails.

    So half of all pairs of lines and nodes are not connected at first (Scellier, arXiv:2402.11674).
    """
    layer_keys = jax.random.split(key, len(shapes))
    return [
        gain / math.sqrt(rows - 2) * jnp.maximum(jax.random.uniform(k, (rows, columns), minval=-1), 0).at[-2:].set(0)
        for (rows, columns), gain, k in zip(shapes, gains, layer_keys, strict=True)
    ]
