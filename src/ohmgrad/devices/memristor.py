"""One memristor: the conductance it can hold, and how it answers pulses, a verified write, a read and time."""

import functools
import math
from dataclasses import replace
from typing import Literal, NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.devices.aging import Aging
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.response import LinearStep, Response

Cells = Float[Array, "*cells"]


class Spread(eqx.Module):
    """Device-to-device variation: standard deviations, each drawn once per device.

    `g_min` and `g_max` in shares of the nominal range; `step` of a factor of mean 1 common to both polarities: normal,
    of which only what is positive is drawn, stretched to keep mean and deviation (up to 1), or lognormal, `step` being
    that of its logarithm; `imbalance` of what up gains and down loses of it, at most all.
    """

    g_min: float = 0.0
    g_max: float = 0.0
    step: float = 0.0
    imbalance: float = 0.0
    distribution: Literal["normal", "lognormal"] = "normal"


class Flicker(eqx.Module):
    """1/f read noise: sigma = G min(factor / g^power, ceiling) sqrt(ln((t + t_read) / (2 t_read))), g = G / G_max.

    Nandakumar et al., ICECS 2019, 10.1109/ICECS46596.2019.8964852; t is the time since the write: `seconds`, or the age
    of a device that is older.
    """

    factor: float
    power: float
    ceiling: float
    read_seconds: float
    seconds: float

    def deviation(self, g: Cells, g_max: float, age_seconds: Cells | float = 0.0) -> Cells:
        share = jnp.minimum(self.factor / jnp.maximum(g / g_max, 1e-6) ** self.power, self.ceiling)
        seconds = jnp.maximum(age_seconds, self.seconds)
        return g * share * jnp.sqrt(jnp.log((seconds + self.read_seconds) / (2 * self.read_seconds)))


class Individuals(NamedTuple):
    """What sets the devices of arrays apart from the nominal one; None where they are alike.

    `low` and `high` are their own bounds as positions (0: nominal lowest, 1: nominal highest conductance); equal
    where a device is stuck. `up` and `down` scale their steps. `aging` says in deviations how far from the mean their
    drift exponent, or the logarithm of their lifetime, lies.
    """

    low: Cells | None = None
    high: Cells | None = None
    up: Cells | None = None
    down: Cells | None = None
    aging: Cells | None = None


ALIKE = Individuals()
"""Devices that are all as the nominal one."""


class Memristor(eqx.Module):
    """A device of conductance G in siemens; zero switches an imperfection off.

    `response` is the mean answer to pulses. Every pulse scatters: by `step_noise` in units of its own step, by
    `pulse_noise_siemens` whatever its step. `unsettled_siemens` is noise of each write that shows in reads but that
    later pulses do not build on. `write_error` are coefficients, lowest power first, of the deviation in siemens of a
    verified write as a polynomial of the target in siemens; `levels` are the targets it can tell apart.
    `read_noise_siemens` is white, independent from read to read; `flicker` adds 1/f noise. `cubic_per_square_volt`
    bends the current, I = G (V + c V^3). `half_select` is the share of a pulse that a device on a selected line of a
    passive array gets. A `one_sided` device answers potentiating pulses only and is reset to its lowest conductance.
    `bounded` keeps G within its bounds.
    """

    g_min_siemens: float
    g_max_siemens: float
    read_volts: float
    response: Response = LinearStep(0.01, 0.01)
    step_noise: float = 0.0
    pulse_noise_siemens: float = 0.0
    unsettled_siemens: float = 0.0
    write_error: tuple[float, ...] = ()
    verify_tolerance_siemens: float = 0.0
    levels: int | None = None
    read_noise_siemens: float = 0.0
    flicker: Flicker | None = None
    cubic_per_square_volt: float = 0.0
    half_select: float = 0.0
    one_sided: bool = False
    aging: Aging | None = None
    spread: Spread = Spread()
    faults: Faults = Faults()
    bounded: bool = True

    @property
    def range_siemens(self) -> float:
        return self.g_max_siemens - self.g_min_siemens

    @property
    def step_siemens(self) -> float:
        """The mean of both polarities' steps at half the range: what a controller takes one pulse for."""
        with jax.ensure_compile_time_eval():
            up, down = self.response.speeds(0.5)
            return float(up if self.one_sided else (up + down) / 2) * self.range_siemens

    def bound(self, g: Cells, own: Individuals = ALIKE) -> Cells:
        """Within the bounds of each device; a stuck device stays where it is stuck even where bounds are off."""
        low, high = (
            self.g_min_siemens + self.range_siemens * jnp.asarray(position)
            for position in (0.0 if own.low is None else own.low, 1.0 if own.high is None else own.high)
        )
        if self.bounded:
            return jnp.clip(g, low, high)
        return jnp.where(low == high, low, g)

    def strayed(self, g: Cells, noise_siemens: Cells, own: Individuals = ALIKE) -> Cells:
        """What a write's noise leaves: within the bounds; where these are off, noise alone makes nothing negative."""
        strayed = g + noise_siemens
        return self.bound(strayed if self.bounded else jnp.maximum(strayed, jnp.minimum(g, 0)), own)

    def write_deviation(self, target: Cells) -> Cells:
        """Standard deviation, in siemens, of where a verified write lands."""
        return jnp.maximum(jnp.polyval(jnp.array(self.write_error[::-1]), target), 0)

    def land(self, target: Cells, key: PRNGKeyArray, own: Individuals = ALIKE) -> Cells:
        """Conductances after a verified write that aimed at `target`."""
        if self.levels:
            step = self.range_siemens / (self.levels - 1)
            target = self.g_min_siemens + step * jnp.round((target - self.g_min_siemens) / step)
        if not any(self.write_error):
            return self.bound(target, own)
        return self.strayed(target, self.write_deviation(target) * noise.normal(key, target.shape), own)

    def pulse(self, g: Cells, up: Cells, down: Cells, key: PRNGKeyArray, own: Individuals = ALIKE) -> Cells:
        """Conductances after `up` potentiating and `down` depressing pulses that take turns, in one pass.

        One Gaussian number per device has the variance that scatter at the end of every single pulse would add up to.
        """
        _, scatter_key = jax.random.split(key)
        pulses = up + down
        walk = self._individual(own).walk((g - self.g_min_siemens) * (1 / self.range_siemens), up, down)
        new = self.g_min_siemens + self.range_siemens * walk.x
        scatters = ((self.step_noise * self.range_siemens, walk.steps), (self.pulse_noise_siemens, walk.pulses))
        deviations = [scatter * jnp.sqrt(square) for scatter, square in scatters if scatter]
        if deviations:
            new = self.strayed(new, functools.reduce(jnp.hypot, deviations) * noise.normal(scatter_key, g.shape), own)
        return self.bound(jnp.where(pulses > 0, new, g), own)

    def _individual(self, own: Individuals) -> Response:
        if own.up is None and own.low is None:
            return self.response
        scales = (1.0 if own.up is None else own.up, 1.0 if own.down is None else own.down)
        bounds = (0.0 if own.low is None else own.low, 1.0 if own.high is None else own.high)
        return self.response.individual(*scales, *bounds)

    def fabricate(self, shape: tuple[int, ...], key: PRNGKeyArray, stuck: Cells | None = None) -> Individuals:
        """Devices of arrays of this shape (... rows columns), drawn from `spread` and `faults`.

        `stuck` is a map of faults instead of drawn ones: siemens where a device is stuck, NaN where it works.
        """
        spread, keys = self.spread, jax.random.split(key, 5)
        low = spread.g_min * noise.normal(keys[0], shape) if spread.g_min else None
        high = 1 + spread.g_max * noise.normal(keys[1], shape) if spread.g_max else None
        up = down = None
        if spread.step or spread.imbalance:
            common = _lognormal if spread.distribution == "lognormal" else _positive
            step = common(spread.step, keys[2], shape) if spread.step else jnp.ones(shape)
            tilt = jnp.clip(spread.imbalance * noise.normal(keys[3], shape), -step, step)
            up, down = step + tilt, step - tilt
        aging = None if self.aging is None else noise.normal(jax.random.fold_in(key, 5), shape)
        if stuck is None and self.faults.any:
            stuck = self.faults.draw(shape, self.g_min_siemens, self.g_max_siemens, keys[4])
        if low is not None or high is not None or stuck is not None:
            low = jnp.zeros(shape) if low is None else jnp.maximum(low, -self.g_min_siemens / self.range_siemens)
            high = jnp.maximum(jnp.ones(shape) if high is None else high, low)
        if stuck is not None:
            at = (stuck - self.g_min_siemens) / self.range_siemens
            low, high = (jnp.where(jnp.isnan(at), jnp.asarray(bound), at) for bound in (low, high))
        return Individuals(low, high, up, down, aging)

    def read_variance(self, g: Cells, age_seconds: Cells | float = 0.0) -> Cells | float:
        """Variance of the apparent conductance from read to read, in square siemens, so long after the write."""
        white = self.read_noise_siemens**2
        if self.flicker is None:
            return white
        return white + jnp.square(self.flicker.deviation(g, self.g_max_siemens, age_seconds))

    def aged(self, g: Cells, seconds: Cells | float, own: Individuals = ALIKE) -> Cells:
        """Conductances `seconds` after a write left g, within the bounds of each device; a stuck one does not age."""
        if self.aging is None:
            return g
        return self.bound(
            self.aging.after(g, seconds, self.g_max_siemens, 0.0 if own.aging is None else own.aging), own
        )

    def without_scatter(self) -> "Memristor":
        """The same device with every pulse doing what it does on average."""
        return replace(self, step_noise=0.0, pulse_noise_siemens=0.0, unsettled_siemens=0.0)

    def ideal_response(self) -> "Memristor":
        """The same device with constant steps of the same size both ways."""
        step = self.step_siemens / self.range_siemens
        return replace(self, response=LinearStep(step, step), one_sided=False)


def _lognormal(deviation: float, key: PRNGKeyArray, shape: tuple[int, ...]) -> Cells:
    """Numbers of mean 1 whose logarithm has this deviation."""
    return jnp.exp(deviation * noise.normal(key, shape) - deviation**2 / 2)


def _positive(deviation: float, key: PRNGKeyArray, shape: tuple[int, ...]) -> Cells:
    """Numbers of mean 1 and this deviation: the part of a Gaussian above a cut, moved and stretched, none negative.

    Where the cut lies far below, 1 + deviation z; for a deviation of 1, the most there can be, an exponential number.
    """
    cut = _cut(deviation)
    above, density = _above(cut), _density(cut)
    z = noise.normal(key, shape)
    # Those below the cut are drawn once more, above it.
    again = -ndtri(above * noise.uniform(jax.random.fold_in(key, 1), shape))
    return (jnp.where(z > cut, z, again) - cut) / (density / above - cut)


def _cut(deviation: float) -> float:
    """Where to cut a Gaussian so that what lies above has this ratio of deviation to mean, counted from the cut."""
    from scipy.optimize import brentq  # here, because only devices of which none may be negative need it

    def off(cut: float) -> float:
        hazard = _density(cut) / _above(cut)
        return math.sqrt(1 - hazard * (hazard - cut)) / (hazard - cut) - deviation

    return _FAR if off(_FAR) < 0 else cast(float, brentq(off, -1 / deviation - 1, _FAR, xtol=1e-15))


_FAR = 10.0
"""Above this cut what is left is an exponential number to a hundredth."""


def _density(z: float) -> float:
    """Of a Gaussian number of mean 0 and deviation 1."""
    return math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _above(z: float) -> float:
    """The chance that such a number is larger."""
    return math.erfc(z / math.sqrt(2)) / 2
