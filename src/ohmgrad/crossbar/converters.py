"""DAC and ADC: uniform, symmetric, clipping."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def convert(signal: Float[Array, "*shape"], bits: int | None, full_scale: float) -> Float[Array, "*shape"]:
    """The nearest of 2^bits - 1 evenly spaced levels in [-full_scale, full_scale] (zero is one); None: unchanged."""
    if bits is None:
        return signal
    step = full_scale / (2 ** (bits - 1) - 1)
    return step * jnp.round(jnp.clip(signal, -full_scale, full_scale) / step)
