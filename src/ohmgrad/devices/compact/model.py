"""The interface of voltage-driven compact models: current and rate of change of the state."""

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

    The state is dimensionless, from 0 (least conducting) to 1 (most conducting); the published state variable is scaled
    to it, which keeps numbers well within float32. `drive` clips it to this range.
    """

    @abc.abstractmethod
    def current(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        """Current through the device in amperes, for states in [0, 1] and voltages in volts."""

    @abc.abstractmethod
    def rate(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        """d state / dt in 1/s, for states in [0, 1] and voltages in volts."""

    def conductance(self, state: Float[Array, "*cells"], read_volts: float) -> Float[Array, "*cells"]:
        """Conductance I / V in siemens at a read voltage; at 0 V the limit dI/dV."""
        volts = jnp.full_like(state, read_volts)
        if read_volts == 0:
            return jax.jvp(lambda v: self.current(state, v), (volts,), (jnp.ones_like(state),))[1]
        return self.current(state, volts) / volts


def require(model: eqx.Module, allowed: str, **fields: Any) -> None:
    """Check parameters of a model.

    Args:
        model: The model, for the message.
        allowed: Condition that values must meet: a key of `_ALLOWED`.
        fields: Values by name.

    Raises:
        InputError: for the first value that is not one finite number, or does not meet the condition.
    """
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
