"""How a memristor's conductance answers pulses, free of noise: every model a flow, so that n pulses cost one pass.

Conductance is given as a position: 0 is the device's lowest nominal conductance, 1 its highest. A number of pulses
may be any real number; a negative one runs the same curve backwards. Flows of one polarity add up, `after(after(x, m),
n) = after(x, m + n)`, which is what makes n pulses at once equal n single ones.
"""

import abc
import math
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

Cells = Float[Array, "*cells"]
PerCell = Float[Array, "*#cells"] | float


class Walk(NamedTuple):
    """Where pulses lead, and how scatter that falls at the end of every pulse has spread there.

    Conductances that strayed apart draw together again where steps shrink: of a difference `left` remains. `steps` is
    the sum over pulses of the squares of each one's step, `pulses` that of a square of 1 each, of either what the later
    pulses leave: the variance of `x` where a pulse scatters by its own step, or by a position of 1. For one pulse
    `steps` is its step squared and `pulses` is 1.
    """

    x: Cells
    left: PerCell
    steps: PerCell
    pulses: PerCell

    def then(self, more: "Walk") -> "Walk":
        """This one, and from its end another."""
        square = more.left**2
        return Walk(more.x, self.left * more.left, square * self.steps + more.steps, square * self.pulses + more.pulses)


class Response(eqx.Module):
    """The mean answer of a device to potentiating and depressing pulses, before its bounds."""

    @abc.abstractmethod
    def walk(self, x: Cells, up: Cells, down: Cells) -> Walk:
        """From positions x by `up` potentiating and `down` depressing pulses that take turns evenly.

        To first order in the scatter: what it makes of later steps is left out, for n pulses of step noise sigma, each
        of which changes the next one's step by a share r, about n (sigma r)^2 / 2 of the variance.
        """

    def after(self, x: Cells, up: Cells, down: Cells) -> Cells:
        """Positions after these pulses."""
        return self.walk(x, up, down).x

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

    def walk(self, x, up, down):
        speed_up, speed_down = self.speeds(x)
        change = up * speed_up - down * speed_down
        if (
            isinstance(self.up_slope, float)
            and isinstance(self.down_slope, float)
            and self.up_slope == self.down_slope == 0
        ):
            return Walk(x + change, 1.0, up * speed_up**2 + down * speed_down**2, up + down)
        # Both flows pull linearly, so together they do: dx/dt = change - decay (x(t) - x) over a unit of time.
        decay = up * (self.up * self.up_slope) + down * (self.down * self.down_slope)
        decay = jnp.clip(decay, -30, 80)  # further than any bound, and still a number
        left, mean, square = jnp.exp(-decay), _mean(decay), _mean(2 * decay)
        new = x + change * mean
        each = decay / jnp.maximum(up + down, 1e-9)
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
        return Walk(new, left, steps * _mean(-each) ** 2, (up + down) * square / _mean(2 * each))

    def speeds(self, x):
        return self.up * (1 - self.up_slope * x), self.down * (1 - self.down_slope * (1 - x))

    def individual(self, up_scale, down_scale, low, high):
        up_slope = 1 / jnp.maximum(high, 1e-3) if self.up_slope == 1 else self.up_slope
        down_slope = 1 / jnp.maximum(1 - low, 1e-3) if self.down_slope == 1 else self.down_slope
        return LinearStep(up_scale * self.up, down_scale * self.down, up_slope, down_slope)


def _mean(decay: PerCell) -> Cells:
    """The mean of exp(-decay t) over a unit of time."""
    small = jnp.abs(decay) < 0.03
    return jnp.where(small, 1 - decay * (1 / 2 - decay / 6), (1 - jnp.exp(-decay)) / jnp.where(small, 1.0, decay))


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


def _one_way(x: Cells, new: Cells, number: Cells, speeds: tuple[PerCell, PerCell], pulses: PerCell) -> Walk:
    """A walk of one polarity from x to `new`, given the speeds at both: along a flow differences go with the speed.

    One pulse's step is what it moved. Of many the squares, as the later ones leave them, are (1 + r / 2 + r^2 / 6)^2
    times the last speed's, r being the share by which a pulse changes the speed; evenly spread but for the sum of r.
    """
    start, end = (jnp.maximum(speed, 1e-12) for speed in speeds)
    fall, some = jnp.log(start / end), jnp.maximum(number, 1e-9)
    many = jnp.square(end) * (number + fall * (1 + fall * 7 / 12 / some))
    one = (number > 0.5) & (number <= 1)
    return Walk(new, end / start, jnp.where(one, jnp.square(new - x) / some, many), pulses)


OneWay = Callable[[Cells, Cells], Walk]


def _taking_turns(raised: OneWay, lowered: OneWay, x: Cells, up: Cells, down: Cells) -> Walk:
    """Half of the one kind before the other and half after: exact for one kind, of second order in the path for
    both."""
    half = jnp.where(down > 0, up / 2, 0)
    walk = raised(x, half)
    walk = walk.then(lowered(walk.x, down))
    return walk.then(raised(walk.x, up - half))


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

    def walk(self, x, up, down):
        return _taking_turns(self._raised, self._lowered, x, up, down)

    def _raised(self, x: Cells, pulses: Cells) -> Walk:
        return _exponential_walk(x, pulses, self.up, self.up_amplitude, self.up_exponent)

    def _lowered(self, x: Cells, pulses: Cells) -> Walk:
        walk = _exponential_walk(1 - x, pulses, self.down, *self._mirrored)
        return walk._replace(x=1 - walk.x)

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


def _exponential_walk(x: Cells, number: Cells, rate: PerCell, amplitude: float, exponent: float) -> Walk:
    """dx/dn = rate max(1 - a exp(k x), 0), solved in u = exp(-k x): du/dn = -k rate (u - a).

    The speed is in proportion to 1 - a / u, and u - a falls by the same share with every pulse, so the sum of squares
    of what n pulses leave of each is one of geometric series.
    """
    u, fall = jnp.exp(-exponent * x), exponent * rate
    share = jnp.exp(jnp.clip(-fall * number, -60, 60))
    moves, moved = u > amplitude, jnp.maximum(amplitude + (u - amplitude) * share, 1e-30)
    start, bent = 1 - amplitude / u, amplitude / moved
    end, one = 1 - bent, jnp.exp(-fall)
    few = jnp.abs(fall * number) < 1e-3
    firsts, squares = (jnp.where(few, 1.0, 1 - one**power) for power in (1, 2))
    pulses = end**2 * number + 2 * end * bent * (1 - share) / firsts + bent**2 * (1 - share) * (1 + share) / squares
    new = jnp.where(moves, -jnp.log(moved) / exponent, x)
    pulses = jnp.where(moves & ~few, pulses, number)
    return _one_way(x, new, number, (rate * start, jnp.where(moves, rate * end, 0)), pulses)


class PowerStep(Response):
    """A step that falls as a power of the distance to the bound: `up` (1 - x)^`up_power`, `down` x^`down_power`.

    aihwkit's PowStep. A power of 1 is soft bounds; a power of 0 constant steps.
    """

    up: PerCell
    down: PerCell
    up_power: float
    down_power: float

    def walk(self, x, up, down):
        return _taking_turns(self._raised, self._lowered, x, up, down)

    def _raised(self, x: Cells, pulses: Cells) -> Walk:
        walk = _power_walk(1 - x, pulses, self.up, self.up_power)
        return walk._replace(x=1 - walk.x)

    def _lowered(self, x: Cells, pulses: Cells) -> Walk:
        return _power_walk(x, pulses, self.down, self.down_power)

    def speeds(self, x):
        return (
            self.up * jnp.maximum(1 - x, 0) ** self.up_power,
            self.down * jnp.maximum(jnp.asarray(x), 0) ** self.down_power,
        )

    def individual(self, up_scale, down_scale, low, high):
        return eqx.tree_at(lambda r: (r.up, r.down), self, (up_scale * self.up, down_scale * self.down))


def _power_walk(distance: Cells, number: Cells, rate: PerCell, power: float) -> Walk:
    """dy/dn = -rate y^p from y >= 0: y^(1-p) falls evenly.

    The sum of squares of what n pulses leave of each is Euler and Maclaurin's: to the first power of the step exact.
    """
    rest, third = 1 - power, 1 - 3 * power
    third = third if abs(third) > 1e-4 else 1e-4

    start = jnp.maximum(distance, 1e-6)
    if power == 1:
        end = start * jnp.exp(-rate * number)
    else:
        end = jnp.maximum(start**rest - rest * rate * number, 1e-30) ** (1 / rest)
    each = jnp.clip(rate * jnp.maximum(end, 1e-12) ** -rest, 1e-9, 1)
    path = each * number
    path = path if power == 1 else jnp.log1p(jnp.maximum(rest * path, -0.999999)) / rest
    square = jnp.exp(-2 * power * path)
    slopes = power * each * (1 - square * jnp.exp(-rest * path)) / 6
    pulses = jnp.expm1(third * path) / (third * each) + (1 - square) / 2 + slopes
    pulses = jnp.clip(pulses, jnp.minimum(number, 1), number)
    return _one_way(start, end, number, (rate * start**power, rate * end**power), pulses)


class Table(Response):
    """Measured positions after 0, 1, 2, ... pulses, read between the points: `up` from below, `down` from above."""

    up: tuple[float, ...]
    down: tuple[float, ...]
    up_scale: PerCell = 1.0
    down_scale: PerCell = 1.0

    def walk(self, x, up, down):
        return _taking_turns(self._raised, self._lowered, x, up, down)

    def _raised(self, x: Cells, pulses: Cells) -> Walk:
        return _table_walk(x, pulses, self.up_scale, self.up)

    def _lowered(self, x: Cells, pulses: Cells) -> Walk:
        walk = _table_walk(1 - x, pulses, self.down_scale, tuple(1 - y for y in self.down))
        return walk._replace(x=1 - walk.x)

    def speeds(self, x):
        up = _slope(x, self.up)
        down = _slope(1 - jnp.asarray(x), tuple(1 - y for y in self.down))
        return self.up_scale * up, self.down_scale * down

    def individual(self, up_scale, down_scale, low, high):
        return Table(self.up, self.down, up_scale * self.up_scale, down_scale * self.down_scale)


def _table_walk(x: Cells, number: Cells, scale: PerCell, rising: tuple[float, ...]) -> Walk:
    """Along a rising curve from x by so many pulses; beyond its ends the curve is flat, off it nothing moves."""
    curve, count = jnp.array(rising, jnp.float32), jnp.arange(len(rising), dtype=jnp.float32)
    start = jnp.interp(x, curve, count)
    end = start + scale * number
    new = jnp.interp(end, count, curve) + (x - jnp.clip(x, rising[0], rising[-1]))
    first, last = (scale * _slope(at, rising) for at in (x, new))
    # Scatter falls at the end of a pulse, on the slope that begins there. A pulse from a share f past point j steps by
    # (1 - f) d(j) + f d(j+1), d being the rises from point to point; its square over that of d(j+1), added up, takes
    # the sums of q^2 and of q = d(j) / d(j+1).
    rise = jnp.diff(curve)
    q = jnp.append(rise[:-1] / rise[1:], 1.0)
    point = jnp.floor(start)
    f = start - point

    def added(of_each: Array, first: Cells) -> Cells:
        sums = jnp.append(jnp.zeros(1), jnp.cumsum(of_each))
        return (jnp.interp(first + scale * number, count, sums) - jnp.interp(first, count, sums)) / scale

    steps = (1 - f) ** 2 * added(q**2, point) + 2 * f * (1 - f) * added(q, point) + f**2 * number
    within, many = end < len(rising) - 1, number > 1
    pulses = jnp.where(many, jnp.where(within, jnp.square(last / scale) * added(rise**-2, point + 1), 1), number)
    walk = _one_way(x, new, number, (first, jnp.where(within, last, 0)), pulses)
    return walk._replace(steps=jnp.where(many & within, jnp.square(last) * steps, walk.steps))


def _slope(x: PerCell, rising: tuple[float, ...]) -> Cells:
    curve = jnp.array(rising, jnp.float32)
    segment = jnp.clip(jnp.searchsorted(curve, jnp.asarray(x), side="right") - 1, 0, len(rising) - 2)
    return jnp.diff(curve)[segment]
