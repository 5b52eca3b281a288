"""Responses whose steps follow a curve, one for each polarity: exponential, a power, or measured point by point.

Depression is potentiation seen from above, so each kind is written once, for a position that rises from 0.
"""

import abc
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.response import Cells, PerCell, PulseUpdate, Response
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, known, number

Points = tuple[float, ...] | Float[Array, "*variants points"]


class Curve(Response):
    """A response of two curves of one kind: a subclass says how conductance rises along one."""

    @property
    @abc.abstractmethod
    def sides(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What `rise` and `speed` take of potentiation, and of depression seen from above: the speed first."""

    @abc.abstractmethod
    def rise(self, x: Cells, pulses: Cells, side: tuple[Any, ...]) -> PulseUpdate:
        """From positions x along the rising curve of a side."""

    @abc.abstractmethod
    def speed(self, x: PerCell, side: tuple[Any, ...]) -> PerCell:
        """dx/dn of the rising curve of a side at x."""

    def update(self, x, up, down):
        # Half of the one kind before the other and half after: exact for one kind, of second order in the path for both
        raised, lowered = self.sides
        half = jnp.where(down > 0, up / 2, 0)
        update = self.rise(x, half, raised)
        fall = self.rise(1 - update.x, down, lowered)
        update = update.then(fall._replace(x=1 - fall.x))
        return update.then(self.rise(update.x, up - half, raised))

    def speeds(self, x):
        raised, lowered = self.sides
        return self.speed(x, raised), self.speed(1 - jnp.asarray(x), lowered)


def _one_way(x: Cells, new: Cells, number: Cells, speeds: tuple[PerCell, PerCell], pulses: PerCell) -> PulseUpdate:
    """A walk of one polarity from x to `new`, given the speeds at both: along a flow differences go with the speed.

    One pulse's step is what it moved. Of many the squares, as the later ones leave them, are (1 + r / 2 + r^2 / 6)^2
    times the last speed's, r being the share by which a pulse changes the speed; evenly spread but for the sum of r.
    """
    start, end = (jnp.maximum(speed, 1e-12) for speed in speeds)
    fall, some = jnp.log(start / end), jnp.maximum(number, 1e-9)
    many = jnp.where(number > 0, jnp.square(end) * (number + fall * (1 + fall * 7 / 12 / some)), 0)
    one = (number > 0.5) & (number <= 1)
    return PulseUpdate(new, end / start, jnp.where(one, jnp.square(new - x) / some, many), pulses)


class ExponentialStep(Curve):
    """A step that changes exponentially with the conductance (aihwkit's ExpStep).

    The potentiating flow is `up` max(1 - `up_amplitude` exp(`up_exponent` x), 0), the depressing one `down`
    max(1 - `down_amplitude` exp(-`down_exponent` x), 0). Against a sum of whole steps the flow differs by half of a
    step's relative change from pulse to pulse.

    Raises InputError for an exponent outside 0.001 to 30 in amount.
    """

    kind: ClassVar[str] = "exponential-step"
    up: Number = number(meaning="speed of potentiation without its bend, in shares of the range per pulse", gt=0)
    down: Number = number(meaning="speed of depression without its bend, in shares of the range per pulse", ge=0)
    up_amplitude: Number = number(meaning="share of the speed that the bend takes at the lowest conductance")
    down_amplitude: Number = number(meaning="share of the speed that the bend takes at the lowest conductance")
    up_exponent: Number = number(meaning="of the bend over the range")
    down_exponent: Number = number(meaning="of the bend over the range, with the other sign")

    def __check_init__(self):
        for name in ("up_exponent", "down_exponent"):
            exponent = getattr(self, name)
            if known(exponent) and not 1e-3 <= abs(exponent) <= 30:
                raise InputError(f"{name} must lie between 0.001 and 30 in amount; linear-step has no bend")

    @property
    def sides(self):
        lost = self.down_amplitude * jnp.exp(-self.down_exponent)
        return (self.up, self.up_amplitude, self.up_exponent), (self.down, lost, self.down_exponent)

    def rise(self, x, pulses, side):
        """dx/dn = rate max(1 - a exp(k x), 0), solved in u = exp(-k x): du/dn = -k rate (u - a).

        The speed is in proportion to 1 - a / u, and u - a falls by the same share with every pulse, so the sum of
        squares of what n pulses leave of each is one of geometric series.
        """
        rate, amplitude, exponent = side
        u, fall = jnp.exp(-exponent * x), exponent * rate
        share = jnp.exp(jnp.clip(-fall * pulses, -60, 60))
        moves, moved = u > amplitude, jnp.maximum(amplitude + (u - amplitude) * share, 1e-30)
        start, bent = 1 - amplitude / u, amplitude / moved
        end, one = 1 - bent, jnp.exp(-fall)
        few = jnp.abs(fall * pulses) < 1e-3
        firsts, squares = (jnp.where(few, 1.0, 1 - one**power) for power in (1, 2))
        left = end**2 * pulses + 2 * end * bent * (1 - share) / firsts + bent**2 * (1 - share) * (1 + share) / squares
        new = jnp.where(moves, -jnp.log(moved) / exponent, x)
        left = jnp.where(moves & ~few, left, pulses)
        return _one_way(x, new, pulses, (rate * start, jnp.where(moves, rate * end, 0)), left)

    def speed(self, x, side):
        rate, amplitude, exponent = side
        return rate * jnp.maximum(1 - amplitude * jnp.exp(exponent * x), 0)


class PowerStep(Curve):
    """A step that falls as a power of the distance to the bound: `up` (1 - x)^`up_power`, `down` x^`down_power`.

    aihwkit's PowStep. A power of 1 is soft bounds; a power of 0 constant steps.
    """

    kind: ClassVar[str] = "power-step"
    up_power: Number = number(meaning="of the distance to the highest conductance", ge=0, le=5)
    down_power: Number = number(meaning="of the distance to the lowest conductance", ge=0, le=5)

    @property
    def sides(self):
        return (self.up, self.up_power), (self.down, self.down_power)

    def rise(self, x, pulses, side):
        """dy/dn = -rate y^p in the distance y = 1 - x: y^(1 - p) falls evenly, its logarithm where p is 1.

        The sum of squares of what n pulses leave of each is Euler and Maclaurin's: to the first power of the step
        exact.
        """
        rate, power = side
        rest, third = (jnp.where(jnp.abs(v) < e, e, v) for v, e in ((1 - power, 1e-6), (1 - 3 * power, 1e-4)))
        start = jnp.maximum(1 - x, 1e-6)
        end = start * jnp.exp(_log(-rest * (rate * start**-rest * pulses)) / rest)
        each = jnp.clip(rate * jnp.maximum(end, 1e-12) ** -rest, 1e-9, 1)
        path = _log(rest * (each * pulses)) / rest
        square = jnp.exp(-2 * power * path)
        slopes = power * each * (1 - square * jnp.exp(-rest * path)) / 6
        left = jnp.expm1(third * path) / (third * each) + (1 - square) / 2 + slopes
        left = jnp.clip(left, jnp.minimum(pulses, 1), pulses)
        return _one_way(1 - start, 1 - end, pulses, (rate * start**power, rate * end**power), left)

    def speed(self, x, side):
        rate, power = side
        return rate * jnp.maximum(1 - x, 0) ** power


def _log(change: Cells) -> Cells:
    """log(1 + change), and where that is none a number far below what a distance can shrink to."""
    return jnp.log1p(jnp.maximum(change, -0.9999999))


class Table(Curve):
    """Positions after 0, 1, 2, ... pulses, read between the points: `rising` from below, `falling` from above."""

    up: Number = number(meaning="points that a potentiating pulse goes on", gt=0)
    down: Number = number(meaning="points that a depressing pulse goes on", ge=0)
    rising: Points = number(meaning="positions after 0, 1, 2, ... potentiating pulses", min_length=2)
    falling: Points = number(meaning="positions after 0, 1, 2, ... depressing pulses", min_length=2)

    @property
    def sides(self):
        rising, falling = (jnp.asarray(points, jnp.float32) for points in (self.rising, self.falling))
        return (self.up, rising), (self.down, 1 - falling)

    def rise(self, x, pulses, side):
        """Beyond its ends the curve is flat, off it nothing moves."""
        scale, curve = side
        count = jnp.arange(len(curve), dtype=jnp.float32)
        start = jnp.interp(x, curve, count)
        end = start + scale * pulses
        new = jnp.interp(end, count, curve) + (x - jnp.clip(x, curve[0], curve[-1]))
        first, last = (scale * _slope(at, curve) for at in (x, new))
        # Scatter falls at the end of a pulse, on the slope that begins there. A pulse from a share f past point j steps
        # by (1 - f) d(j) + f d(j+1), d being the rises from point to point; its square over that of d(j+1), added up,
        # takes the sums of q^2 and of q = d(j) / d(j+1).
        rise = jnp.diff(curve)
        q = jnp.append(rise[:-1] / rise[1:], 1.0)
        point = jnp.floor(start)
        f = start - point

        def added(of_each: Array, first: Cells) -> Cells:
            sums = jnp.append(jnp.zeros(1), jnp.cumsum(of_each))
            return (jnp.interp(first + scale * pulses, count, sums) - jnp.interp(first, count, sums)) / scale

        steps = (1 - f) ** 2 * added(q**2, point) + 2 * f * (1 - f) * added(q, point) + f**2 * pulses
        within, many = end < len(curve) - 1, pulses > 1
        left = jnp.where(many, jnp.where(within, jnp.square(last / scale) * added(rise**-2, point + 1), 1), pulses)
        update = _one_way(x, new, pulses, (first, jnp.where(within, last, 0)), left)
        return update._replace(step_variance=jnp.where(many & within, jnp.square(last) * steps, update.step_variance))

    def speed(self, x, side):
        scale, curve = side
        return scale * _slope(x, curve)


def _slope(x: PerCell, curve: Float[Array, " points"]) -> Cells:
    segment = jnp.clip(jnp.searchsorted(curve, jnp.asarray(x), side="right") - 1, 0, len(curve) - 2)
    return jnp.diff(curve)[segment]
