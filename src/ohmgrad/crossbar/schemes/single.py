"""At most one pulse per device and write."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad import noise
from ohmgrad.crossbar.schemes.scheme import Scheme, fire
from ohmgrad.quantity import Range


class SinglePulse(Scheme):
    """Apply one pulse with probability |update| / mean step: the mean change is right for updates up to one step."""

    kind: ClassVar[str] = "single-pulse"

    def write(self, layout, arrays, change, key):
        draw_key, pulse_key = jax.random.split(key)
        pulses = layout.signed_pulses(change.sum())
        fired = jnp.where(noise.uniform(draw_key, pulses.shape) < jnp.abs(pulses), jnp.sign(pulses), 0)
        arrays, counts = fire(layout, arrays, fired, pulse_key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _FIRED)._replace(update_macs=verb.macs)


_FIRED = Range(0.0, 0.1, 1.0)
"""Share of devices that a write pulses. Nominal: measured in trainings of `braille`."""


class Manhattan(Scheme):
    """Apply one pulse with the sign of the update, whatever its size (Zamanidoost et al., IMW 2015)."""

    kind: ClassVar[str] = "manhattan"

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, jnp.sign(layout.signed_pulses(change.sum())), key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        # Only updates of exactly zero fire no pulse.
        return region.pulsed(verb, Range(0.0, 1.0, 1.0))._replace(update_macs=verb.macs)
