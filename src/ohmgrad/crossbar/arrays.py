"""Arrays of devices as they stand, and what a train of pulses does to them."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.devices.memristor import DeviceVariation, Memristor

Tiles = Float[Array, "row_tiles column_tiles devices rows columns"]
Seconds = Float[Array, ""] | float
Exposed = Float[Array, "row_tiles column_tiles #devices rows columns"]
"""1 for cells of a passive array that pulses on their lines half-select, 0 for those that hold no weight."""


class Written(NamedTuple):
    """What devices held, and showed, after their last write, and how long ago that was."""

    g: Tiles
    seen: Tiles | None
    seconds: Tiles


class Arrays(eqx.Module):
    """Conductances of all tiles of a weight matrix, in siemens, and what sets each device apart.

    `seen` is what reads see, where writes leave noise that later pulses do not build on. `written` is what they have
    aged from, where they have.
    """

    g: Tiles
    own: DeviceVariation
    seen: Tiles | None = None
    written: Written | None = None

    @property
    def visible(self) -> Tiles:
        return self.g if self.seen is None else self.seen

    @property
    def age_seconds(self) -> Tiles | float:
        """Since each device's last write, as far as it aged."""
        return 0.0 if self.written is None else self.written.seconds

    def aged(self, device: Memristor, seconds: Seconds) -> "Arrays":
        """So much later: each device as its own drift or lifetime has it; the same arrays where devices do not age.

        Whatever the number of rests, a device is worked out from its last write and all the time since. That time is a
        float32: every addition rounds it by up to 2^-24 of itself. What reads see stays as far from the conductance as
        the write left it, within the device's bounds.
        """
        if device.aging is None:
            return self
        written = self.written or Written(self.g, self.seen, jnp.zeros_like(self.g))
        written = written._replace(seconds=written.seconds + seconds)
        g = device.aged(written.g, written.seconds, self.own)
        seen = None if written.seen is None else device.with_write_noise(g, written.seen - written.g, self.own)
        return Arrays(g, self.own, seen, written)

    def not_negative(self) -> "Arrays":
        """The same arrays with 0 for what bounds that are switched off let fall below it."""
        g, seen, written = jax.tree.map(lambda values: jnp.maximum(values, 0), (self.g, self.seen, self.written))
        return Arrays(g, self.own, seen, written)

    def pulsed(
        self, device: Memristor, up: Tiles, down: Tiles, key: PRNGKeyArray, exposed: Exposed | None = None
    ) -> tuple["Arrays", Counts]:
        """After so many potentiating and depressing pulses per device.

        In a passive array every pulse also half-selects the other devices of its row and of its column: the `exposed`
        ones. None: a transistor shields them all.
        """
        pulse_key, seen_key = jax.random.split(key)
        # Barriers: the compiler would otherwise work out the pulses anew for every use, and what follows from the
        # devices' own figures once for a whole loop, at the price of as many arrays in memory.
        up, down, own = jax.lax.optimization_barrier((up, down, self.own))
        raised, lowered = up, down
        if exposed is not None and device.half_select is not None:
            up, down = (pulses + device.half_select * _neighbours(pulses) for pulses in (up, down))
        g = jax.lax.optimization_barrier(device.pulse(self.g, up, down, pulse_key, own))
        siemens = (jnp.abs(self.g) + jnp.abs(g)) / 2
        counts = Counts(
            pulses=raised.sum() + lowered.sum(),
            up_siemens=(raised * siemens).sum(),
            down_siemens=(lowered * siemens).sum(),
            half_select_siemens=0.0 if exposed is None else ((raised + lowered) * _neighbours(exposed * siemens)).sum(),
            pulsed_rows=float(g.shape[3]),
        )
        return self._rewritten(device, own, g, up + down > 0, seen_key), counts

    def programmed(
        self, device: Memristor, goals: Tiles, cells: Float[Array, "..."], key: PRNGKeyArray
    ) -> tuple["Arrays", Counts]:
        """After `cells` (those that are not 0) were written to `goals` and verified."""
        land_key, seen_key = jax.random.split(key)
        chosen = cells > 0
        g = jnp.where(chosen, device.verified_write(goals, land_key, self.own), self.g)
        counts = Counts(
            programs=chosen.sum().astype(g.dtype),
            program_siemens=jnp.where(chosen, jnp.abs(self.g) + jnp.abs(g), 0).sum() / 2,
            programmed_rows=float(g.shape[3]),
        )
        return self._rewritten(device, self.own, g, chosen, seen_key), counts

    def verified(
        self,
        device: Memristor,
        goals: Tiles,
        cells: Float[Array, "..."],
        budget: int,
        key: PRNGKeyArray,
        exposed: Exposed | None = None,
    ) -> tuple["Arrays", Bool[Array, "..."], Counts]:
        """After `cells` were pulsed and read, in turns, until each reads within the device's tolerance of its goal.

        Each turn fires the pulses of the mean step that the last reading asks for, at least one and at most half of
        what is left of `budget` pulses. The second result says which of the cells still read wrong when their budget
        was spent. Pulses meet `exposed` neighbours, as in `pulsed`.
        """
        chosen = cells > 0

        def misses(arrays, key):
            sigma = jnp.sqrt(device.read_variance(arrays.visible, arrays.age_seconds))
            off = goals - (arrays.visible + sigma * noise.normal(key, goals.shape))
            return jnp.where(chosen & (jnp.abs(off) > device.verify_tolerance_siemens), off, 0)

        def turn(carry):
            arrays, off, left, counts, key = carry
            key, pulse_key, read_key = jax.random.split(key, 3)
            wanted = jnp.clip(jnp.round(jnp.abs(off) / device.step_siemens), 1, jnp.maximum(left // 2, 1))
            wanted = jnp.where((off != 0) & (left > 0), wanted, 0)
            up, down = (jnp.where(side, wanted, 0) for side in (off > 0, off < 0))
            arrays, more = arrays.pulsed(device, up, down, pulse_key, exposed)
            total = jax.tree.map(jnp.asarray, counts.plus(more).plus(once_read))
            return arrays, misses(arrays, read_key), left - wanted, total, key

        once_read = Counts(verify_reads=chosen.sum().astype(goals.dtype), verified_rows=float(goals.shape[3]))
        key, read_key = jax.random.split(key)
        counts = jax.tree.map(lambda count: jnp.asarray(count, goals.dtype), once_read)
        start = (self, misses(self, read_key), jnp.full(goals.shape, float(budget)), counts, key)
        arrays, off, _, counts, _ = jax.lax.while_loop(lambda c: ((c[1] != 0) & (c[2] > 0)).any(), turn, start)
        failed = off != 0
        outcome = Counts(verifications=once_read.verify_reads, unverified=failed.sum().astype(goals.dtype))
        return arrays, failed, counts.plus(outcome)

    def _rewritten(
        self, device: Memristor, own: DeviceVariation, g: Tiles, touched: Array, key: PRNGKeyArray
    ) -> "Arrays":
        """With conductances g, the `touched` ones of which are new: what reads see of them, and their age begins."""
        seen, written = self.seen, self.written
        if device.unsettled_siemens is not None:
            fresh = device.with_write_noise(g, device.unsettled_siemens * noise.normal(key, g.shape), own)
            seen = jnp.where(touched, fresh, self.visible)
        if written is not None:
            new = Written(g, seen, jnp.zeros_like(g))
            written = jax.tree.map(lambda new, old: jnp.where(touched, new, old), new, written)
        return Arrays(g, self.own, seen, written)


def _neighbours(values: Tiles) -> Tiles:
    """The sum over the other devices of each device's row and column."""
    return values.sum(-1, keepdims=True) + values.sum(-2, keepdims=True) - 2 * values
