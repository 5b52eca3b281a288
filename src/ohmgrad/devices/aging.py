"""What time does to a conductance after it was written."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

Cells = Float[Array, "*cells"]


class Aging(eqx.Module):
    """What a conductance becomes after a write, until the next.

    Devices differ: each has a number of its own, normal over devices, drawn when it is made.
    """

    @abc.abstractmethod
    def after(self, g: Cells, seconds: Cells | float, g_max_siemens: float, own: Cells | float = 0.0) -> Cells:
        """Conductances `seconds` after a write left g, for devices whose own number is `own`; 0: the mean device."""


class Drift(Aging):
    """Power-law drift of amorphous phase-change material: G(t) = G (t / t0)^-nu for t > t0.

    nu is a device's own, the amount of a Gaussian number whose mean and deviation fall with the logarithm of g =
    G / G_max: clip(slope ln g + offset, floor, ceiling) each (Nandakumar et al., ICECS 2019,
    10.1109/ICECS46596.2019.8964852; the fit that aihwkit uses).
    """

    t0_seconds: float
    mean: tuple[float, float, float, float]
    """slope, offset, floor and ceiling of the mean of nu."""
    deviation: tuple[float, float, float, float]

    def after(self, g, seconds, g_max_siemens, own=0.0):
        log_g = jnp.log(jnp.maximum(g / g_max_siemens, 1e-6))
        mean, deviation = (
            jnp.clip(slope * log_g + offset, floor, ceiling)
            for slope, offset, floor, ceiling in (self.mean, self.deviation)
        )
        nu = jnp.abs(mean + deviation * own)
        return g * jnp.exp(-nu * jnp.log(jnp.maximum(seconds / self.t0_seconds, 1.0)))


class Retention(Aging):
    """Exponential loss toward a conductance, with a lognormal spread of the lifetime from device to device."""

    lifetime_seconds: float
    rest_siemens: float = 0.0
    lifetime_spread: float = 0.0

    def after(self, g, seconds, g_max_siemens, own=0.0):
        lifetime = self.lifetime_seconds * jnp.exp(self.lifetime_spread * own)
        return self.rest_siemens + (g - self.rest_siemens) * jnp.exp(-seconds / lifetime)
