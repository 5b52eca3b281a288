"""Write schemes: how a wanted change of conductances reaches the devices."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.devices import Memristor

Tiles = Float[Array, "row_tiles column_tiles 2 rows columns"]


class WriteScheme(eqx.Module):
    """What the digital controller of an array does, and remembers, to write it."""

    @abc.abstractmethod
    def write(
        self, device: Memristor, g: Tiles, change: Tiles, key: PRNGKeyArray
    ) -> tuple[Tiles, "WriteScheme", Counts]:
        """Conductances after asking for `change` (siemens), the controller's new state, and what it took."""


class Pulse(WriteScheme):
    """In place: at most one unverified pulse per device, fired so often that the mean change is right."""

    def write(self, device, g, change, key):
        new, pulses = device.pulse(g, change, key)
        siemens = (pulses * (jnp.abs(g) + jnp.abs(new))).sum() / 2
        return new, self, Counts(pulses=pulses.sum(), pulse_siemens=siemens, pulsed_rows=float(g.shape[3]))


class WriteVerify(WriteScheme):
    """To a target: the controller adds up what each cell should be, and programs anew those that have strayed.

    A cell is programmed, and verified, when its goal lies further than the device's tolerance from the goal it was last
    programmed to.
    """

    goals: Tiles
    programmed: Tiles

    def write(self, device, g, change, key):
        goals = device.bound(self.goals + change)
        stale = jnp.abs(goals - self.programmed) > device.verify_tolerance_siemens
        new = jnp.where(stale, device.land(goals, key), g)
        counts = Counts(
            programs=stale.sum().astype(g.dtype),
            program_siemens=(stale * (jnp.abs(g) + jnp.abs(new))).sum() / 2,
            programmed_rows=float(g.shape[3]),
        )
        return new, WriteVerify(goals, jnp.where(stale, goals, self.programmed)), counts


def begin(scheme: str, goals: Tiles) -> WriteScheme:
    """The controller of arrays that have just been programmed to `goals`."""
    return WriteVerify(goals, goals) if scheme == "write-verify" else Pulse()
