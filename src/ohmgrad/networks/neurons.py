"""What a neuron makes of its drive: the activity that minimises its own energy less drive times activity."""

import abc
import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from ohmgrad.errors import InputError

Cells = Inexact[Array, "*cells"]


class Neuron(eqx.Module):
    """A monotone response with a self-energy: `neuron(d)` is the s that minimises `self_energy(s)` - d s."""

    quadratic: ClassVar[bool]
    """Whether the self-energy is s^2 / 2 between rails: a nudge, quadratic too, then has its minimum in closed form."""

    @abc.abstractmethod
    def __call__(self, drive: Cells) -> Cells:
        """The activity at a drive."""

    @abc.abstractmethod
    def slope(self, activity: Cells) -> Cells:
        """The derivative of the activity by the drive, where the activity is this."""

    @abc.abstractmethod
    def self_energy(self, activity: Cells) -> Cells:
        """The integral of the drive over the activity."""


class Bounded(Neuron):
    """Linear between its rails. (-1, 1): hard tanh; (0, 1): hard sigmoid; (0, inf): ReLU; (-inf, inf): linear."""

    low: float = eqx.field(static=True, default=-1.0)
    high: float = eqx.field(static=True, default=1.0)
    quadratic: ClassVar[bool] = True

    def __call__(self, drive):
        if jnp.iscomplexobj(drive):
            if math.isfinite(self.low) or math.isfinite(self.high):
                raise InputError("neurons with rails have no complex derivative: take logistic, tanh or linear ones")
            return drive
        return jnp.clip(drive, self.low, self.high)

    def slope(self, activity):
        return ((activity > self.low) & (activity < self.high)).astype(activity.dtype)

    def self_energy(self, activity):
        return jnp.square(activity) / 2


class Logistic(Neuron):
    """1 / (1 + exp(-gain (drive - centre))); gain 4 and centre 1/2 are the smooth companion of the hard sigmoid."""

    gain: float = eqx.field(static=True, default=4.0)
    centre: float = eqx.field(static=True, default=0.5)
    quadratic: ClassVar[bool] = False

    def __call__(self, drive):
        if jnp.iscomplexobj(drive):
            return _complex_sigmoid(self.gain * (drive - self.centre))
        return jax.nn.sigmoid(self.gain * (drive - self.centre))

    def slope(self, activity):
        return self.gain * activity * (1 - activity)

    def self_energy(self, activity):
        mixing = jax.scipy.special.xlogy(activity, activity) + jax.scipy.special.xlog1py(1 - activity, -activity)
        return mixing / self.gain + self.centre * activity


class Tanh(Neuron):
    """tanh(drive)."""

    quadratic: ClassVar[bool] = False

    def __call__(self, drive):
        return jnp.tanh(drive)

    def slope(self, activity):
        return 1 - activity * activity

    def self_energy(self, activity):
        return activity * jnp.arctanh(activity) + jnp.log1p(-jnp.square(activity)) / 2


def _complex_sigmoid(z: Cells) -> Cells:
    """1 / (1 + exp(-z)) in real arithmetic: no exponential overflows, and it takes vector instructions."""
    shrunk = jnp.exp(-jnp.abs(z.real))
    real, imag = shrunk * jnp.cos(z.imag), shrunk * jnp.sin(z.imag)
    square = 1 + 2 * real + shrunk * shrunk
    return jax.lax.complex((jnp.where(z.real >= 0, 1, shrunk * shrunk) + real) / square, imag / square)


HARD_TANH = Bounded(-1.0, 1.0)
HARD_SIGMOID = Bounded(0.0, 1.0)
RELU = Bounded(0.0, float("inf"))
LINEAR = Bounded(float("-inf"), float("inf"))
