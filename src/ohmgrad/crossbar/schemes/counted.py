"""As many pulses as the wanted change asks for, rounded to whole ones."""

from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp

from ohmgrad.crossbar.schemes.scheme import Scheme, Weights, fire
from ohmgrad.parts import Number, number
from ohmgrad.quantity import Range

_PULSES = Range(0.0, 0.04, 100.0)
"""On each device in a write: about what a training of `braille` has; at most, for want of a bound, a hundred."""


class PulseCount(Scheme):
    """The nearest whole number of pulses of the mean step; what rounding leaves is lost."""

    kind: ClassVar[str] = "pulse-count"

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, jnp.round(layout.shared_pulses(change.sum())), key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _PULSES)._replace(update_macs=verb.macs)


class MixedPrecision(Scheme):
    """Changes add up in digital; a weight is pulsed when whole steps have come together, and these are taken off.

    Nandakumar et al., Front. Neurosci. 14:406 (2020). `threshold_steps` is how many steps it waits for.
    """

    kind: ClassVar[str] = "mixed-precision"

    threshold_steps: Number = number(1.0, "steps it waits for", ge=1, le=1000)
    left: Weights | None = None
    """Weights not yet written."""

    def begin(self, weights, layout, arrays, key):
        return replace(self, left=jnp.zeros_like(weights))

    def write(self, layout, arrays, change, key):
        assert self.left is not None
        left = self.left + change.sum()
        steps = left * layout.steps_per_weight
        taken = jnp.where(jnp.abs(steps) >= self.threshold_steps, jnp.trunc(steps), 0) / layout.steps_per_weight
        arrays, counts = fire(layout, arrays, jnp.round(layout.shared_pulses(taken)), key)
        return arrays, replace(self, left=left - taken), counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _PULSES)._replace(update_macs=verb.macs)
