"""Responses with one curve per polarity: exponential steps, power-law steps, or measured points.

Depression is potentiation mirrored (x -> 1 - x), so each kind is written once, for a rising position.
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
    """A response made of two curves of one kind. A subclass defines the rising curve of one polarity."""

    @property
    @abc.abstractmethod
    def curves(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Parameters of the rising curve: of potentiation, and of depression mirrored (x -> 1 - x)."""

    @abc.abstractmethod
    def rise(self, x: Cells, pulses: Cells, curve: tuple[Any, ...]) -> PulseUpdate:
        """The update of positions x by a number of pulses along the rising curve with these parameters."""

    @abc.abstractmethod
    def speed(self, x: PerCell, curve: tuple[Any, ...]) -> PerCell:
        """dx/dn at x of the rising curve with these parameters."""

    def update(self, x, up, down):
        # Strang splitting: half of the up pulses, all down pulses, the other half. Exact where there is one polarity.
        rising, falling = self.curves
        half = jnp.where(down > 0, up / 2, 0)
        update = self.rise(x, half, rising)
        fall = self.rise(1 - update.x, down, falling)
        update = update.then(fall._replace(x=1 - fall.x))
        return update.then(self.rise(update.x, up - half, rising))

    def speeds(self, x):
        rising, falling = self.curves
        return self.speed(x, rising), self.speed(1 - jnp.asarray(x), falling)


def _one_polarity(
    x: Cells, new: Cells, number: Cells, speeds: tuple[PerCell, PerCell], pulse_variance: PerCell
) -> PulseUpdate:
    """The update by pulses of one polarity from x to `new`, given the speeds at both.

    Small differences in x change in proportion to the speed, so the contraction is their ratio. The squared step of one
    pulse is what it moved; of many, the sum of squared steps, each times the squared contraction by later pulses, is
    (1 + r / 2 + r^2 / 6)^2 times the squared speed at the end per pulse, where r is the relative change of speed by a
    pulse, taken as even over the pulses.
    """
    start, end = (jnp.maximum(speed, 1e-12) for speed in speeds)
    fall, some = jnp.log(start / end), jnp.maximum(number, 1e-9)
    many = jnp.where(number > 0, jnp.square(end) * (number + fall * (1 + fall * 7 / 12 / some)), 0)
    one = (number > 0.5) & (number <= 1)
    return PulseUpdate(new, end / start, jnp.where(one, jnp.square(new - x) / some, many), pulse_variance)


class ExponentialStep(Curve):
    """A step that changes exponentially with the conductance (aihwkit's ExpStepDevice).

    Potentiation: dx/dn = up max(1 - up_amplitude exp(up_exponent x), 0). Depression: dx/dn = -down
    max(1 - down_amplitude exp(-down_exponent x), 0). The flow differs from a sum of discrete steps by about half the
    relative change of the step from pulse to pulse.

    Raises:
        InputError: for an exponent whose absolute value is outside 0.001 to 30.
    """

    kind: ClassVar[str] = "exponential-step"
    up: Number = number(
        meaning="speed of potentiation without its exponential term, in shares of the range per pulse", gt=0
    )
    down: Number = number(
        meaning="speed of depression without its exponential term, in shares of the range per pulse", ge=0
    )
    up_amplitude: Number = number(
        meaning="share of the speed that the exponential term takes at the lowest conductance"
    )
    down_amplitude: Number = number(
        meaning="share of the speed that the exponential term takes at the lowest conductance"
    )
    up_exponent: Number = number(meaning="exponent of the potentiating step over the range")
    down_exponent: Number = number(meaning="exponent of the depressing step over the range, with the opposite sign")

    def __check_init__(self):
        for name in ("up_exponent", "down_exponent"):
            exponent = getattr(self, name)
            if known(exponent) and not 1e-3 <= abs(exponent) <= 30:
                raise InputError(
                    f"{name} must have an absolute value between 0.001 and 30; for straight steps use linear-step"
                )

    @property
    def curves(self):
        mirrored = self.down_amplitude * jnp.exp(-self.down_exponent)
        return (self.up, self.up_amplitude, self.up_exponent), (self.down, mirrored, self.down_exponent)

    def rise(self, x, pulses, curve):
        """dx/dn = rate max(1 - a exp(k x), 0), solved in u = exp(-k x): du/dn = -k rate (u - a).

        The speed is proportional to 1 - a / u, and u - a shrinks by the same factor with every pulse, so the pulse
        variance (the sum of squared contractions) is a sum of geometric series.
        """
        rate, amplitude, exponent = curve
        u, fall = jnp.exp(-exponent * x), exponent * rate
        share = jnp.exp(jnp.clip(-fall * pulses, -60, 60))
        moves, moved = u > amplitude, jnp.maximum(amplitude + (u - amplitude) * share, 1e-30)
        start, bent = 1 - amplitude / u, amplitude / moved
        end, one = 1 - bent, jnp.exp(-fall)
        few = jnp.abs(fall * pulses) < 1e-3
        firsts, squares = (jnp.where(few, 1.0, 1 - one**power) for power in (1, 2))
        variance = (
            end**2 * pulses + 2 * end * bent * (1 - share) / firsts + bent**2 * (1 - share) * (1 + share) / squares
        )
        new = jnp.where(moves, -jnp.log(moved) / exponent, x)
        variance = jnp.where(moves & ~few, variance, pulses)
        return _one_polarity(x, new, pulses, (rate * start, jnp.where(moves, rate * end, 0)), variance)

    def speed(self, x, curve):
        rate, amplitude, exponent = curve
        return rate * jnp.maximum(1 - amplitude * jnp.exp(exponent * x), 0)


class PowerStep(Curve):
    """A step that is a power of the distance to the bound (aihwkit's PowStepDevice).

    Potentiation: dx/dn = up (1 - x)^up_power. Depression: dx/dn = -down x^down_power. A power of 1 is soft bounds, a
    power of 0 constant steps.
    """

    kind: ClassVar[str] = "power-step"
    up_power: Number = number(meaning="power of the distance to the highest conductance", ge=0, le=5)
    down_power: Number = number(meaning="power of the distance to the lowest conductance", ge=0, le=5)

    @property
    def curves(self):
        return (self.up, self.up_power), (self.down, self.down_power)

    def rise(self, x, pulses, curve):
        """dy/dn = -rate y^p in the distance y = 1 - x: y^(1 - p) falls linearly in n (log y, where p is 1).

        The pulse variance (the sum of squared contractions) is taken by the Euler-Maclaurin formula, to first order in
        the step.
        """
        rate, power = curve
        rest, third = (jnp.where(jnp.abs(v) < e, e, v) for v, e in ((1 - power, 1e-6), (1 - 3 * power, 1e-4)))
        start = jnp.maximum(1 - x, 1e-6)
        end = start * jnp.exp(_log(-rest * (rate * start**-rest * pulses)) / rest)
        each = jnp.clip(rate * jnp.maximum(end, 1e-12) ** -rest, 1e-9, 1)
        path = _log(rest * (each * pulses)) / rest
        square = jnp.exp(-2 * power * path)
        slopes = power * each * (1 - square * jnp.exp(-rest * path)) / 6
        variance = jnp.expm1(third * path) / (third * each) + (1 - square) / 2 + slopes
        variance = jnp.clip(variance, jnp.minimum(pulses, 1), pulses)
        return _one_polarity(1 - start, 1 - end, pulses, (rate * start**power, rate * end**power), variance)

    def speed(self, x, curve):
        rate, power = curve
        return rate * jnp.maximum(1 - x, 0) ** power


def _log(change: Cells) -> Cells:
    """log(1 + change), kept finite where change reaches -1."""
    return jnp.log1p(jnp.maximum(change, -0.9999999))


class Table(Curve):
    """Positions after 0, 1, 2, ... pulses, interpolated linearly: `rising` by potentiation, `falling` by depression."""

    up: Number = number(meaning="points of the rising curve per potentiating pulse", gt=0)
    down: Number = number(meaning="points of the falling curve per depressing pulse", ge=0)
    rising: Points = number(meaning="positions after 0, 1, 2, ... potentiating pulses", min_length=2)
    falling: Points = number(meaning="positions after 0, 1, 2, ... depressing pulses", min_length=2)

    @property
    def curves(self):
        rising, falling = (jnp.asarray(points, jnp.float32) for points in (self.rising, self.falling))
        return (self.up, rising), (self.down, 1 - falling)

    def rise(self, x, pulses, curve):
        """Follow the points; the curve is flat beyond the last one, and an x outside the points keeps its distance."""
        scale, points = curve
        count = jnp.arange(len(points), dtype=jnp.float32)
        start = jnp.interp(x, points, count)
        end = start + scale * pulses
        new = jnp.interp(end, count, points) + (x - jnp.clip(x, points[0], points[-1]))
        first, last = (scale * _slope(at, points) for at in (x, new))
        # Noise is added at the end of a pulse, where the slope of the next segment applies. A pulse that starts at a
        # fraction f past point j steps by (1 - f) d(j) + f d(j+1), where d(j) is the rise from point j to j + 1; its
        # square relative to that of d(j+1), summed over pulses, needs the sums of q^2 and of q = d(j) / d(j+1).
        rise = jnp.diff(points)
        q = jnp.append(rise[:-1] / rise[1:], 1.0)
        point = jnp.floor(start)
        f = start - point

        def summed(values: Array, first: Cells) -> Cells:
            """Sum over the pulses, from point `first` on, of a value given for each segment."""
            sums = jnp.append(jnp.zeros(1), jnp.cumsum(values))
            return (jnp.interp(first + scale * pulses, count, sums) - jnp.interp(first, count, sums)) / scale

        steps = (1 - f) ** 2 * summed(q**2, point) + 2 * f * (1 - f) * summed(q, point) + f**2 * pulses
        within, many = end < len(points) - 1, pulses > 1
        variance = jnp.where(many, jnp.where(within, jnp.square(last / scale) * summed(rise**-2, point + 1), 1), pulses)
        update = _one_polarity(x, new, pulses, (first, jnp.where(within, last, 0)), variance)
        return update._replace(step_variance=jnp.where(many & within, jnp.square(last) * steps, update.step_variance))

    def speed(self, x, curve):
        scale, points = curve
        return scale * _slope(x, points)


def _slope(x: PerCell, points: Float[Array, " points"]) -> Cells:
    """Rise of the segment between two points that x lies in."""
    segment = jnp.clip(jnp.searchsorted(points, jnp.asarray(x), side="right") - 1, 0, len(points) - 2)
    return jnp.diff(points)[segment]
