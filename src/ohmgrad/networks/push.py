"""How hard, and how, the output of a settling network is pushed toward the answer."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from ohmgrad.errors import InputError
from ohmgrad.networks.neurons import Neuron

Output = Inexact[Array, "batch *outputs"]


class Push(eqx.Module):
    """What becomes of the output that the network alone would take."""

    @abc.abstractmethod
    def __call__(
        self, neuron: Neuron, drive: Output, before: Output, curvature: Inexact[Array, "1 *outputs"] | float = 1.0
    ) -> Output:
        """The output that minimises the pushed energy, given the drive from the rest of the network.

        The energy of a quadratic output is curvature / 2 o^2 - drive o. `before` is the output of the sweep before:
        where the minimum has no closed form, the slope of the nudge is taken there.
        """

    @abc.abstractmethod
    def force(self, output: Output) -> Output:
        """Minus the slope, at an output, of what the push adds to the energy.

        The same whether the push adds |output - target|^2 / 2, or, the output being a softmax, the cross-entropy and
        the slope being by the logits.
        """


class Free(Push):
    """No push: the free phase."""

    def __call__(self, neuron, drive, before, curvature=1.0):
        return neuron(drive / curvature)

    def force(self, output):
        return jnp.zeros_like(output)


class Nudge(Push):
    """The energy gains strength / 2 * |output - target|^2 (Scellier & Bengio 2017).

    The strength is one number, or one per sample; it may be negative, but stays above minus the curvature. Complex
    strengths make holomorphic equilibrium propagation (Laborieux & Zenke 2022).
    """

    target: Output
    strength: float | Inexact[Array, ""] | Inexact[Array, "batch 1"]

    def __call__(self, neuron, drive, before, curvature=1.0):
        if neuron.quadratic:
            return neuron((drive + self.strength * self.target) / (curvature + self.strength))
        return neuron(drive / curvature + self.force(before))

    def force(self, output):
        return self.strength * (self.target - output)


class Clamp(Push):
    """The output is held at given values (Movellan 1991; Stern et al. 2021)."""

    values: Output

    def __call__(self, neuron, drive, before, curvature=1.0):
        return self.values

    def force(self, output):
        raise InputError("a softmax readout has no neurons to hold: push must be 'nudge', not 'clamp'")
