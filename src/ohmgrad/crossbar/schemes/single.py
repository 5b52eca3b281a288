"""At most one pulse per device and write."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad import noise
from ohmgrad.crossbar.schemes.scheme import Scheme, fire


class SinglePulse(Scheme):
    """One pulse, up or down, with probability |wanted change| / step: the mean change is right up to one step."""

    kind: ClassVar[str] = "single-pulse"

    def write(self, layout, arrays, change, key):
        draw_key, pulse_key = jax.random.split(key)
        pulses = layout.shared_pulses(change.sum())
        fired = jnp.where(noise.uniform(draw_key, pulses.shape) < jnp.abs(pulses), jnp.sign(pulses), 0)
        arrays, counts = fire(layout, arrays, fired, pulse_key)
        return arrays, self, counts._replace(update_macs=change.macs)


class Manhattan(Scheme):
    """One pulse by the sign of the wanted change, whatever its size (Zamanidoost et al., IMW 2015)."""

    kind: ClassVar[str] = "manhattan"

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, jnp.sign(layout.shared_pulses(change.sum())), key)
        return arrays, self, counts._replace(update_macs=change.macs)
