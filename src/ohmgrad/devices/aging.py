"""How a conductance changes over time after it was written: drift or loss of retention."""

import abc
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, number

Cells = Float[Array, "*cells"]
Fit = tuple[float, float, float, float] | Float[Array, "*variants 4"]
"""Slope, offset, floor and ceiling of clip(slope ln(G / G_max) + offset, floor, ceiling)."""


class Aging(Part):
    """How a conductance evolves between one write and the next. Subclass it for a law of your own.

    Device-to-device variation of the law is one standard-normal number per device, drawn at fabrication.
    """

    @abc.abstractmethod
    def after(self, g: Cells, seconds: Cells | float, g_max_siemens: Number, z: Cells | float = 0.0) -> Cells:
        """Conductances in siemens, some time after a write.

        Args:
            g: Conductances right after the write, in siemens, of any shape.
            seconds: Time since the write; one for all, or one per device.
            g_max_siemens: The device's highest nominal conductance.
            z: Standard-normal number of each device; 0: the mean device.
        """


class Drift(Aging):
    """Power-law drift of amorphous phase-change material: G(t) = G (t / t0)^-nu for t > t0.

    Each device has its own drift exponent nu = |mean + deviation z|, z standard normal; mean and deviation depend on
    the conductance as clip(slope ln(G / G_max) + offset, floor, ceiling). Source: Nandakumar et al., ICECS 2019,
    doi:10.1109/ICECS46596.2019.8964852 (also the default of aihwkit).

    Raises:
        InputError: where a floor is negative or above its ceiling.
    """

    kind: ClassVar[str] = "drift"
    t0_seconds: Number = number(meaning="time after the write at which drift begins", unit="s", gt=0)
    mean: Fit = number(meaning="mean of the drift exponent: slope, offset, floor, ceiling over ln(G / G_max)")
    deviation: Fit = number(
        meaning="deviation of the drift exponent between devices: slope, offset, floor, ceiling over ln(G / G_max)"
    )

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
    """Exponential decay of the conductance toward a resting value, with a lifetime that is lognormal over devices."""

    kind: ClassVar[str] = "retention"
    lifetime_seconds: Number = number(meaning="time constant of the exponential decay", unit="s", gt=0)
    rest_siemens: Number = number(0.0, "conductance that remains after a long time", "S", ge=0)
    lifetime_spread: Number = number(0.0, "standard deviation of the logarithm of the lifetime", ge=0)

    def after(self, g, seconds, g_max_siemens, z=0.0):
        lifetime = self.lifetime_seconds * jnp.exp(self.lifetime_spread * z)
        return self.rest_siemens + (g - self.rest_siemens) * jnp.exp(-seconds / lifetime)
