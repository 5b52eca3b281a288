"""Signed weights as pairs of conductances."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def to_pair(difference: Float[Array, "*cells"], offset: float) -> Float[Array, "2 *cells"]:
    """G+ and G- whose difference is given, both `offset` at zero and moving apart by halves until one reaches zero.

    All in siemens. An offset of 0 keeps one device of each pair at zero; half the range lets both move both ways.
    """
    plus = jnp.maximum(jnp.maximum(offset + difference / 2, difference), 0)
    minus = jnp.maximum(jnp.maximum(offset - difference / 2, -difference), 0)
    return jnp.stack([plus, minus])


def from_pair(pair: Float[Array, "2 *cells"]) -> Float[Array, "*cells"]:
    return pair[0] - pair[1]
