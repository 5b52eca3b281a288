"""At most one pulse per device and write."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad import noise
from ohmgrad.crossbar.schemes.scheme import Scheme, fire
from ohmgrad.quantity import Range


class SinglePulse(Scheme):
    """One pulse, up or down, with probability |wanted change| / step: the mean change is right up to one step."""

    kind: ClassVar[str] = "single-pulse"

    def write(self, layout, arrays, change, key):
        draw_key, pulse_key = jax.random.split(key)
        pulses = layout.shared_pulses(change.sum())
        fired = jnp.where(noise.uniform(draw_key, pulses.shape) < jnp.abs(pulses), jnp.sign(pulses), 0)
        arrays, counts = fire(layout, arrays, fired, pulse_key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _FIRED)._replace(update_macs=verb.macs)


_FIRED = Range(0.0, 0.1, 1.0)
"""Share of devices that a write pulses: about what a training of `braille` has, between none and all."""


class Manhattan(Scheme):
    """One pulse by the sign of the wanted change, whatever its size (Zamanidoost et al., IMW 2015)."""

    kind: ClassVar[str] = "manhattan"

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, jnp.sign(layout.shared_pulses(change.sum())), key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        # Nothing is written only where nothing at all is wanted.
        return region.pulsed(verb, Range(0.0, 1.0, 1.0))._replace(update_macs=verb.macs)
