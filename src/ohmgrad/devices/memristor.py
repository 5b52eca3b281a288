"""One memristor: the conductance it can hold, and how it answers pulses, a verified write, a read and time."""

from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.devices.aging import Aging
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.pulse import Pulse
from ohmgrad.devices.response import Answer, LinearStep, Response, Walk
from ohmgrad.devices.spread import Spread
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, known, number, part, setting

Cells = Float[Array, "*cells"]
Coefficients = tuple[Number, ...] | Float[Array, "*variants powers"]


class Flicker(Part):
    """1/f read noise: sigma = G min(factor / g^power, ceiling) sqrt(ln((t + t_read) / (2 t_read))), g = G / G_max.

    Nandakumar et al., ICECS 2019, 10.1109/ICECS46596.2019.8964852; t is the time since the write: `seconds`, or the age
    of a device that is older.

    Raises InputError where it is read before it is written.
    """

    factor: Number = number(meaning="share of the conductance at g = 1", ge=0)
    power: Number = number(meaning="with which the share falls over g", ge=0)
    ceiling: Number = number(meaning="largest share", ge=0)
    read_seconds: Number = number(meaning="time that a read takes", unit="s", gt=0)
    seconds: Number = number(meaning="time since the write", unit="s", ge=0)

    def __check_init__(self):
        if known(self.seconds, self.read_seconds) and self.seconds < self.read_seconds:
            raise InputError("seconds must not be less than read_seconds")

    def deviation(self, g: Cells, g_max: Number, age_seconds: Cells | float = 0.0) -> Cells:
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


class Memristor(Part):
    """A device of conductance G in siemens. None: the imperfection is not there.

    `response` is the mean answer to pulses. Every pulse scatters: by `step_noise` in units of its own step, by
    `pulse_noise_siemens` whatever its step. `unsettled_siemens` is noise of each write that shows in reads but that
    later pulses do not build on. `write_error` are coefficients, lowest power first, of the deviation in siemens of a
    verified write as a polynomial of the target in siemens; `levels` are the targets it can tell apart.
    `read_noise_siemens` is white, independent from read to read; `flicker` adds 1/f noise. `cubic_per_square_volt`
    bends the current, I = G (V + c V^3). `half_select` is the share of a pulse that a device on a selected line of a
    passive array gets. A `one_sided` device answers potentiating pulses only and is reset to its lowest conductance.
    `bounded` keeps G within its bounds. What a pulse is, in volts and seconds, only its price depends on.

    Raises InputError where the bounds are not in order.
    """

    g_min_siemens: Number = number(meaning="lowest conductance", unit="S", ge=0)
    g_max_siemens: Number = number(meaning="highest conductance", unit="S", gt=0, le=1)
    read_volts: Number = number(meaning="row voltage of an input of 1", unit="V", gt=0, le=100)
    response: Response = part(LinearStep(0.01, 0.01), "mean answer to pulses", said_as=Answer)
    step_noise: Number | None = number(None, "scatter of a pulse's step, in steps", off=0.0, ge=0)
    pulse_noise_siemens: Number | None = number(None, "scatter of a pulse whatever its step", "S", off=0.0, ge=0)
    unsettled_siemens: Number | None = number(
        None, "noise of each write that reads see and later pulses do not build on", "S", off=0.0, ge=0
    )
    write_error: Coefficients | None = number(
        None, "deviation of where a verified write lands: coefficients over the target, lowest power first, SI", off=()
    )
    verify_tolerance_siemens: Number = number(0.0, "how far a cell may stray before a rewrite", "S", ge=0)
    levels: int | None = setting(None, "targets that a verified write tells apart", ge=2, le=1_000_000)
    read_noise_siemens: Number | None = number(None, "white, from read to read", "S", off=0.0, ge=0, le=1)
    flicker: Flicker | None = part(None, "1/f read noise")
    cubic_per_square_volt: Number | None = number(None, "c of I = G (V + c V^3)", "1/V^2", off=0.0)
    half_select: Number | None = number(None, "share of a pulse that a half-selected device gets", off=0.0, ge=0)
    one_sided: bool = setting(False, "answers potentiating pulses only; depressed by a reset")
    aging: Aging | None = part(None, "drift or loss over time")
    spread: Spread = part(Spread(), "from device to device")
    faults: Faults = part(Faults(), "devices that do not work")
    up_pulse: Pulse | None = part(None, "voltage and width of a potentiating pulse")
    down_pulse: Pulse | None = part(None, "voltage and width of a depressing pulse")
    bounded: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        low, high = self.g_min_siemens, self.g_max_siemens
        if not known(low, high):
            return
        if not low < high:
            raise InputError(f"g_min_siemens: {low} is not below g_max_siemens {high}")
        if high - low < 1e-12:
            raise InputError("g_max_siemens: the range is below 1e-12 siemens; allowed: from 1e-12")

    @property
    def range_siemens(self) -> Number:
        return self.g_max_siemens - self.g_min_siemens

    @property
    def step_siemens(self) -> Number:
        """The mean of both polarities' steps at half the range: what a controller takes one pulse for."""
        if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(self)):
            return self._middle_step() * self.range_siemens
        with jax.ensure_compile_time_eval():
            return float(self._middle_step()) * self.range_siemens

    def _middle_step(self) -> Number:
        up, down = self.response.speeds(0.5)
        return up if self.one_sided else (up + down) / 2

    def bound(self, g: Cells, own: Individuals = ALIKE) -> Cells:
        """Within the bounds of each device; a stuck device stays where it is stuck even where bounds are off."""
        low, high = (
            nominal if position is None else self.g_min_siemens + self.range_siemens * position
            for nominal, position in ((self.g_min_siemens, own.low), (self.g_max_siemens, own.high))
        )
        if self.bounded:
            return jnp.where(g > high, high, jnp.where(g < low, low, g))
        return jnp.where(low == high, low, g)

    def strayed(self, g: Cells, noise_siemens: Cells, own: Individuals = ALIKE) -> Cells:
        """What a write's noise leaves: within the bounds; where these are off, noise alone makes nothing negative."""
        return self.bound(self._strayed(g, noise_siemens), own)

    def _strayed(self, g: Cells, noise_siemens: Cells) -> Cells:
        """The same before the bounds."""
        strayed = g + noise_siemens
        return strayed if self.bounded else jnp.maximum(strayed, jnp.minimum(g, 0))

    def write_deviation(self, target: Cells) -> Cells:
        """Standard deviation, in siemens, of where a verified write lands."""
        if self.write_error is None:
            return jnp.zeros_like(target)
        return jnp.maximum(jnp.polyval(jnp.asarray(self.write_error)[::-1], target), 0)

    def land(self, target: Cells, key: PRNGKeyArray, own: Individuals = ALIKE) -> Cells:
        """Conductances after a verified write that aimed at `target`."""
        if self.levels:
            step = self.range_siemens / (self.levels - 1)
            target = self.g_min_siemens + step * jnp.round((target - self.g_min_siemens) / step)
        if self.write_error is None:
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
        deviation = self._scatter(walk)
        if deviation is not None:
            new = self._strayed(new, deviation * noise.normal(scatter_key, g.shape))
        return self.bound(jnp.where(pulses > 0, new, g), own)

    def _scatter(self, walk: Walk) -> Cells | None:
        """Standard deviation, in siemens, that the scatter of every pulse adds up to along a walk."""
        own = None if self.step_noise is None else self.step_noise * self.range_siemens * jnp.sqrt(walk.steps)
        if self.pulse_noise_siemens is None:
            return own
        other = self.pulse_noise_siemens * jnp.sqrt(walk.pulses)
        return other if own is None else jnp.hypot(own, other)

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
        low = None if spread.g_min is None else spread.g_min * noise.normal(keys[0], shape)
        high = None if spread.g_max is None else 1 + spread.g_max * noise.normal(keys[1], shape)
        up, down = spread.steps(shape, keys[2], keys[3])
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

    @property
    def reads_scatter(self) -> bool:
        """Whether reads of one conductance differ."""
        return self.read_noise_siemens is not None or self.flicker is not None

    def read_variance(self, g: Cells, age_seconds: Cells | float = 0.0) -> Cells | float:
        """Variance of the apparent conductance from read to read, in square siemens, so long after the write."""
        white = 0.0 if self.read_noise_siemens is None else self.read_noise_siemens**2
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
        return replace(self, step_noise=None, pulse_noise_siemens=None, unsettled_siemens=None)

    def ideal_response(self) -> "Memristor":
        """The same device with constant steps of the same size both ways."""
        step = self.step_siemens / self.range_siemens
        return replace(self, response=LinearStep(step, step), one_sided=False)
