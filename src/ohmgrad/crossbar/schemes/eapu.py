"""Error-aware probabilistic update: most changes smaller than the write error are skipped."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad import noise
from ohmgrad.crossbar.schemes.scheme import Scheme
from ohmgrad.parts import Number, number
from ohmgrad.quantity import Range


class ErrorAware(Scheme):
    """Round changes below a threshold at random to 0 or to the threshold, then program and verify all that remain.

    The probability of rounding up is |change| / threshold, so the mean change is kept while few devices are written.
    The threshold is `threshold_errors` standard deviations of a verified write at mid-range. Source: EaPU, Nat. Commun.
    2025, doi:10.1038/s41467-025-66240-7.

    Raises:
        InputError: where `threshold_errors` is out of its range.
    """

    kind: ClassVar[str] = "error-aware"

    pulsed: ClassVar[bool] = False
    threshold_errors: Number = number(1.0, "threshold, in standard deviations of a verified write", gt=0, le=100)

    def write(self, layout, arrays, change, key):
        device = layout.device
        draw_key, write_key = jax.random.split(key)
        siemens = layout.signed_pulses(change.sum()) * device.step_siemens
        middle = jnp.asarray(device.g_min_siemens + device.range_siemens / 2)
        threshold = self.threshold_errors * device.write_deviation(middle)
        small = jnp.abs(siemens) < threshold
        taken = noise.uniform(draw_key, siemens.shape) * threshold < jnp.abs(siemens)
        rounded = jnp.where(small, jnp.where(taken, jnp.sign(siemens) * threshold, 0), siemens)
        arrays, counts = arrays.programmed(device, arrays.g + rounded, jnp.abs(rounded), write_key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.programmed(verb, _TOUCHED)._replace(update_macs=verb.macs)


_TOUCHED = Range(0.0, 0.1, 1.0)
"""Share of devices that a write programs. Nominal: measured in trainings of `braille`."""
