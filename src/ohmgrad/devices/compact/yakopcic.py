"""Yakopcic's model: sinh conduction, exponential thresholds, and a rate that falls toward the bounds."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.compact.model import CompactModel, require


class Yakopcic(CompactModel):
    """Yakopcic's model: Yakopcic et al., IEEE Electron Device Letters 32, 1436 (2011); IJCNN 2013.

    i = a1 x sinh(b v) for v >= 0, a2 x sinh(b v) below. dx/dt = eta g(v) f(x): g is 0 between -v_n and v_p, and
    a_p (e^v - e^v_p) above, -a_n (e^-v - e^v_n) below (v in volts); f is 1 until x passes x_p (rising) or 1 - x_n
    (falling), and then e^(-alpha_p (x - x_p)) w_p, e^(alpha_n (x + x_n - 1)) w_n with windows that reach 0 at the end.
    With eta = -1 a positive voltage lowers the state.

    Defaults: the fit to the sinusoidal measurement of Oblea et al. (IJCNN 2010, silver chalcogenide) in Yakopcic's
    SPICE listing (also the example of Xyce's reference guide). At 100 Hz the listing starts at x = 0.11.

    Raises:
        InputError: for a parameter outside its range.
    """

    a1_amperes: float = 0.17
    a2_amperes: float = 0.17
    b_per_volt: float = 0.05
    v_p_volts: float = 0.16
    v_n_volts: float = 0.15
    a_p_per_second: float = 4000.0
    a_n_per_second: float = 4000.0
    x_p: float = 0.3
    x_n: float = 0.5
    alpha_p: float = 1.0
    alpha_n: float = 5.0
    eta: int = 1

    def __check_init__(self):
        require(self, "positive", a1_amperes=self.a1_amperes, a2_amperes=self.a2_amperes, b_per_volt=self.b_per_volt)
        require(self, "0 or more", v_p_volts=self.v_p_volts, v_n_volts=self.v_n_volts)
        require(self, "0 or more", a_p_per_second=self.a_p_per_second, a_n_per_second=self.a_n_per_second)
        require(self, "0 or more", alpha_p=self.alpha_p, alpha_n=self.alpha_n)
        require(self, "in [0, 1)", x_p=self.x_p, x_n=self.x_n)
        require(self, "1 or -1", eta=self.eta)

    def current(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        return jnp.where(volts >= 0, self.a1_amperes, self.a2_amperes) * state * jnp.sinh(self.b_per_volt * volts)

    def rate(self, state: Float[Array, "*#cells"], volts: Float[Array, "*#cells"]) -> Float[Array, "*cells"]:
        above = self.a_p_per_second * jnp.maximum(jnp.exp(volts) - math.exp(self.v_p_volts), 0)
        below = self.a_n_per_second * jnp.maximum(jnp.exp(-volts) - math.exp(self.v_n_volts), 0)
        past_p = jnp.maximum(state - self.x_p, 0)
        past_n = jnp.maximum(1 - self.x_n - state, 0)
        rising = jnp.exp(-self.alpha_p * past_p) * (1 - past_p / (1 - self.x_p))
        falling = jnp.exp(-self.alpha_n * past_n) * (1 - past_n / (1 - self.x_n))
        return self.eta * (above - below) * jnp.where(self.eta * volts >= 0, rising, falling)
