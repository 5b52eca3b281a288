"""The mean response of a memristor to pulses. Every model is a flow dx/dn, so that n pulses cost one evaluation.

Conductance is given as the position x within the nominal range: 0 at the lowest conductance, 1 at the highest. The
number of pulses n may be any real number; a negative one follows the same curve backwards. Pulses of one polarity add
up, `after(after(x, m), n) = after(x, m + n)`, so n pulses at once equal n single ones.
"""

import abc
from dataclasses import replace
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.parts import Number, Part, number, setting

Cells = Float[Array, "*cells"]
PerCell = Float[Array, "*#cells"] | float


class PulseUpdate(NamedTuple):
    """Position after a train of pulses, and the variance that noise of every single pulse adds up to there.

    Where steps shrink toward a bound, later pulses reduce the noise of earlier ones; both variances include that. After
    a single pulse `step_variance` is its step squared, and `pulse_variance` is 1.

    Attributes:
        x: Position after the pulses.
        contraction: dx_after / dx_before: what remains of a small difference in the position before the pulses.
        step_variance: Variance of x where every pulse has noise with a standard deviation of one step.
        pulse_variance: Variance of x where every pulse has noise with a standard deviation of 1 (the whole range).
    """

    x: Cells
    contraction: PerCell
    step_variance: PerCell
    pulse_variance: PerCell

    def then(self, later: "PulseUpdate") -> "PulseUpdate":
        """The pulses of this update, followed by those of a `later` one that starts at its `x`."""
        square = later.contraction**2
        return PulseUpdate(
            later.x,
            self.contraction * later.contraction,
            square * self.step_variance + later.step_variance,
            square * self.pulse_variance + later.pulse_variance,
        )


class ResponseModel(Part):
    """A description of a device's pulse response, as a preset file gives it, from which `Response` can be built."""

    @abc.abstractmethod
    def response(self, low_siemens: float = 0.0, high_siemens: float = 1.0, read_volts: float = 0.2) -> "Response":
        """Build the response.

        Args:
            low_siemens: The device's lowest conductance.
            high_siemens: The device's highest conductance.
            read_volts: Voltage at which the device is read.

        Raises:
            InputError: where no response follows from the figures.
        """


class Response(ResponseModel):
    """The mean change of position by potentiating and depressing pulses, before the device's bounds clip it.

    Subclass it for a law of your own: define `update` and `speeds`, with speeds proportional to `up` and to `down`.
    """

    up: Number = number(
        meaning="speed of potentiation at the lowest conductance, in shares of the range per pulse", gt=0
    )
    down: Number = number(
        meaning="speed of depression at the highest conductance, in shares of the range per pulse", ge=0
    )

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        return self

    @abc.abstractmethod
    def update(self, x: Cells, up: Cells, down: Cells) -> PulseUpdate:
        """Apply pulses of both polarities that alternate evenly.

        Noise is propagated to first order. The neglected part of the variance, noise changing later steps, is about
        n (sigma r)^2 / 2 for n pulses of step noise sigma, each of which changes the next step by a share r.

        Args:
            x: Positions before the pulses, of any shape.
            up: Numbers of potentiating pulses, of the shape of x.
            down: Numbers of depressing pulses, of the shape of x.
        """

    def after(self, x: Cells, up: Cells, down: Cells) -> Cells:
        """Positions after `up` potentiating and `down` depressing pulses; see `update`."""
        return self.update(x, up, down).x

    @abc.abstractmethod
    def speeds(self, x: PerCell) -> tuple[PerCell, PerCell]:
        """|dx/dn| of potentiation and of depression at positions x: the step of an infinitesimal pulse, per pulse."""

    def with_variation(self, up_scale: PerCell, down_scale: PerCell, low: PerCell, high: PerCell) -> "Response":
        """The response of devices that differ from the nominal one.

        By default individual bounds clip the conductance (`Memristor.bound`) but do not change the curves.

        Args:
            up_scale: Factor of potentiating steps, per device.
            down_scale: Factor of depressing steps, per device.
            low: Position of each device's lower bound (nominal: 0).
            high: Position of each device's upper bound (nominal: 1).
        """
        return replace(self, up=up_scale * self.up, down=down_scale * self.down)


class LinearStep(Response):
    """A step that changes linearly with the conductance.

    Potentiation: dx/dn = up (1 - up_slope x). Depression: dx/dn = -down (1 - down_slope (1 - x)). A slope of None:
    constant steps. A slope of 1: soft bounds (Fusi & Abbott, Nat. Neurosci. 10, 485, 2007). A slope between 0 and 1: an
    exponential curve whose asymptote lies beyond the bound. `follows_bounds` says, for potentiation and for depression,
    whether the curve shifts with the individual bound of a device, as soft bounds do.
    """

    up_slope: Number | None = number(None, "share of the potentiating step that is lost over the range")
    down_slope: Number | None = number(None, "share of the depressing step that is lost over the range")
    follows_bounds: tuple[bool, bool] = setting(
        (False, False), "whether potentiation and depression shift with the bounds of each device"
    )

    def update(self, x, up, down):
        speed_up, speed_down = map(jnp.asarray, self.speeds(x))
        change = up * speed_up - down * speed_down
        if self.up_slope is None and self.down_slope is None:
            return PulseUpdate(x + change, 1.0, up * speed_up**2 + down * speed_down**2, up + down)
        # Both flows are linear in x, so their sum is: dx/dt = change - decay (x(t) - x), t from 0 to 1.
        slopes = [0.0 if slope is None else slope for slope in (self.up_slope, self.down_slope)]
        decay = up * (self.up * slopes[0]) + down * (self.down * slopes[1])
        decay = jnp.clip(decay, -30, 80)  # beyond any bound, and still finite in float32
        contraction, mean, square = jnp.exp(-decay), _mean(decay), _mean(2 * decay)
        new = x + change * mean
        each = jnp.clip(decay / jnp.maximum(up + down, 1e-9), -30, 40)  # above 40: a device stuck at its bound
        # The step of a pulse, times the contraction by all later pulses, goes from `first` (first pulse) to `last`
        # (last pulse); with one polarity they are equal. Mean over the pulses of the fraction of that way, and of its
        # square:
        small = jnp.abs(decay) < 0.03
        lost = jnp.where(small, 1.0, 1 - contraction)
        fraction = jnp.where(small, 1 / 2, (mean - contraction) / lost)
        fraction_squared = jnp.where(small, 1 / 3, (square - 2 * contraction * mean + contraction**2) / lost**2)
        variance = 0.0
        for pulses, first, last in zip((up, down), (speed_up, speed_down), self.speeds(new), strict=True):
            first = first * contraction
            variance += pulses * (
                first**2 + (last - first) * (2 * first * fraction + (last - first) * fraction_squared)
            )
        return PulseUpdate(new, contraction, variance * _mean(-each) ** 2, (up + down) * square / _mean(2 * each))

    def speeds(self, x):
        up = self.up if self.up_slope is None else self.up * (1 - self.up_slope * x)
        down = self.down if self.down_slope is None else self.down * (1 - self.down_slope * (1 - x))
        return up, down

    def with_variation(self, up_scale, down_scale, low, high):
        slopes = (self.up_slope, self.down_slope)
        lengths = (jnp.maximum(high, 1e-3), jnp.maximum(1 - low, 1e-3))
        up_slope, down_slope = (
            slope / length if follows and slope is not None else slope
            for slope, length, follows in zip(slopes, lengths, self.follows_bounds, strict=True)
        )
        return LinearStep(up_scale * self.up, down_scale * self.down, up_slope, down_slope)


def _mean(decay: PerCell) -> Cells:
    """The mean of exp(-decay t) over t from 0 to 1, by its series where decay is small."""
    small = jnp.abs(decay) < 0.03
    return jnp.where(small, 1 - decay * (1 / 2 - decay / 6), (1 - jnp.exp(-decay)) / jnp.where(small, 1.0, decay))
