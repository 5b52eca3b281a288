"""How a memristor's conductance answers pulses, free of noise: every model a flow, so that n pulses cost one pass.

Conductance is given as a position: 0 is the device's lowest nominal conductance, 1 its highest. A number of pulses
may be any real number; a negative one runs the same curve backwards. Flows of one polarity add up, `after(after(x, m),
n) = after(x, m + n)`, which is what makes n pulses at once equal n single ones.
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
    """Where pulses lead, and how scatter that falls at the end of every pulse has spread there.

    Conductances that strayed apart draw together again where steps shrink: of a difference `left` remains. `steps` is
    the sum over pulses of the squares of each one's step, `pulses` that of a square of 1 each, of either what the later
    pulses leave: the variance of `x` where a pulse scatters by its own step, or by a position of 1. For one pulse
    `steps` is its step squared and `pulses` is 1.
    """

    x: Cells
    contraction: PerCell
    step_variance: PerCell
    pulse_variance: PerCell

    def then(self, later: "PulseUpdate") -> "PulseUpdate":
        """This one, and from its end another."""
        square = later.contraction**2
        return PulseUpdate(
            later.x,
            self.contraction * later.contraction,
            square * self.step_variance + later.step_variance,
            square * self.pulse_variance + later.pulse_variance,
        )


class ResponseModel(Part):
    """What a record says of a device's answer to pulses: a response, or figures from which one follows."""

    @abc.abstractmethod
    def response(self, low_siemens: float = 0.0, high_siemens: float = 1.0, read_volts: float = 0.2) -> "Response":
        """The response of a device of these bounds that is read at this voltage.

        Raises InputError where the figures make none.
        """


class Response(ResponseModel):
    """The mean answer of a device to potentiating and depressing pulses, before its bounds.

    Speeds are in proportion to `up` and to `down`.
    """

    up: Number = number(meaning="speed at the lowest conductance, in shares of the range per pulse", gt=0)
    down: Number = number(meaning="speed at the highest conductance, in shares of the range per pulse", ge=0)

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        return self

    @abc.abstractmethod
    def update(self, x: Cells, up: Cells, down: Cells) -> PulseUpdate:
        """From positions x by `up` potentiating and `down` depressing pulses that take turns evenly.

        To first order in the scatter: what it makes of later steps is left out, for n pulses of step noise sigma, each
        of which changes the next one's step by a share r, about n (sigma r)^2 / 2 of the variance.
        """

    def after(self, x: Cells, up: Cells, down: Cells) -> Cells:
        """Positions after these pulses."""
        return self.update(x, up, down).x

    @abc.abstractmethod
    def speeds(self, x: PerCell) -> tuple[PerCell, PerCell]:
        """|dx/dn| of the potentiating and of the depressing flow at x."""

    def individual(self, up_scale: PerCell, down_scale: PerCell, low: PerCell, high: PerCell) -> "Response":
        """The response of devices whose steps are scaled and whose own bounds lie at positions `low` and `high`; these
        move no curve, unless a response says otherwise."""
        return replace(self, up=up_scale * self.up, down=down_scale * self.down)


class LinearStep(Response):
    """A step that changes linearly with the conductance.

    The potentiating flow is dx/dn = `up` (1 - `up_slope` x), the depressing one -`down` (1 - `down_slope` (1 - x)).
    Slopes of None: constant steps. Slopes of 1: soft bounds (Fusi & Abbott, Nat. Neurosci. 10, 485, 2007). Slopes below
    1 but above 0: an exponential curve whose end lies beyond the bound. `own_bounds` says of pulses up and of pulses
    down whether the curve moves with a device's own bound, as soft bounds do.
    """

    up_slope: Number | None = number(None, "share of the speed that is lost over the range")
    down_slope: Number | None = number(None, "share of the speed that is lost over the range")
    own_bounds: tuple[bool, bool] = setting((False, False), "whether the curves up and down move with a device's bound")

    def update(self, x, up, down):
        speed_up, speed_down = map(jnp.asarray, self.speeds(x))
        change = up * speed_up - down * speed_down
        if self.up_slope is None and self.down_slope is None:
            return PulseUpdate(x + change, 1.0, up * speed_up**2 + down * speed_down**2, up + down)
        # Both flows pull linearly, so together they do: dx/dt = change - decay (x(t) - x) over a unit of time.
        slopes = [0.0 if slope is None else slope for slope in (self.up_slope, self.down_slope)]
        decay = up * (self.up * slopes[0]) + down * (self.down * slopes[1])
        decay = jnp.clip(decay, -30, 80)  # further than any bound, and still a number
        left, mean, square = jnp.exp(-decay), _mean(decay), _mean(2 * decay)
        new = x + change * mean
        each = jnp.clip(decay / jnp.maximum(up + down, 1e-9), -30, 40)  # more than 40: a device stuck at its bound
        # A step, as the later pulses leave it, moves from `first` to `last` along the path; with one polarity they are
        # the same. The means over the path of its way between them, and of that squared:
        small = jnp.abs(decay) < 0.03
        gone = jnp.where(small, 1.0, 1 - left)
        way = jnp.where(small, 1 / 2, (mean - left) / gone)
        squared = jnp.where(small, 1 / 3, (square - 2 * left * mean + left**2) / gone**2)
        steps = 0.0
        for pulses, first, last in zip((up, down), (speed_up, speed_down), self.speeds(new), strict=True):
            first = first * left
            steps += pulses * (first**2 + (last - first) * (2 * first * way + (last - first) * squared))
        return PulseUpdate(new, left, steps * _mean(-each) ** 2, (up + down) * square / _mean(2 * each))

    def speeds(self, x):
        up = self.up if self.up_slope is None else self.up * (1 - self.up_slope * x)
        down = self.down if self.down_slope is None else self.down * (1 - self.down_slope * (1 - x))
        return up, down

    def individual(self, up_scale, down_scale, low, high):
        slopes = (self.up_slope, self.down_slope)
        lengths = (jnp.maximum(high, 1e-3), jnp.maximum(1 - low, 1e-3))
        up_slope, down_slope = (
            slope / length if moves and slope is not None else slope
            for slope, length, moves in zip(slopes, lengths, self.own_bounds, strict=True)
        )
        return LinearStep(up_scale * self.up, down_scale * self.down, up_slope, down_slope)


def _mean(decay: PerCell) -> Cells:
    """The mean of exp(-decay t) over a unit of time."""
    small = jnp.abs(decay) < 0.03
    return jnp.where(small, 1 - decay * (1 / 2 - decay / 6), (1 - jnp.exp(-decay)) / jnp.where(small, 1.0, decay))
