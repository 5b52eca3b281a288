"""Whole numbers of pulses, in proportion to the weight update."""

from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp

from ohmgrad.crossbar.schemes.scheme import Scheme, Weights, fire
from ohmgrad.parts import Number, number
from ohmgrad.quantity import Range

_PULSES = Range(0.0, 0.04, 100.0)
"""Pulses per device and write. Nominal: measured in trainings of `braille`; high: assumption."""


class PulseCount(Scheme):
    """Apply the whole number of mean steps nearest to the weight update; the rounding error is lost."""

    kind: ClassVar[str] = "pulse-count"

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, jnp.round(layout.signed_pulses(change.sum())), key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _PULSES)._replace(update_macs=verb.macs)


class MixedPrecision(Scheme):
    """Accumulate updates in digital memory; pulse a device once its sum reaches `threshold_steps` mean steps.

    The whole steps that are pulsed are subtracted from the sum. Source: Nandakumar et al., Front. Neurosci. 14:406
    (2020).

    Raises:
        InputError: where `threshold_steps` is out of its range.
    """

    kind: ClassVar[str] = "mixed-precision"

    threshold_steps: Number = number(1.0, "mean steps of accumulated update at which a device is pulsed", ge=1, le=1000)
    accumulated: Weights | None = None
    """Accumulated weight updates that are not written yet."""

    def begin(self, weights, layout, arrays, key):
        return replace(self, accumulated=jnp.zeros_like(weights))

    def write(self, layout, arrays, change, key):
        assert self.accumulated is not None
        total = self.accumulated + change.sum()
        steps = total * layout.steps_per_weight
        taken = jnp.where(jnp.abs(steps) >= self.threshold_steps, jnp.trunc(steps), 0) / layout.steps_per_weight
        arrays, counts = fire(layout, arrays, jnp.round(layout.signed_pulses(taken)), key)
        return arrays, replace(self, accumulated=total - taken), counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _PULSES)._replace(update_macs=verb.macs)
