"""How devices differ from the nominal one, and how their steps are drawn."""

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
    """Device-to-device variation, as standard deviations, each drawn once per device.

    `g_min` and `g_max` in shares of the nominal range; `step` of a factor of mean 1 common to both polarities: normal,
    of which only what is positive is drawn, stretched to keep mean and deviation (up to 1), or lognormal, `step` being
    that of its logarithm; `imbalance` of what up gains and down loses of it, at most all. None: devices are alike.

    Raises InputError for a spread of steps above what a distribution can have.
    """

    g_min: Number | None = number(None, "of the lowest conductance, in shares of the range", off=0.0, ge=0)
    g_max: Number | None = number(None, "of the highest conductance, in shares of the range", off=0.0, ge=0)
    step: Number | None = number(None, "of the size of the steps, in shares of their mean: 0.05 is 5 %", off=0.0, ge=0)
    imbalance: Number | None = number(None, "of what up gains and down loses, relative", off=0.0, ge=0)
    distribution: Literal["normal", "lognormal"] = setting("normal", "of the size of the steps")

    def __check_init__(self):
        most = 1 if self.distribution == "normal" else 3
        if self.step is not None and known(self.step) and self.step > most:
            raise InputError(
                f"step: {self.step:g} is above {most}, the most of a {self.distribution} spread; "
                f"allowed: 0 to {most}, in shares of the mean step (0.05 is 5 %)"
            )

    def steps(
        self, shape: tuple[int, ...], key: PRNGKeyArray, tilt_key: PRNGKeyArray
    ) -> tuple[Cells, Cells] | tuple[None, None]:
        """What scales the steps up and down of each device; None where they are alike."""
        if self.step is None and self.imbalance is None:
            return None, None
        common = _lognormal if self.distribution == "lognormal" else _positive
        step = jnp.ones(shape) if self.step is None else common(self.step, key, shape)
        if self.imbalance is None:
            return step, step
        tilt = jnp.clip(self.imbalance * noise.normal(tilt_key, shape), -step, step)
        return step + tilt, step - tilt


def _lognormal(deviation: Number, key: PRNGKeyArray, shape: tuple[int, ...]) -> Cells:
    """Numbers of mean 1 whose logarithm has this deviation."""
    return jnp.exp(deviation * noise.normal(key, shape) - deviation**2 / 2)


def _positive(deviation: Number, key: PRNGKeyArray, shape: tuple[int, ...]) -> Cells:
    """Numbers of mean 1 and this deviation: the part of a Gaussian above a cut, moved and stretched, none negative.

    Where the cut lies far below, 1 + deviation z; for a deviation of 1, the most there can be, an exponential number.
    """
    cut, mean = _cut(deviation)
    z = noise.normal(key, shape)
    # Those below the cut are drawn once more, above it.
    again = -ndtri(ndtr(-cut) * noise.uniform(jax.random.fold_in(key, 1), shape))
    return (jnp.where(z > cut, z, again) - cut) / mean


def _cut(deviation: Number) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Where to cut a Gaussian so that what lies above has this ratio of deviation to mean, counted from the cut; and
    that mean."""
    deviations, cuts, means = _CUTS
    deviation = jnp.maximum(jnp.asarray(deviation, jnp.float32), 1e-30)
    far = deviation < deviations[0]
    cut, mean = (jnp.interp(deviation, deviations, values) for values in (cuts, means))
    return jnp.where(far, -1 / deviation, cut), jnp.where(far, 1 / deviation, mean)


def _cuts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of cuts of a Gaussian from -8 to 10: deviation over mean of what lies above, counted from the cut; the cut; that
    mean."""
    cut = np.linspace(-8, 10, 3601)
    above = np.array([math.erfc(each / math.sqrt(2)) / 2 for each in cut])
    hazard = np.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi) / above
    mean = hazard - cut
    return np.sqrt(1 - hazard * mean) / mean, cut, mean


_CUTS = _cuts()
