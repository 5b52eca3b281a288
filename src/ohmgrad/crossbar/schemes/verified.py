"""Write-verify: to a target, read, and again until it is there."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool

from ohmgrad.crossbar.arrays import Tiles
from ohmgrad.crossbar.schemes.scheme import Scheme, Weights
from ohmgrad.figure import Range


class WriteVerify(Scheme):
    """The controller adds up in digital what each weight should be, and programs anew the devices that have strayed.

    A device is programmed when its goal lies further than the device's tolerance from the goal it was last programmed
    to. Without a `pulse_budget` it lands where the device's published write error says; with one, every pulse and every
    verifying read is simulated, and `failed` says which devices were still off when their budget was spent.
    """

    pulse_budget: int | None = eqx.field(static=True, default=None)
    wanted: Weights | None = None
    programmed: Tiles | None = None
    failed: Bool[Array, "..."] | None = None

    pulsed = False
    whole = True

    def begin(self, weights, layout, arrays, key):
        goals = layout.goals(weights)
        failed = None if self.pulse_budget is None else jnp.zeros(goals.shape, bool)
        return WriteVerify(self.pulse_budget, weights, goals, failed)

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
        scheme = WriteVerify(self.pulse_budget, wanted, jnp.where(stale, goals, self.programmed), failed)
        return arrays, scheme, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        touched = _STRAYED if region.device.verify_tolerance_siemens else _MOVED
        if self.pulse_budget is None:
            return region.programmed(verb, touched)._replace(update_macs=verb.macs)
        budget = min(self.pulse_budget, _NEEDED), self.pulse_budget
        turns = Range(0.0, _TURNS.nominal * budget[0], _TURNS.high * budget[1])
        counts = region.pulsed(verb, touched * Range(0.0, *budget))
        # A turn addresses every row once; before the first, all that strayed are read.
        return counts._replace(
            update_macs=verb.macs,
            pulsed_rows=turns * counts.pulsed_rows,
            verify_reads=(turns + 1.0) * touched * (verb.times * region.devices),
            verified_rows=(turns + 1.0) * counts.pulsed_rows,
        )


_STRAYED = Range(0.0, 0.02, 1.0)
"""Share of devices that a write finds beyond their tolerance: about what a training of `braille` has."""
_MOVED = Range(0.0, 0.5, 1.0)
"""The same without a tolerance, where all that move are touched: about what `mnist-resistive-epiram` has."""
_NEEDED = 10
"""Pulses that a device takes, if its budget has as many."""
_TURNS = Range(0.0, 4.0, 20.0)
"""Turns of pulses and reads for each of these pulses: read noise makes cells that were done seem off again, so there
are more than the budget; about what a training of `braille` has; 20 is assumed."""
