"""Write-verify: program devices to target conductances, with verifying reads."""

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
    """Keep target weights in digital memory and program the devices whose target has moved.

    A device is programmed when its target differs from the one it was last programmed to by more than
    `Memristor.verify_tolerance_siemens`. Without a `pulse_budget`, it gets the published error of a verified write;
    with one, every pulse and every verifying read is simulated.

    Attributes:
        target_weights: The target weights.
        programmed: The target conductance that each device was last programmed to, in siemens.
        failed: Which devices were still off target when their last budget was spent; only with a `pulse_budget`.

    Raises:
        InputError: where `pulse_budget` is out of its range.
    """

    kind: ClassVar[str] = "write-verify"

    pulsed: ClassVar[bool] = False
    supports_slices: ClassVar[bool] = True
    pulse_budget: int | None = setting(
        None, "most pulses per programming, simulated; none: published write error", **COUNT
    )
    target_weights: Weights | None = None
    programmed: Tiles | None = None
    failed: Bool[Array, "..."] | None = None

    def begin(self, weights, layout, arrays, key):
        targets = layout.targets(weights)
        failed = None if self.pulse_budget is None else jnp.zeros(targets.shape, bool)
        return replace(self, target_weights=weights, programmed=targets, failed=failed)

    def write(self, layout, arrays, change, key):
        assert self.target_weights is not None and self.programmed is not None
        device, target_weights = layout.device, self.target_weights + change.sum()
        if device.bounded:
            target_weights = layout.mapping.bound(target_weights, layout.weight_max)
        targets = layout.targets(target_weights)
        stale = jnp.abs(targets - self.programmed) > device.verify_tolerance_siemens
        chosen, failed = stale.astype(targets.dtype), None
        if self.pulse_budget is None:
            arrays, counts = arrays.programmed(device, targets, chosen, key)
        else:
            arrays, missed, counts = arrays.verified(
                device, targets, chosen, self.pulse_budget, key, layout.passive_cells
            )
            failed = missed if self.failed is None else jnp.where(stale, missed, self.failed)
        scheme = replace(
            self, target_weights=target_weights, programmed=jnp.where(stale, targets, self.programmed), failed=failed
        )
        return arrays, scheme, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        if self.pulse_budget is not None:
            return self._pulse_by_pulse(region, verb, self.pulse_budget)
        touched = _STRAYED if region.device.verify_tolerance_siemens else _MOVED
        return region.programmed(verb, touched)._replace(update_macs=verb.macs)

    def _pulse_by_pulse(self, region: Region, verb: Verb, budget: int) -> Counts:
        """Counts with simulated pulses: every round addresses every row once; one read comes before the first round."""
        counts = region.pulsed(verb, _OFF * _PULSES._replace(high=float(budget)))
        rounds = Range(0.0, _ROUNDS.nominal * min(budget, _NEEDED), _ROUNDS.high * budget)
        return counts._replace(
            update_macs=verb.macs,
            pulsed_rows=rounds * counts.pulsed_rows,
            verify_reads=(rounds + 1.0) * _OFF * (verb.times * region.devices),
            verified_rows=(rounds + 1.0) * counts.pulsed_rows,
        )


_STRAYED = Range(0.0, 0.02, 1.0)
"""Share of devices that a write programs, with a tolerance. Nominal: measured in trainings of `braille`."""
_MOVED = Range(0.0, 0.4, 1.0)
"""The same without a tolerance. Nominal: measured in trainings of `mnist-resistive-epiram`."""
_OFF = Range(0.0, 0.06, 1.0)
"""The same with a pulse budget. Nominal: measured in trainings of `braille` with a budget of 5."""
_PULSES = Range(0.0, 1.0, 1.0)
"""Pulses on each of these devices. Nominal: measured likewise; high: the budget."""
_ROUNDS = Range(0.0, 2.0, 20.0)
"""Rounds of pulses and reads per pulse of a budget. More than 1: read noise makes finished cells seem off again.
Nominal: measured likewise; high: assumption."""
_NEEDED = 10
"""Largest budget that is used up: above it, the expected number of rounds stays constant."""
