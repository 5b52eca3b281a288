"""VTEAM model: a state that changes only beyond two threshold voltages."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.compact.model import CompactModel, require
from ohmgrad.devices.compact.windows import Window
from ohmgrad.errors import unknown

IV = ("linear", "exponential")


class Vteam(CompactModel):
    """Voltage ThrEshold Adaptive Memristor: Kvatinsky et al., IEEE TCAS-II 62, 786 (2015).

    The paper's position x runs from 0 (R_on) to `length_metres` (R_off); the state is 1 - x / length. Above v_off (> 0)
    dx/dt = k_off (v / v_off - 1)^alpha_off, below v_on (< 0) dx/dt = k_on (v / v_on - 1)^alpha_on (k_on < 0), between
    them nothing changes. So a positive voltage lowers the conductance. `iv` says whether the resistance is "linear" or
    "exponential" in x.

    Defaults are those of the VTEAM model of MemTorch 1.1.6 (read there); whether the paper's table has them was not
    checked. The default `window` is 1 everywhere; the paper does not prescribe one.

    Raises:
        InputError: for a parameter outside its range, or an unknown `iv`.
    """

    r_on_ohms: float = 50.0
    r_off_ohms: float = 1000.0
    length_metres: float = 3e-9
    k_on_metres_per_second: float = -10.0
    k_off_metres_per_second: float = 5e-4
    alpha_on: float = 3.0
    alpha_off: float = 1.0
    v_on_volts: float = -0.2
    v_off_volts: float = 0.02
    iv: str = "linear"
    window: Window = Window()

    def __check_init__(self):
        require(self, "positive", r_on_ohms=self.r_on_ohms, r_off_ohms=self.r_off_ohms)
        require(self, "positive", length_metres=self.length_metres, v_off_volts=self.v_off_volts)
        require(self, "positive", alpha_on=self.alpha_on, alpha_off=self.alpha_off)
        require(self, "positive", k_off_metres_per_second=self.k_off_metres_per_second)
        require(self, "negative", k_on_metres_per_second=self.k_on_metres_per_second, v_on_volts=self.v_on_volts)
        if self.iv not in IV:
            raise unknown("Vteam.iv", self.iv, IV)

    def current(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        x = 1 - state
        if self.iv == "linear":
            return volts / (self.r_on_ohms + (self.r_off_ohms - self.r_on_ohms) * x)
        return volts / (self.r_on_ohms * jnp.exp(math.log(self.r_off_ohms / self.r_on_ohms) * x))

    def rate(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        state, volts = jnp.broadcast_arrays(state, volts)
        off = self.k_off_metres_per_second * jnp.maximum(volts / self.v_off_volts - 1, 0) ** self.alpha_off
        on = self.k_on_metres_per_second * jnp.maximum(volts / self.v_on_volts - 1, 0) ** self.alpha_on
        return -(off + on) / self.length_metres * self.window(state, volts < 0)
