"""How a memristor's conductance answers pulses, free of noise: every model a flow, so that n pulses cost one pass.

Conductance is given as a position: 0 is the device's lowest nominal conductance, 1 its highest. A number of pulses
may be any real number; a negative one runs the same curve backwards. Flows of one polarity add up, `after(after(x, m),
n) = after(x, m + n)`, which is what makes n pulses at once equal n single ones.
"""

import abc
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Cells = Float[Array, "*cells"]
PerCell = Float[Array, "*#cells"] | float


class Response(eqx.Module):
    """The mean answer of a device to potentiating and depressing pulses, before its bounds."""

    @abc.abstractmethod
    def after(self, x: Cells, up: Cells, down: Cells) -> tuple[Cells, PerCell]:
        """Positions after `up` potentiating and `down` depressing pulses that take turns evenly, and memory.

        Memory is the share that is left, in the mean square, of scatter that fell evenly along the path: conductances
        that strayed apart draw together again where the steps shrink.
        """

    @abc.abstractmethod
    def speeds(self, x: PerCell) -> tuple[PerCell, PerCell]:
        """|dx/dn| of the potentiating and of the depressing flow at x."""

    @abc.abstractmethod
    def individual(self, up_scale: PerCell, down_scale: PerCell, low: PerCell, high: PerCell) -> "Response":
        """The response of devices whose steps are scaled and whose own bounds lie at positions `low` and `high`."""


class LinearStep(Response):
    """A step that changes linearly with the conductance.

    The potentiating flow is dx/dn = `up` (1 - `up_slope` x), the depressing one -`down` (1 - `down_slope` (1 - x)).
    Slopes of 0: constant steps. Slopes of 1: soft bounds (Fusi & Abbott, Nat. Neurosci. 10, 485, 2007); these move with
    a device's own bounds, other slopes do not. Slopes below 1 but above 0: an exponential curve whose end lies beyond
    the bound (`exponential`).
    """

    up: PerCell
    down: PerCell
    up_slope: PerCell = 0.0
    down_slope: PerCell = 0.0

    @staticmethod
    def of_steps(up: float, down: float, up_slope: float = 0.0, down_slope: float = 0.0) -> "LinearStep":
        """From what one whole pulse changes at x = 0 (`up`) and x = 1 (`down`): exact at every whole number of
        pulses."""
        return LinearStep(up * _speedup(up * up_slope), down * _speedup(down * down_slope), up_slope, down_slope)

    @staticmethod
    def exponential(up_pulses: float, down_pulses: float, up_label: float, down_label: float) -> "LinearStep":
        """NeuroSim's curve G = B (1 - exp(-P / A)) + G_min over the given pulses, bent by its nonlinearity labels.

        Chen, Peng & Yu, IEEE TCAD 37, 3067 (2018). The sign of a label is the sign of A, as in NeuroSim's tables: a
        positive LTP label and a negative LTD label both mean steps that are large at first and then shrink.
        """
        up, up_slope = _exponential(up_pulses, up_label)
        # The depressing curve is the same function of the pulse position, run backwards from its upper end.
        down, down_slope = _exponential(down_pulses, -down_label)
        return LinearStep(up, down, up_slope, down_slope)

    def after(self, x, up, down):
        speed_up, speed_down = self.speeds(x)
        change = up * speed_up - down * speed_down
        if (
            isinstance(self.up_slope, float)
            and isinstance(self.down_slope, float)
            and self.up_slope == self.down_slope == 0
        ):
            return x + change, 1.0
        # Both flows pull linearly, so together they do: dx/dt = change - decay (x(t) - x) over a unit of time.
        decay = up * (self.up * self.up_slope) + down * (self.down * self.down_slope)
        decay = jnp.clip(decay, -30, 80)  # further than any bound, and still a number
        left = jnp.exp(-decay)
        small = jnp.abs(decay) < 0.03
        mean = jnp.where(small, 1 - decay * (1 / 2 - decay / 6), (1 - left) / jnp.where(small, 1.0, decay))
        return x + change * mean, mean * (1 + left) / 2

    def speeds(self, x):
        return self.up * (1 - self.up_slope * x), self.down * (1 - self.down_slope * (1 - x))

    def individual(self, up_scale, down_scale, low, high):
        up_slope = 1 / jnp.maximum(high, 1e-3) if self.up_slope == 1 else self.up_slope
        down_slope = 1 / jnp.maximum(1 - low, 1e-3) if self.down_slope == 1 else self.down_slope
        return LinearStep(up_scale * self.up, down_scale * self.down, up_slope, down_slope)


def _speedup(contraction: float) -> float:
    """How much faster a flow must start than its first step, so that a pulse shrinks the distance by `contraction`."""
    return -math.log1p(-contraction) / contraction if abs(contraction) > 1e-9 else 1.0


def label_bend(label: float) -> float:
    """The constant A, per pulse count, of a nonlinearity label: |label| up to 10.1.

    The label is the largest distance of the normalised curve from the straight line, measured at right angles, in units
    of 0.07: the closed form behind NeuroSim's table of 900 values, which it reproduces to the printed digits.
    """
    wanted = 0.07 * math.sqrt(2) * abs(label)

    def bulge(a: float) -> float:
        ends = -math.expm1(-1 / a)
        top = -a * math.log(a * ends)
        return -math.expm1(-top / a) / ends - top

    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if bulge(middle) > wanted else (low, middle)
    return math.copysign(math.sqrt(low * high), label)


def _exponential(pulses: float, label: float) -> tuple[float, float]:
    """Speed at the start and slope of a normalised exponential curve over so many pulses."""
    if abs(label) < 1e-4:
        return 1 / pulses, 0.0
    a = label_bend(label)
    slope = -math.expm1(-1 / a)
    return 1 / (a * pulses * slope), slope


Flow = Callable[[Cells, Cells], Cells]


def _taking_turns(raised: Flow, lowered: Flow, x: Cells, up: Cells, down: Cells) -> tuple[Cells, Cells]:
    """Half of the one kind before the other and half after: exact for one kind, of second order in the path for both.

    Memory as if the contraction were even along the path: (1 - d^2) / ln(1 / d^2), d being what is left of a
    difference at its start.
    """

    def path(x):
        return raised(lowered(raised(x, up / 2), down), up / 2)

    after, left = jax.jvp(path, (x,), (jnp.ones_like(x),))
    square = jnp.minimum(jnp.square(left), 1e12)
    near = jnp.abs(1 - square) < 1e-3
    even = (1 - square) / -jnp.log(jnp.where(near, 0.5, jnp.maximum(square, 1e-30)))
    return after, jnp.where(near, (1 + square) / 2, even)


class ExponentialStep(Response):
    """A step that changes exponentially with the conductance (aihwkit's ExpStep).

    The potentiating flow is `up` max(1 - `up_amplitude` exp(`up_exponent` x), 0), the depressing one `down`
    max(1 - `down_amplitude` exp(-`down_exponent` x), 0). Against a sum of whole steps the flow differs by half of a
    step's relative change from pulse to pulse.
    """

    up: PerCell
    down: PerCell
    up_amplitude: float
    down_amplitude: float
    up_exponent: float
    down_exponent: float

    def after(self, x, up, down):
        return _taking_turns(self._raised, self._lowered, x, up, down)

    def _raised(self, x: Cells, pulses: Cells) -> Cells:
        return _exponential_flow(x, pulses * self.up, self.up_amplitude, self.up_exponent)

    def _lowered(self, x: Cells, pulses: Cells) -> Cells:
        return 1 - _exponential_flow(1 - x, pulses * self.down, *self._mirrored)

    @property
    def _mirrored(self) -> tuple[float, float]:
        """The depressing curve seen from above: amplitude and exponent in 1 - x."""
        return self.down_amplitude * math.exp(-self.down_exponent), self.down_exponent

    def speeds(self, x):
        up = 1 - self.up_amplitude * jnp.exp(self.up_exponent * x)
        down = 1 - self.down_amplitude * jnp.exp(-self.down_exponent * x)
        return self.up * jnp.maximum(up, 0), self.down * jnp.maximum(down, 0)

    def individual(self, up_scale, down_scale, low, high):
        return eqx.tree_at(lambda r: (r.up, r.down), self, (up_scale * self.up, down_scale * self.down))


def _exponential_flow(x: Cells, time: Cells, amplitude: float, exponent: float) -> Cells:
    """dx/dt = max(1 - a exp(k x), 0), solved in u = exp(-k x): du/dt = -k (u - a)."""
    u = jnp.exp(-exponent * x)
    moved = amplitude + (u - amplitude) * jnp.exp(jnp.clip(-exponent * time, -60, 60))
    return jnp.where(u > amplitude, -jnp.log(jnp.maximum(moved, 1e-30)) / exponent, x)


class PowerStep(Response):
    """A step that falls as a power of the distance to the bound: `up` (1 - x)^`up_power`, `down` x^`down_power`.

    aihwkit's PowStep. A power of 1 is soft bounds; a power of 0 constant steps.
    """

    up: PerCell
    down: PerCell
    up_power: float
    down_power: float

    def after(self, x, up, down):
        return _taking_turns(self._raised, self._lowered, x, up, down)

    def _raised(self, x: Cells, pulses: Cells) -> Cells:
        return 1 - _power_flow(1 - x, pulses * self.up, self.up_power)

    def _lowered(self, x: Cells, pulses: Cells) -> Cells:
        return _power_flow(x, pulses * self.down, self.down_power)

    def speeds(self, x):
        return (
            self.up * jnp.maximum(1 - x, 0) ** self.up_power,
            self.down * jnp.maximum(jnp.asarray(x), 0) ** self.down_power,
        )

    def individual(self, up_scale, down_scale, low, high):
        return eqx.tree_at(lambda r: (r.up, r.down), self, (up_scale * self.up, down_scale * self.down))


def _power_flow(distance: Cells, time: Cells, power: float) -> Cells:
    """dy/dt = -y^p from y >= 0: y^(1-p) falls evenly."""
    distance = jnp.maximum(distance, 1e-6)
    if power == 1:
        return distance * jnp.exp(-time)
    left = jnp.maximum(distance ** (1 - power) - (1 - power) * time, 1e-30)
    return left ** (1 / (1 - power))


class Table(Response):
    """Measured positions after 0, 1, 2, ... pulses, read between the points: `up` from below, `down` from above."""

    up: tuple[float, ...]
    down: tuple[float, ...]
    up_scale: PerCell = 1.0
    down_scale: PerCell = 1.0

    def after(self, x, up, down):
        return _taking_turns(self._raised, self._lowered, x, up, down)

    def _raised(self, x: Cells, pulses: Cells) -> Cells:
        return _follow(x, pulses * self.up_scale, self.up)

    def _lowered(self, x: Cells, pulses: Cells) -> Cells:
        return 1 - _follow(1 - x, pulses * self.down_scale, tuple(1 - y for y in self.down))

    def speeds(self, x):
        up = _slope(x, self.up)
        down = _slope(1 - jnp.asarray(x), tuple(1 - y for y in self.down))
        return self.up_scale * up, self.down_scale * down

    def individual(self, up_scale, down_scale, low, high):
        return Table(self.up, self.down, up_scale * self.up_scale, down_scale * self.down_scale)


def _follow(x: Cells, pulses: Cells, rising: tuple[float, ...]) -> Cells:
    """Along a rising curve from x by so many pulses; beyond its ends the curve is flat, off it nothing moves."""
    curve, count = jnp.array(rising, jnp.float32), jnp.arange(len(rising), dtype=jnp.float32)
    moved = jnp.interp(jnp.interp(x, curve, count) + pulses, count, curve)
    return moved + (x - jnp.clip(x, rising[0], rising[-1]))


def _slope(x: PerCell, rising: tuple[float, ...]) -> Cells:
    curve = jnp.array(rising, jnp.float32)
    segment = jnp.clip(jnp.searchsorted(curve, jnp.asarray(x), side="right") - 1, 0, len(rising) - 2)
    return jnp.diff(curve)[segment]
