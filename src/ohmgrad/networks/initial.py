"""Initial weights of a training."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.parts import Number

Matrices = list[Float[Array, "_ _"]]


def gaussian(shapes: Sequence[tuple[int, int]], gains: Sequence[Number], key: PRNGKeyArray) -> Matrices:
    """Gaussian weights with standard deviation gain / sqrt(inputs), and a bias row of zeros.

    Args:
        shapes: (rows, columns) of each matrix, including its bias row.
        gains: One gain per matrix.
        key: Random key.
    """
    layer_keys = jax.random.split(key, len(shapes))
    return [
        gain / math.sqrt(rows - 1) * jax.random.normal(layer_key, (rows, columns)).at[-1].set(0)
        for (rows, columns), gain, layer_key in zip(shapes, gains, layer_keys, strict=True)
    ]


def conductances(shapes: Sequence[tuple[int, int]], gains: Sequence[Number], key: PRNGKeyArray) -> Matrices:
    """Conductances uniform in +-gain / sqrt(lines), with negative ones set to zero; zero on the two bias rows.

    Half of all pairs of lines and nodes are thus initially unconnected (Scellier, arXiv:2402.11674).

    Args:
        shapes: (rows, columns) of each matrix, including its two bias rows.
        gains: One gain per matrix.
        key: Random key.
    """
    layer_keys = jax.random.split(key, len(shapes))
    return [
        gain / math.sqrt(rows - 2) * jnp.maximum(jax.random.uniform(k, (rows, columns), minval=-1), 0).at[-2:].set(0)
        for (rows, columns), gain, k in zip(shapes, gains, layer_keys, strict=True)
    ]
