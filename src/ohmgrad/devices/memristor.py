"""One memristor: the conductance it can hold, and how it answers a pulse, a verified write and a read."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Memristor(eqx.Module):
    """A device of conductance G in siemens whose write error is Gaussian; zero switches an imperfection off.

    `bounded` keeps G within [g_min, g_max]. `write_error_siemens` is the standard deviation of the landing error of any
    write. `pulse_step_siemens` is the mean change of one unverified pulse (0: any change, exactly).
    `verify_tolerance_siemens` is how far a verified cell may be from its target. `read_noise_siemens` is the standard
    deviation of the apparent conductance, independent from read to read.
    """

    g_min_siemens: float
    g_max_siemens: float
    read_volts: float
    write_error_siemens: float = 0.0
    pulse_step_siemens: float = 0.0
    verify_tolerance_siemens: float = 0.0
    read_noise_siemens: float = 0.0
    bounded: bool = True

    def bound(self, g: Float[Array, "*cells"]) -> Float[Array, "*cells"]:
        return jnp.clip(g, self.g_min_siemens, self.g_max_siemens) if self.bounded else g

    def land(self, target: Float[Array, "*cells"], key: PRNGKeyArray) -> Float[Array, "*cells"]:
        """Conductances after a write that aimed at `target`."""
        if self.write_error_siemens:
            target = target + self.write_error_siemens * jax.random.normal(key, target.shape)
        return self.bound(target)

    def pulse(
        self, g: Float[Array, "*cells"], change: Float[Array, "*cells"], key: PRNGKeyArray
    ) -> tuple[Float[Array, "*cells"], Float[Array, "*cells"]]:
        """At most one unverified pulse per device; returns the new conductances and the pulses fired (0 or 1 each).

        A pulse moves a device by `pulse_step_siemens` up or down. It is fired with probability |change| / step, so that
        the mean change is the wanted one as long as that is at most a step. With a step of 0 every device that is to
        change takes one pulse of exactly that change.
        """
        fire_key, land_key = jax.random.split(key)
        if self.pulse_step_siemens:
            fired = jax.random.uniform(fire_key, g.shape) < jnp.abs(change) / self.pulse_step_siemens
            change = self.pulse_step_siemens * jnp.sign(change)
        else:
            fired = change != 0
        return jnp.where(fired, self.land(g + change, land_key), g), fired.astype(g.dtype)
