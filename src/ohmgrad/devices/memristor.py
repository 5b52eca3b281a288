"""One memristor: its conductance range, and how it responds to pulses, verified writes, reads and time."""

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
from ohmgrad.devices.response import LinearStep, PulseUpdate, Response, ResponseModel
from ohmgrad.devices.spread import Spread
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, known, number, part, setting

Cells = Float[Array, "*cells"]
Coefficients = tuple[Number, ...] | Float[Array, "*variants powers"]


class Flicker(Part):
    """1/f read noise: sigma = G min(factor / g^power, ceiling) sqrt(ln((t + t_read) / (2 t_read))), g = G / G_max.

    t is the time since the write: `seconds`, or the age of a device that is older. Source: Nandakumar et al., ICECS
    2019, doi:10.1109/ICECS46596.2019.8964852.

    Raises:
        InputError: where `seconds` is less than `read_seconds`.
    """

    factor: Number = number(meaning="relative noise at G = G_max", ge=0)
    power: Number = number(meaning="power of G / G_max by which the relative noise falls", ge=0)
    ceiling: Number = number(meaning="largest relative noise", ge=0)
    read_seconds: Number = number(meaning="duration of a read", unit="s", gt=0)
    seconds: Number = number(meaning="time since the write", unit="s", ge=0)

    def __check_init__(self):
        if known(self.seconds, self.read_seconds) and self.seconds < self.read_seconds:
            raise InputError("seconds must not be less than read_seconds")

    def deviation(self, g: Cells, g_max: Number, age_seconds: Cells | float = 0.0) -> Cells:
        """Standard deviation of a read, in siemens, of devices of conductance g and of this age."""
        share = jnp.minimum(self.factor / jnp.maximum(g / g_max, 1e-6) ** self.power, self.ceiling)
        seconds = jnp.maximum(age_seconds, self.seconds)
        return g * share * jnp.sqrt(jnp.log((seconds + self.read_seconds) / (2 * self.read_seconds)))


class DeviceVariation(NamedTuple):
    """Device-to-device variation and faults of the devices of an array. None: no variation of this quantity.

    Attributes:
        low: Position of each device's lower bound (nominal: 0). A stuck device has low = high.
        high: Position of each device's upper bound (nominal: 1).
        up: Factor of each device's potentiating steps (nominal: 1).
        down: Factor of each device's depressing steps (nominal: 1).
        aging: Standard-normal number of each device's drift exponent or log-lifetime (mean device: 0).
    """

    low: Cells | None = None
    high: Cells | None = None
    up: Cells | None = None
    down: Cells | None = None
    aging: Cells | None = None


NO_VARIATION = DeviceVariation()
"""All devices equal the nominal one."""


class Memristor(Part):
    """A device of conductance G in siemens. Methods work on arrays of any shape. None: the effect is absent.

    `response` is the mean response to pulses. Cycle-to-cycle noise: every pulse adds `step_noise` in units of its step,
    and `pulse_noise_siemens` independent of its step. `unsettled_siemens` is noise of every write between the
    persistent conductance, from which later pulses start, and the effective one that reads measure. `write_error` holds
    the coefficients, lowest power first, of the standard deviation of a verified write as a polynomial of its target,
    both in siemens; `levels` is the number of targets it can distinguish. `read_noise_siemens` is white read noise,
    `flicker` 1/f noise. `cubic_per_square_volt` is the c of a nonlinear current I = G (V + c V^3). `half_select` is the
    share of a pulse that half-selected devices of a passive array receive. A `one_sided` device responds to
    potentiating pulses only and is reset to its lowest conductance. `bounded` clips G at the bounds of each device.
    Only prices depend on `up_pulse` and `down_pulse`.

    Raises:
        InputError: where a field is out of its range, `g_min_siemens` is not below `g_max_siemens`, or the range is
            below 1e-12 S.
    """

    g_min_siemens: Number = number(meaning="lowest conductance", unit="S", ge=0)
    g_max_siemens: Number = number(meaning="highest conductance", unit="S", gt=0, le=1)
    read_volts: Number = number(meaning="row voltage of an input of 1", unit="V", gt=0, le=100)
    response: Response = part(LinearStep(0.01, 0.01), "mean response to pulses", given_as=ResponseModel)
    step_noise: Number | None = number(None, "cycle-to-cycle noise of a pulse, in units of its step", off=0.0, ge=0)
    pulse_noise_siemens: Number | None = number(
        None, "cycle-to-cycle noise of a pulse, independent of its step", "S", off=0.0, ge=0
    )
    unsettled_siemens: Number | None = number(
        None, "noise of each write that reads measure, but that later pulses do not start from", "S", off=0.0, ge=0
    )
    write_error: Coefficients | None = number(
        None, "deviation of a verified write: coefficients over its target, lowest power first, SI", off=()
    )
    verify_tolerance_siemens: Number = number(0.0, "deviation from the target that is not rewritten", "S", ge=0)
    levels: int | None = setting(None, "number of targets that a verified write can distinguish", ge=2, le=1_000_000)
    read_noise_siemens: Number | None = number(None, "white read noise", "S", off=0.0, ge=0, le=1)
    flicker: Flicker | None = part(None, "1/f read noise")
    cubic_per_square_volt: Number | None = number(None, "c of I = G (V + c V^3)", "1/V^2", off=0.0)
    half_select: Number | None = number(None, "share of a pulse that a half-selected device receives", off=0.0, ge=0)
    one_sided: bool = setting(False, "responds to potentiating pulses only; depressed by a reset")
    aging: Aging | None = part(None, "drift, or loss of retention, over time")
    spread: Spread = part(Spread(), "device-to-device variation")
    faults: Faults = part(Faults(), "stuck devices and open lines")
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
        """Highest minus lowest nominal conductance."""
        return self.g_max_siemens - self.g_min_siemens

    @property
    def step_siemens(self) -> Number:
        """Mean step of both polarities at mid-range, which a controller assumes for every pulse."""
        if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(self)):
            return self._middle_step() * self.range_siemens
        with jax.ensure_compile_time_eval():
            return float(self._middle_step()) * self.range_siemens

    def _middle_step(self) -> Number:
        up, down = self.response.speeds(0.5)
        return up if self.one_sided else (up + down) / 2

    def bound(self, g: Cells, variation: DeviceVariation = NO_VARIATION) -> Cells:
        """Clip conductances to the bounds of each device; stuck devices keep theirs even where `bounded` is False."""
        low, high = (
            nominal if position is None else self.g_min_siemens + self.range_siemens * position
            for nominal, position in ((self.g_min_siemens, variation.low), (self.g_max_siemens, variation.high))
        )
        if self.bounded:
            return jnp.where(g > high, high, jnp.where(g < low, low, g))
        return jnp.where(low == high, low, g)

    def with_write_noise(self, g: Cells, noise_siemens: Cells, variation: DeviceVariation = NO_VARIATION) -> Cells:
        """Add the noise of a write, then clip to the bounds of each device.

        Where `bounded` is False, noise does not make a non-negative conductance negative.

        Args:
            g: Conductances without the noise, in siemens.
            noise_siemens: The noise of each device.
            variation: Device-to-device variation.
        """
        return self.bound(self._add_noise(g, noise_siemens), variation)

    def _add_noise(self, g: Cells, noise_siemens: Cells) -> Cells:
        """`with_write_noise` before the bounds apply."""
        noisy = g + noise_siemens
        return noisy if self.bounded else jnp.maximum(noisy, jnp.minimum(g, 0))

    def write_deviation(self, target: Cells) -> Cells:
        """Standard deviation of a verified write around its target, in siemens; of the shape of `target`."""
        if self.write_error is None:
            return jnp.zeros_like(target)
        return jnp.maximum(jnp.polyval(jnp.asarray(self.write_error)[::-1], target), 0)

    def verified_write(self, target: Cells, key: PRNGKeyArray, variation: DeviceVariation = NO_VARIATION) -> Cells:
        """Conductances, in siemens, after writes to `target` that are verified.

        The target is rounded to one of `levels`, if given; the error is Gaussian with `write_deviation`.

        Args:
            target: Target conductances in siemens.
            key: Randomness of the write error.
            variation: Device-to-device variation.
        """
        if self.levels:
            step = self.range_siemens / (self.levels - 1)
            target = self.g_min_siemens + step * jnp.round((target - self.g_min_siemens) / step)
        if self.write_error is None:
            return self.bound(target, variation)
        return self.with_write_noise(target, self.write_deviation(target) * noise.normal(key, target.shape), variation)

    def pulse(
        self, g: Cells, up: Cells, down: Cells, key: PRNGKeyArray, variation: DeviceVariation = NO_VARIATION
    ) -> Cells:
        """Conductances, in siemens, after pulses of both polarities that alternate evenly, in one evaluation.

        One Gaussian number per device stands for the noise of all its pulses, with the variance that they add up to.

        Args:
            g: Conductances before the pulses, in siemens.
            up: Numbers of potentiating pulses, of the shape of g.
            down: Numbers of depressing pulses, of the shape of g.
            key: Randomness of the noise.
            variation: Device-to-device variation.
        """
        _, scatter_key = jax.random.split(key)
        pulses = up + down
        update = self._individual(variation).update((g - self.g_min_siemens) * (1 / self.range_siemens), up, down)
        new = self.g_min_siemens + self.range_siemens * update.x
        deviation = self._scatter(update)
        if deviation is not None:
            new = self._add_noise(new, deviation * noise.normal(scatter_key, g.shape))
        return self.bound(jnp.where(pulses > 0, new, g), variation)

    def _scatter(self, update: PulseUpdate) -> Cells | None:
        """Standard deviation, in siemens, that the noise of all pulses of an update adds up to."""
        own = None if self.step_noise is None else self.step_noise * self.range_siemens * jnp.sqrt(update.step_variance)
        if self.pulse_noise_siemens is None:
            return own
        other = self.pulse_noise_siemens * jnp.sqrt(update.pulse_variance)
        return other if own is None else jnp.hypot(own, other)

    def _individual(self, variation: DeviceVariation) -> Response:
        if variation.up is None and variation.low is None:
            return self.response
        scales = (1.0 if variation.up is None else variation.up, 1.0 if variation.down is None else variation.down)
        bounds = (0.0 if variation.low is None else variation.low, 1.0 if variation.high is None else variation.high)
        return self.response.with_variation(*scales, *bounds)

    def fabricate(self, shape: tuple[int, ...], key: PRNGKeyArray, stuck: Cells | None = None) -> DeviceVariation:
        """Draw the devices of an array from `spread`, `aging` and `faults`.

        Args:
            shape: Shape of the arrays, (..., rows, columns).
            key: Randomness of the draw.
            stuck: A map of faults to use instead of a drawn one: siemens where a device is stuck, NaN where it works.
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
        return DeviceVariation(low, high, up, down, aging)

    @property
    def reads_scatter(self) -> bool:
        """Whether reads are noisy."""
        return self.read_noise_siemens is not None or self.flicker is not None

    def read_variance(self, g: Cells, age_seconds: Cells | float = 0.0) -> Cells | Number:
        """Variance of a read, in square siemens.

        Args:
            g: Conductances in siemens.
            age_seconds: Time since the write.
        """
        white = 0.0 if self.read_noise_siemens is None else self.read_noise_siemens**2
        if self.flicker is None:
            return white
        return white + jnp.square(self.flicker.deviation(g, self.g_max_siemens, age_seconds))

    def aged(self, g: Cells, seconds: Cells | float, variation: DeviceVariation = NO_VARIATION) -> Cells:
        """Conductances, in siemens, some time after a write, clipped to the bounds of each device.

        Args:
            g: Conductances right after the write, in siemens.
            seconds: Time since the write.
            variation: Device-to-device variation; a stuck device does not age.
        """
        if self.aging is None:
            return g
        return self.bound(
            self.aging.after(g, seconds, self.g_max_siemens, 0.0 if variation.aging is None else variation.aging),
            variation,
        )

    def without_scatter(self) -> "Memristor":
        """The same device without cycle-to-cycle noise of pulses and without `unsettled_siemens`."""
        return replace(self, step_noise=None, pulse_noise_siemens=None, unsettled_siemens=None)

    def ideal_response(self) -> "Memristor":
        """The same device with constant, symmetric steps of the size of `step_siemens`."""
        step = self.step_siemens / self.range_siemens
        return replace(self, response=LinearStep(step, step), one_sided=False)
