"""Device-to-device variation: its standard deviations, and how step sizes are drawn."""

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, known, number, setting

Cells = Float[Array, "*cells"]


class Spread(Part):
    """Device-to-device variation as standard deviations; every device draws its values once. None: no variation.

    `g_min` and `g_max` vary the bounds, in shares of the nominal range. `step` varies a factor of mean 1 on the steps
    of both polarities. "normal": a Gaussian truncated to positive values, rescaled so that mean and deviation are as
    given; its deviation cannot exceed 1. "lognormal": `step` is the deviation of the logarithm. `imbalance` varies the
    asymmetry: what is added to the factor of potentiation and subtracted from that of depression, clipped so that
    neither becomes negative.

    Raises:
        InputError: where `step` is above 1 (normal) or 3 (lognormal).
    """

    g_min: Number | None = number(None, "deviation of the lowest conductance, in shares of the range", off=0.0, ge=0)
    g_max: Number | None = number(None, "deviation of the highest conductance, in shares of the range", off=0.0, ge=0)
    step: Number | None = number(None, "relative deviation of the size of the steps: 0.05 is 5 %", off=0.0, ge=0)
    imbalance: Number | None = number(
        None, "relative deviation of half the difference between potentiating and depressing steps", off=0.0, ge=0
    )
    distribution: Literal["normal", "lognormal"] = setting("normal", "distribution of the size of the steps")

    def __check_init__(self):
        largest = 1 if self.distribution == "normal" else 3
        if self.step is not None and known(self.step) and self.step > largest:
            raise InputError(
                f"step: {self.step:g} is above {largest}, the most of a {self.distribution} spread; "
                f"allowed: 0 to {largest}, in shares of the mean step (0.05 is 5 %)"
            )

    def steps(
        self, shape: tuple[int, ...], key: PRNGKeyArray, tilt_key: PRNGKeyArray
    ) -> tuple[Cells, Cells] | tuple[None, None]:
        """Draw the factors of potentiating and of depressing steps; (None, None) where steps do not vary.

        Args:
            shape: Shape of the arrays of devices.
            key: Randomness of the factor common to both polarities.
            tilt_key: Randomness of the imbalance.
        """
        if self.step is None and self.imbalance is None:
            return None, None
        common = _lognormal if self.distribution == "lognormal" else _positive
        step = jnp.ones(shape) if self.step is None else common(self.step, key, shape)
        if self.imbalance is None:
            return step, step
        tilt = jnp.clip(self.imbalance * noise.normal(tilt_key, shape), -step, step)
        return step + tilt, step - tilt


def _lognormal(deviation: Number, key: PRNGKeyArray, shape: tuple[int, ...]) -> Cells:
    """Lognormal numbers of mean 1; `deviation` is that of the logarithm."""
    return jnp.exp(deviation * noise.normal(key, shape) - deviation**2 / 2)


def _positive(deviation: Number, key: PRNGKeyArray, shape: tuple[int, ...]) -> Cells:
    """Positive numbers of mean 1 and this deviation: a truncated Gaussian, shifted and rescaled.

    For a small deviation it is 1 + deviation z; toward a deviation of 1, the largest, it becomes exponential.
    """
    cut, mean = _cut(deviation)
    z = noise.normal(key, shape)
    # Numbers below the cut are replaced by a second draw from the part above it.
    again = -ndtri(ndtr(-cut) * noise.uniform(jax.random.fold_in(key, 1), shape))
    return (jnp.where(z > cut, z, again) - cut) / mean


def _cut(deviation: Number) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Where to truncate a standard normal so that (z - cut), z above the cut, has this ratio of deviation to mean; and
    that mean."""
    deviations, cuts, means = _CUTS
    deviation = jnp.maximum(jnp.asarray(deviation, jnp.float32), 1e-30)
    far = deviation < deviations[0]
    cut, mean = (jnp.interp(deviation, deviations, values) for values in (cuts, means))
    return jnp.where(far, -1 / deviation, cut), jnp.where(far, 1 / deviation, mean)


def _cuts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For truncations of a standard normal at cuts from -8 to 10: deviation / mean of (z - cut), the cut, the mean."""
    cut = np.linspace(-8, 10, 3601)
    above = np.array([math.erfc(each / math.sqrt(2)) / 2 for each in cut])
    hazard = np.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi) / above
    mean = hazard - cut
    return np.sqrt(1 - hazard * mean) / mean, cut, mean


_CUTS = _cuts()
