"""Write-verify: to a target, read, and again until it is there."""

from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool

from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar.arrays import Tiles
from ohmgrad.crossbar.schemes.region import Region
from ohmgrad.crossbar.schemes.scheme import Scheme, Weights
from ohmgrad.parts import COUNT, setting
from ohmgrad.quantity import Range


class WriteVerify(Scheme):
    """The controller adds up in digital what each weight should be, and programs anew the devices that have strayed.

    A device is programmed when its goal lies further than the device's tolerance from the goal it was last programmed
    to. Without a `pulse_budget` it lands where the device's published write error says; with one, every pulse and every
    verifying read is simulated, and `failed` says which devices were still off when their budget was spent.
    """

    kind: ClassVar[str] = "write-verify"

    pulsed: ClassVar[bool] = False
    whole: ClassVar[bool] = True
    pulse_budget: int | None = setting(None, "pulses per programming, simulated; none: published error", **COUNT)
    wanted: Weights | None = None
    programmed: Tiles | None = None
    failed: Bool[Array, "..."] | None = None

    def begin(self, weights, layout, arrays, key):
        goals = layout.goals(weights)
        failed = None if self.pulse_budget is None else jnp.zeros(goals.shape, bool)
        return replace(self, wanted=weights, programmed=goals, failed=failed)

    def write(self, layout, arrays, change, key):
        assert self.wanted is not None and self.programmed is not None
        device, wanted = layout.device, self.wanted + change.sum()
        if device.bounded:
            wanted = layout.mapping.bound(wanted, layout.weight_max)
        goals = layout.goals(wanted)
        stale = jnp.abs(goals - self.programmed) > device.verify_tolerance_siemens
        chosen, failed = stale.astype(goals.dtype), None
        if self.pulse_budget is None:
            arrays, counts = arrays.programmed(device, goals, chosen, key)
        else:
            arrays, missed, counts = arrays.verified(device, goals, chosen, self.pulse_budget, key, layout.exposed)
            failed = missed if self.failed is None else jnp.where(stale, missed, self.failed)
        scheme = replace(self, wanted=wanted, programmed=jnp.where(stale, goals, self.programmed), failed=failed)
        return arrays, scheme, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        if self.pulse_budget is not None:
            return self._pulse_by_pulse(region, verb, self.pulse_budget)
        touched = _STRAYED if region.device.verify_tolerance_siemens else _MOVED
        return region.programmed(verb, touched)._replace(update_macs=verb.macs)

    def _pulse_by_pulse(self, region: Region, verb: Verb, budget: int) -> Counts:
        """A turn addresses every row once; before the first, all that are off are read."""
        counts = region.pulsed(verb, _OFF * _PULSES._replace(high=float(budget)))
        turns = Range(0.0, _TURNS.nominal * min(budget, _NEEDED), _TURNS.high * budget)
        return counts._replace(
            update_macs=verb.macs,
            pulsed_rows=turns * counts.pulsed_rows,
            verify_reads=(turns + 1.0) * _OFF * (verb.times * region.devices),
            verified_rows=(turns + 1.0) * counts.pulsed_rows,
        )


_STRAYED = Range(0.0, 0.02, 1.0)
"""Share of devices whose goal a write finds beyond their tolerance: about what a training of `braille` has."""
_MOVED = Range(0.0, 0.4, 1.0)
"""The same without a tolerance, where all that move are touched: about what `mnist-resistive-epiram` has."""
_OFF = Range(0.0, 0.06, 1.0)
"""The same where pulses are simulated one by one: about what a training of `braille` has with a budget of 5."""
_PULSES = Range(0.0, 1.0, 1.0)
"""On each of them; at most its budget. As there."""
_TURNS = Range(0.0, 2.0, 20.0)
"""Turns of pulses and reads for each pulse of a budget (of ten at most): read noise makes cells that were done seem off
again, so there are more than the budget. As there; 20 is assumed."""
_NEEDED = 10
