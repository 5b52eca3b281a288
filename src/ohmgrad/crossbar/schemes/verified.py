"""Write-verify: to a target, read, and again until it is there."""

from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool

from ohmgrad.crossbar.arrays import Tiles
from ohmgrad.crossbar.schemes.scheme import Scheme, Weights
from ohmgrad.parts import setting


class WriteVerify(Scheme):
    """The controller adds up in digital what each weight should be, and programs anew the devices that have strayed.

    A device is programmed when its goal lies further than the device's tolerance from the goal it was last programmed
    to. Without a `pulse_budget` it lands where the device's published write error says; with one, every pulse and every
    verifying read is simulated, and `failed` says which devices were still off when their budget was spent.
    """

    kind: ClassVar[str] = "write-verify"

    pulsed: ClassVar[bool] = False
    whole: ClassVar[bool] = True
    pulse_budget: int | None = setting(
        None, "pulses per programming, simulated; none: published error", ge=1, le=10_000
    )
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
