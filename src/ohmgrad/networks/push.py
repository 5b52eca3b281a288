"""How hard, and how, the output of a settling network is pushed toward the answer."""

import abc

import equinox as eqx
from jaxtyping import Array, Float

Output = Float[Array, "batch outputs"]


class Push(eqx.Module):
    """What becomes of the output that the network alone would take."""

    @abc.abstractmethod
    def __call__(self, drive: Output) -> Output:
        """The output that minimises the energy, given the drive from the rest of the network."""


class Free(Push):
    """No push: the free phase."""

    def __call__(self, drive: Output) -> Output:
        return drive


class Nudge(Push):
    """The energy gains strength / 2 * |output - target|^2 (Scellier & Bengio 2017).

    The strength is one number, or one per sample; it may be negative, but stays above -1.
    """

    target: Output
    strength: float | Float[Array, ""] | Float[Array, "batch 1"]

    def __call__(self, drive: Output) -> Output:
        return (drive + self.strength * self.target) / (1 + self.strength)


class Clamp(Push):
    """The output is held at given values (Movellan 1991; Stern et al. 2021)."""

    values: Output

    def __call__(self, drive: Output) -> Output:
        return self.values
