"""Neurons: activation functions with a self-energy whose minimum, less drive times activity, is the activity."""

import abc
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, cast, number, setting

Cells = Inexact[Array, "*cells"]


class Neuron(Part):
    """A monotone activation with a self-energy: `neuron(d)` is the s that minimises `self_energy(s)` - d s."""

    quadratic: ClassVar[bool]
    """Whether the self-energy is s^2 / 2 between bounds; the minimum under a (quadratic) nudge is then closed-form."""

    @abc.abstractmethod
    def __call__(self, drive: Cells) -> Cells:
        """The activity for a drive."""

    @abc.abstractmethod
    def slope(self, activity: Cells) -> Cells:
        """The derivative of the activity with respect to the drive, at a given activity."""

    @abc.abstractmethod
    def self_energy(self, activity: Cells) -> Cells:
        """The integral of the drive over the activity."""


class Bounded(Neuron):
    """Linear between two bounds, either of which may be missing (None).

    (-1, 1): hard tanh; (0, 1): hard sigmoid; (0, None): ReLU; (None, None): linear.
    """

    low: float | None = setting(-1.0, "lowest activity; none: unbounded")
    high: float | None = setting(1.0, "highest activity; none: unbounded")
    quadratic: ClassVar[bool] = True

    def __call__(self, drive):
        if jnp.iscomplexobj(drive):
            if self.low is not None or self.high is not None:
                raise InputError("neurons with rails have no complex derivative: take logistic, tanh or linear ones")
            return drive
        return jnp.clip(drive, self.low, self.high)

    def slope(self, activity):
        between = jnp.ones(activity.shape, bool)
        if self.low is not None:
            between &= activity > self.low
        if self.high is not None:
            between &= activity < self.high
        return between.astype(activity.dtype)

    def self_energy(self, activity):
        return jnp.square(activity) / 2


class Logistic(Neuron):
    """1 / (1 + exp(-gain (drive - centre))); with gain 4 and centre 1/2 a smooth version of the hard sigmoid."""

    gain: Number = number(4.0, "four times the slope at the centre", gt=0)
    centre: Number = number(0.5, "drive at which the activity is 1/2")
    quadratic: ClassVar[bool] = False

    def __call__(self, drive):
        argument = cast(self.gain, drive) * (drive - cast(self.centre, drive))
        return _complex_sigmoid(argument) if jnp.iscomplexobj(drive) else jax.nn.sigmoid(argument)

    def slope(self, activity):
        return cast(self.gain, activity) * activity * (1 - activity)

    def self_energy(self, activity):
        mixing = jax.scipy.special.xlogy(activity, activity) + jax.scipy.special.xlog1py(1 - activity, -activity)
        return mixing / cast(self.gain, activity) + cast(self.centre, activity) * activity


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
    """1 / (1 + exp(-z)) in real arithmetic, which does not overflow and can be vectorised."""
    shrunk = jnp.exp(-jnp.abs(z.real))
    real, imag = shrunk * jnp.cos(z.imag), shrunk * jnp.sin(z.imag)
    square = 1 + 2 * real + shrunk * shrunk
    return jax.lax.complex((jnp.where(z.real >= 0, 1, shrunk * shrunk) + real) / square, imag / square)


HARD_TANH = Bounded(-1.0, 1.0)
HARD_SIGMOID = Bounded(0.0, 1.0)
RELU = Bounded(0.0, None)
LINEAR = Bounded(None, None)

NEURONS: Mapping[str, Neuron] = {
    "hard-tanh": HARD_TANH,
    "hard-sigmoid": HARD_SIGMOID,
    "relu": RELU,
    "linear": LINEAR,
    "logistic": Logistic(),
    "tanh": Tanh(),
}
"""Neurons by their names in recipes."""
