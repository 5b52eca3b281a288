"""Pushes: how the output of a settling network is pushed toward the target (nudge, clamp, or not at all)."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from ohmgrad.errors import InputError
from ohmgrad.networks.neurons import Neuron

Output = Inexact[Array, "batch *outputs"]


class Push(eqx.Module):
    """Base class of effects on the output of a settling network."""

    @abc.abstractmethod
    def __call__(
        self, neuron: Neuron, drive: Output, before: Output, curvature: Inexact[Array, "1 *outputs"] | float = 1.0
    ) -> Output:
        """The output that minimises the pushed energy.

        Args:
            neuron: The output neurons.
            drive: Drive from the rest of the network.
            before: Output of the previous sweep; if the minimum has no closed form, the nudge is linearised there.
            curvature: Curvature of the energy of a quadratic output: curvature / 2 o^2 - drive o.
        """

    @abc.abstractmethod
    def force(self, output: Output) -> Output:
        """Minus the derivative, at an output, of the energy added by the push.

        It is the same for the squared error |output - target|^2 / 2 and for the cross-entropy of a softmax output, with
        the derivative with respect to the logits.
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
    """The output is clamped to given values (Movellan 1991; Stern et al. 2021)."""

    values: Output

    def __call__(self, neuron, drive, before, curvature=1.0):
        return self.values

    def force(self, output):
        raise InputError("a softmax readout has no neurons to hold: push must be 'nudge', not 'clamp'")
