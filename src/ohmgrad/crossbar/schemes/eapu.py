"""Error-aware probabilistic update: changes smaller than the write error are mostly left out."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad import noise
from ohmgrad.crossbar.schemes.scheme import Scheme
from ohmgrad.parts import Number, number
from ohmgrad.quantity import Range


class ErrorAware(Scheme):
    """A change below a threshold becomes the threshold with probability |change| / threshold, else nothing; then
    what is left to write is written and verified.

    After EaPU (Nat. Commun. 2025, 10.1038/s41467-025-66240-7): the mean change is right while few devices are written,
    so that write errors come in rarely. `threshold_errors` is the threshold in standard deviations of a write at
    mid-range.
    """

    kind: ClassVar[str] = "error-aware"

    pulsed: ClassVar[bool] = False
    threshold_errors: Number = number(1.0, "in deviations of a write", gt=0, le=100)

    def write(self, layout, arrays, change, key):
        device = layout.device
        draw_key, write_key = jax.random.split(key)
        siemens = layout.shared_pulses(change.sum()) * device.step_siemens
        middle = jnp.asarray(device.g_min_siemens + device.range_siemens / 2)
        threshold = self.threshold_errors * device.write_deviation(middle)
        small = jnp.abs(siemens) < threshold
        taken = noise.uniform(draw_key, siemens.shape) * threshold < jnp.abs(siemens)
        wanted = jnp.where(small, jnp.where(taken, jnp.sign(siemens) * threshold, 0), siemens)
        arrays, counts = arrays.programmed(device, arrays.g + wanted, jnp.abs(wanted), write_key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.programmed(verb, _TOUCHED)._replace(update_macs=verb.macs)


_TOUCHED = Range(0.0, 0.1, 1.0)
"""Share of devices that a write programs: about what a training of `braille` has, between none and all."""
