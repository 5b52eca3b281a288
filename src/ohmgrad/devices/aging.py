"""What time does to a conductance after it was written."""

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, number

Cells = Float[Array, "*cells"]
Fit = tuple[float, float, float, float] | Float[Array, "*variants 4"]
"""Slope, offset, floor and ceiling of a quantity over ln(G / G_max)."""


class Aging(Part):
    """What a conductance becomes after a write, until the next.

    Devices differ: each has a number of its own, normal over devices, drawn when it is made.
    """

    @abc.abstractmethod
    def after(self, g: Cells, seconds: Cells | float, g_max_siemens: Number, z: Cells | float = 0.0) -> Cells:
        """Conductances `seconds` after a write left g, for devices whose own number is `own`; 0: the mean device."""


class Drift(Aging):
    """Power-law drift of amorphous phase-change material: G(t) = G (t / t0)^-nu for t > t0.

    nu is a device's own, the amount of a Gaussian number whose mean and deviation fall with the logarithm of g =
    G / G_max: clip(slope ln g + offset, floor, ceiling) each (Nandakumar et al., ICECS 2019,
    10.1109/ICECS46596.2019.8964852; the fit that aihwkit uses).

    Raises InputError where a floor is negative or above its ceiling.
    """

    kind: ClassVar[str] = "drift"
    t0_seconds: Number = number(meaning="time after the write from which it drifts", unit="s", gt=0)
    mean: Fit = number(meaning="of nu: slope, offset, floor, ceiling in ln(G / G_max)")
    deviation: Fit = number(meaning="of nu: slope, offset, floor, ceiling in ln(G / G_max)")

    def __check_init__(self):
        for name in ("mean", "deviation"):
            fit = getattr(self, name)
            if isinstance(fit, tuple) and not 0 <= fit[2] <= fit[3]:
                raise InputError(f"{name} is [slope, offset, floor, ceiling] with 0 <= floor <= ceiling")

    def after(self, g, seconds, g_max_siemens, z=0.0):
        log_g = jnp.log(jnp.maximum(g / g_max_siemens, 1e-6))
        mean, deviation = (
            jnp.clip(slope * log_g + offset, floor, ceiling)
            for slope, offset, floor, ceiling in (self.mean, self.deviation)
        )
        nu = jnp.abs(mean + deviation * z)
        return g * jnp.exp(-nu * jnp.log(jnp.maximum(seconds / self.t0_seconds, 1.0)))


class Retention(Aging):
    """Exponential loss toward a conductance, with a lognormal spread of the lifetime from device to device."""

    kind: ClassVar[str] = "retention"
    lifetime_seconds: Number = number(meaning="after which 1/e of the distance is left", unit="s", gt=0)
    rest_siemens: Number = number(0.0, "what is left at last", "S", ge=0)
    lifetime_spread: Number = number(0.0, "standard deviation of the logarithm of the lifetime", ge=0)

    def after(self, g, seconds, g_max_siemens, z=0.0):
        lifetime = self.lifetime_seconds * jnp.exp(self.lifetime_spread * z)
        return self.rest_siemens + (g - self.rest_siemens) * jnp.exp(-seconds / lifetime)
