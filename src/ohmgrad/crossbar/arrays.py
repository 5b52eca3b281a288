"""Arrays of devices: their conductances, and how pulses, verified writes and time change them."""

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
CellMask = Float[Array, "row_tiles column_tiles #devices rows columns"]
"""1 for the cells of a passive array that hold weights, which pulses on their lines half-select; 0 for all others."""


class LastWrite(NamedTuple):
    """State of each device right after its last write, from which ageing is computed.

    Attributes:
        g: Conductances in siemens.
        noisy_g: `Arrays.noisy_g`.
        seconds: Time since the write.
    """

    g: Tiles
    noisy_g: Tiles | None
    seconds: Tiles


class Arrays(eqx.Module):
    """The devices of all tiles of a weight matrix.

    Attributes:
        g: Persistent conductances in siemens, from which pulses start.
        variation: Device-to-device variation.
        noisy_g: g plus the noise of the last write that later pulses do not start from
            (`Memristor.unsettled_siemens`). None: the device has no such noise.
        last_write: What the devices have aged from. None: they have not aged.
    """

    g: Tiles
    variation: DeviceVariation
    noisy_g: Tiles | None = None
    last_write: LastWrite | None = None

    @property
    def effective_g(self) -> Tiles:
        """Conductances, in siemens, that reads measure, without read noise."""
        return self.g if self.noisy_g is None else self.noisy_g

    @property
    def age_seconds(self) -> Tiles | float:
        """Time since each device's last write; 0 where the arrays have not aged."""
        return 0.0 if self.last_write is None else self.last_write.seconds

    def aged(self, device: Memristor, seconds: Seconds) -> "Arrays":
        """Let all devices age, each with its own drift exponent or lifetime.

        Ageing is always computed from the last write and the whole time since, however many rests there were. This time
        is a float32; each addition rounds it by up to 2^-24, relative. The difference between effective and persistent
        conductance stays as the write left it, within the device's bounds.

        Args:
            device: The nominal device. Where it has no `aging`, the same arrays are returned.
            seconds: Additional time since the last write.
        """
        if device.aging is None:
            return self
        last = self.last_write or LastWrite(self.g, self.noisy_g, jnp.zeros_like(self.g))
        last = last._replace(seconds=last.seconds + seconds)
        g = device.aged(last.g, last.seconds, self.variation)
        noisy_g = None if last.noisy_g is None else device.with_write_noise(g, last.noisy_g - last.g, self.variation)
        return Arrays(g, self.variation, noisy_g, last)

    def clipped_at_zero(self) -> "Arrays":
        """Raise negative conductances to 0, which devices without bounds (`Memristor.bounded`) can reach."""
        values = (self.g, self.noisy_g, self.last_write)
        g, noisy_g, last_write = jax.tree.map(lambda values: jnp.maximum(values, 0), values)
        return Arrays(g, self.variation, noisy_g, last_write)

    def pulsed(
        self, device: Memristor, up: Tiles, down: Tiles, key: PRNGKeyArray, passive_cells: CellMask | None = None
    ) -> tuple["Arrays", Counts]:
        """Apply pulses to every device.

        In a passive array, every pulse also half-selects the other devices of its row and column.

        Args:
            device: The nominal device.
            up: Numbers of potentiating pulses.
            down: Numbers of depressing pulses.
            key: Randomness of the noise.
            passive_cells: Cells that can be half-selected. None: access transistors shield all devices.

        Returns:
            The arrays after the pulses, and the counts of pulses, conductances that they passed, and addressed rows.
        """
        pulse_key, noise_key = jax.random.split(key)
        # Barriers: otherwise the compiler computes the pulses again for every use, and hoists what depends on the
        # variation out of loops, which costs as many arrays in memory.
        up, down, variation = jax.lax.optimization_barrier((up, down, self.variation))
        raised, lowered = up, down
        if passive_cells is not None and device.half_select is not None:
            up, down = (pulses + device.half_select * _neighbours(pulses) for pulses in (up, down))
        g = jax.lax.optimization_barrier(device.pulse(self.g, up, down, pulse_key, variation))
        siemens = (jnp.abs(self.g) + jnp.abs(g)) / 2
        counts = Counts(
            pulses=raised.sum() + lowered.sum(),
            up_siemens=(raised * siemens).sum(),
            down_siemens=(lowered * siemens).sum(),
            half_select_siemens=0.0
            if passive_cells is None
            else ((raised + lowered) * _neighbours(passive_cells * siemens)).sum(),
            pulsed_rows=float(g.shape[3]),
        )
        return self._rewritten(device, variation, g, up + down > 0, noise_key), counts

    def programmed(
        self, device: Memristor, targets: Tiles, cells: Float[Array, "..."], key: PRNGKeyArray
    ) -> tuple["Arrays", Counts]:
        """Write devices to target conductances, with the error of the device's verified write.

        Args:
            device: The nominal device.
            targets: Target conductances in siemens.
            cells: Non-zero for the devices to write; of the shape of `targets`.
            key: Randomness of the write error.

        Returns:
            The arrays after the write, and the counts of programmed devices, their conductances, and rows.
        """
        write_key, noise_key = jax.random.split(key)
        chosen = cells > 0
        g = jnp.where(chosen, device.verified_write(targets, write_key, self.variation), self.g)
        counts = Counts(
            programs=chosen.sum().astype(g.dtype),
            program_siemens=jnp.where(chosen, jnp.abs(self.g) + jnp.abs(g), 0).sum() / 2,
            programmed_rows=float(g.shape[3]),
        )
        return self._rewritten(device, self.variation, g, chosen, noise_key), counts

    def verified(
        self,
        device: Memristor,
        targets: Tiles,
        cells: Float[Array, "..."],
        budget: int,
        key: PRNGKeyArray,
        passive_cells: CellMask | None = None,
    ) -> tuple["Arrays", Bool[Array, "..."], Counts]:
        """Write devices to target conductances pulse by pulse, with a verifying read after each round of pulses.

        A round applies as many pulses of the mean step as the last read calls for, at least one and at most half of
        what is left of the budget. A device is done when it reads within `Memristor.verify_tolerance_siemens` of its
        target.

        Args:
            device: The nominal device.
            targets: Target conductances in siemens.
            cells: Non-zero for the devices to write; of the shape of `targets`.
            budget: Largest number of pulses per device.
            key: Randomness of pulses and reads.
            passive_cells: Cells that can be half-selected, as in `pulsed`.

        Returns:
            The arrays after the write; which of the devices still read off target; the counts of pulses and reads.
        """
        chosen = cells > 0

        def deviation(arrays, key):
            sigma = jnp.sqrt(device.read_variance(arrays.effective_g, arrays.age_seconds))
            off = targets - (arrays.effective_g + sigma * noise.normal(key, targets.shape))
            return jnp.where(chosen & (jnp.abs(off) > device.verify_tolerance_siemens), off, 0)

        def verify_round(carry):
            arrays, off, left, counts, key = carry
            key, pulse_key, read_key = jax.random.split(key, 3)
            pulses = jnp.clip(jnp.round(jnp.abs(off) / device.step_siemens), 1, jnp.maximum(left // 2, 1))
            pulses = jnp.where((off != 0) & (left > 0), pulses, 0)
            up, down = (jnp.where(side, pulses, 0) for side in (off > 0, off < 0))
            arrays, more = arrays.pulsed(device, up, down, pulse_key, passive_cells)
            total = jax.tree.map(jnp.asarray, counts.plus(more).plus(one_read))
            return arrays, deviation(arrays, read_key), left - pulses, total, key

        one_read = Counts(verify_reads=chosen.sum().astype(targets.dtype), verified_rows=float(targets.shape[3]))
        key, read_key = jax.random.split(key)
        counts = jax.tree.map(lambda count: jnp.asarray(count, targets.dtype), one_read)
        start = (self, deviation(self, read_key), jnp.full(targets.shape, float(budget)), counts, key)
        arrays, off, _, counts, _ = jax.lax.while_loop(
            lambda carry: ((carry[1] != 0) & (carry[2] > 0)).any(), verify_round, start
        )
        failed = off != 0
        outcome = Counts(verifications=one_read.verify_reads, unverified=failed.sum().astype(targets.dtype))
        return arrays, failed, counts.plus(outcome)

    def _rewritten(
        self, device: Memristor, variation: DeviceVariation, g: Tiles, touched: Array, key: PRNGKeyArray
    ) -> "Arrays":
        """Replace the conductances; the `touched` devices get new write noise and start to age anew."""
        noisy_g, last_write = self.noisy_g, self.last_write
        if device.unsettled_siemens is not None:
            fresh = device.with_write_noise(g, device.unsettled_siemens * noise.normal(key, g.shape), variation)
            noisy_g = jnp.where(touched, fresh, self.effective_g)
        if last_write is not None:
            new = LastWrite(g, noisy_g, jnp.zeros_like(g))
            last_write = jax.tree.map(lambda new, old: jnp.where(touched, new, old), new, last_write)
        return Arrays(g, self.variation, noisy_g, last_write)


def _neighbours(values: Tiles) -> Tiles:
    """Sum over the other devices of each device's row and column."""
    return values.sum(-1, keepdims=True) + values.sum(-2, keepdims=True) - 2 * values
