"""One memristor: the conductance it can hold, and how it answers pulses, a verified write, a read and time."""

from dataclasses import replace
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.devices.aging import Aging
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.response import LinearStep, Response

Cells = Float[Array, "*cells"]


class Spread(eqx.Module):
    """Device-to-device variation: standard deviations, each drawn once per device.

    `g_min` and `g_max` in shares of the nominal range; `step` of a factor common to both polarities (normal, kept
    positive, or lognormal); `imbalance` of what up gains and down loses of it.
    """

    g_min: float = 0.0
    g_max: float = 0.0
    step: float = 0.0
    imbalance: float = 0.0
    distribution: Literal["normal", "lognormal"] = "normal"


class Flicker(eqx.Module):
    """1/f read noise: sigma = G min(factor / g^power, ceiling) sqrt(ln((t + t_read) / (2 t_read))), g = G / G_max.

    Nandakumar et al., ICECS 2019, 10.1109/ICECS46596.2019.8964852; t is the time since the write.
    """

    factor: float
    power: float
    ceiling: float
    read_seconds: float
    seconds: float

    def deviation(self, g: Cells, g_max: float) -> Cells:
        share = jnp.minimum(self.factor / jnp.maximum(g / g_max, 1e-6) ** self.power, self.ceiling)
        return g * share * jnp.sqrt(jnp.log((self.seconds + self.read_seconds) / (2 * self.read_seconds)))


class Individuals(NamedTuple):
    """What sets the devices of arrays apart from the nominal one; None where they are alike.

    `low` and `high` are their own bounds as positions (0: nominal lowest, 1: nominal highest conductance); equal
    where a device is stuck. `up` and `down` scale their steps.
    """

    low: Cells | None = None
    high: Cells | None = None
    up: Cells | None = None
    down: Cells | None = None


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

    def write_deviation(self, target: Cells) -> Cells:
        """Standard deviation, in siemens, of where a verified write lands."""
        return jnp.maximum(jnp.polyval(jnp.array(self.write_error[::-1]), target), 0)

    def land(self, target: Cells, key: PRNGKeyArray, own: Individuals = ALIKE) -> Cells:
        """Conductances after a verified write that aimed at `target`."""
        if self.levels:
            step = self.range_siemens / (self.levels - 1)
            target = self.g_min_siemens + step * jnp.round((target - self.g_min_siemens) / step)
        if any(self.write_error):
            target = target + self.write_deviation(target) * noise.normal(key, target.shape)
        return self.bound(target, own)

    def pulse(self, g: Cells, up: Cells, down: Cells, key: PRNGKeyArray, own: Individuals = ALIKE) -> Cells:
        """Conductances after `up` potentiating and `down` depressing pulses that take turns, in one pass.

        Scatter in units of the step is a random dose of pulses, which adds up exactly over pulses of one polarity.
        Scatter in siemens shrinks along the curve as differences between conductances do.
        """
        step_key, pulse_key = jax.random.split(key)
        response = self._individual(own)
        x = (g - self.g_min_siemens) * (1 / self.range_siemens)
        pulses = up + down
        if self.step_noise:
            up, down = _scattered(response, x, up, down, self.step_noise * noise.normal(step_key, g.shape))
        after, memory = response.after(x, up, down)
        new = self.g_min_siemens + self.range_siemens * after
        if self.pulse_noise_siemens:
            scatter = self.pulse_noise_siemens * jnp.sqrt(pulses * memory)
            new = new + scatter * noise.normal(pulse_key, g.shape)
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
            common = spread.step * noise.normal(keys[2], shape)
            common = jnp.exp(common) if spread.distribution == "lognormal" else 1 + common
            tilt = spread.imbalance * noise.normal(keys[3], shape)
            up, down = jnp.abs(common + tilt), jnp.abs(common - tilt)
        if stuck is None and self.faults.any:
            stuck = self.faults.draw(shape, self.g_min_siemens, self.g_max_siemens, keys[4])
        if low is not None or high is not None or stuck is not None:
            low = jnp.zeros(shape) if low is None else jnp.maximum(low, -self.g_min_siemens / self.range_siemens)
            high = jnp.maximum(jnp.ones(shape) if high is None else high, low)
        if stuck is not None:
            at = (stuck - self.g_min_siemens) / self.range_siemens
            low, high = (jnp.where(jnp.isnan(at), jnp.asarray(bound), at) for bound in (low, high))
        return Individuals(low, high, up, down)

    def read_variance(self, g: Cells) -> Cells | float:
        """Variance of the apparent conductance from read to read, in square siemens."""
        white = self.read_noise_siemens**2
        return white if self.flicker is None else white + jnp.square(self.flicker.deviation(g, self.g_max_siemens))

    def aged(self, g: Cells, seconds: float, key: PRNGKeyArray, own: Individuals = ALIKE) -> Cells:
        """Conductances `seconds` after the last write; a stuck device does not age."""
        if self.aging is None:
            return g
        aged = self.aging.after(g, seconds, self.g_max_siemens, key)
        return aged if own.low is None else jnp.where(own.low == own.high, g, aged)

    def without_scatter(self) -> "Memristor":
        """The same device with every pulse doing what it does on average."""
        return replace(self, step_noise=0.0, pulse_noise_siemens=0.0, unsettled_siemens=0.0)

    def ideal_response(self) -> "Memristor":
        """The same device with constant steps of the same size both ways."""
        step = self.step_siemens / self.range_siemens
        return replace(self, response=LinearStep(step, step), one_sided=False)


def _scattered(response: Response, x: Cells, up: Cells, down: Cells, scatter: Cells) -> tuple[Cells, Cells]:
    """Doses of pulses with one Gaussian per cell, weighted so that both polarities' scatter adds up in squares."""
    speed_up, speed_down = response.speeds(x)
    root_up, root_down = jnp.sqrt(up), jnp.sqrt(down)
    both = root_up * speed_up + root_down * speed_down
    squares = jnp.sqrt(up * speed_up**2 + down * speed_down**2)
    scatter = scatter * jnp.where(both > 0, squares / jnp.where(both > 0, both, 1), 1)
    return up + root_up * scatter, down - root_down * scatter
