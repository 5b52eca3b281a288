"""What every voltage-driven compact model answers: the current now, and how fast its state moves."""

import abc
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.errors import InputError


class CompactModel(eqx.Module):
    """A memristive one-port: i = I(state, v), d state / dt = f(state, v) (Chua and Kang, Proc. IEEE 64, 209, 1976).

    The state is dimensionless, from 0 (least conducting) to 1 (most conducting), whatever quantity of the published
    model it stands for; that keeps all of them well within float32. `drive` stops it at these two ends.
    """

    @abc.abstractmethod
    def current(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        """Amperes through the device."""

    @abc.abstractmethod
    def rate(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        """d state / dt in 1/s, for a state in [0, 1]."""

    def conductance(self, state: Float[Array, "*cells"], read_volts: float) -> Float[Array, "*cells"]:
        """Siemens at a read voltage, I / V; at 0 V its limit dI/dV."""
        volts = jnp.full_like(state, read_volts)
        if read_volts == 0:
            return jax.jvp(lambda v: self.current(state, v), (volts,), (jnp.ones_like(state),))[1]
        return self.current(state, volts) / volts


def require(model: eqx.Module, allowed: str, **fields: Any) -> None:
    """Raise InputError for the first field that is not one finite number of those `allowed`, a key of _ALLOWED."""
    for name, value in fields.items():
        if np.ndim(value):
            raise InputError(f"{type(model).__name__}.{name} must be one number, not of shape {np.shape(value)}")
        if not (math.isfinite(value) and _ALLOWED[allowed](value)):
            raise InputError(f"{type(model).__name__}.{name} must be {allowed}, not {value:g}")


_ALLOWED = {
    "positive": lambda x: x > 0,
    "negative": lambda x: x < 0,
    "0 or more": lambda x: x >= 0,
    "1 or more": lambda x: x >= 1,
    "in [0, 1)": lambda x: 0 <= x < 1,
    "1 or -1": lambda x: x in (1, -1),
}
