"""Tiki-Taka v2: gradients are accumulated on a fast array and transferred, low-pass filtered, to the slow array."""

from dataclasses import replace
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.crossbar.arrays import Arrays
from ohmgrad.crossbar.schemes.scheme import Layout, Scheme, Weights, fire
from ohmgrad.crossbar.schemes.trains import COINCIDENCES, PulseTrains
from ohmgrad.parts import COUNT, Number, number, setting
from ohmgrad.quantity import Range


class TikiTaka(Scheme):
    """A fast array A accumulates gradients, a digital buffer filters them, a slow array holds the weights.

    Pulse trains add the update, times `fast_rate`, to A. After every `every` writes, the next row of A is read and
    added, times `transfer_rate`, to the buffer. Where the buffer exceeds one mean step, the slow array gets the whole
    steps, which are subtracted from the buffer. Only the slow array takes part in reads of the matrix. Source: Gokmen,
    Front. Artif. Intell. 4:699148 (2021), algorithm TTv2.

    Attributes:
        fast: The array A.
        symmetry_point: The weights that A reads at its symmetry point; subtracted from every read of A.
        buffer: The digital buffer.
        writes: Number of writes so far.

    Raises:
        InputError: where a field is out of its range.
    """

    kind: ClassVar[str] = "tiki-taka"

    every: int = setting(1, "writes between transfers of a row", **COUNT)
    fast_rate: Number = number(1.0, "factor of updates on the fast array", gt=0, le=100)
    transfer_rate: Number = number(1.0, "factor of what a transfer adds to the digital buffer", gt=0, le=100)
    length: int = setting(31, "time slots of a pulse train", ge=1, le=1000)
    fast: Arrays | None = None
    symmetry_point: Weights | None = None
    buffer: Weights | None = None
    writes: Int[Array, ""] | None = None

    def begin(self, weights, layout, arrays, key):
        """Fabricate the fast array and drive it to its symmetry point by alternating pulses."""
        device = layout.device
        variation = device.fabricate(arrays.g.shape, key)
        middle = layout.targets(jnp.zeros_like(weights))
        many = jnp.full_like(middle, _SYMMETRY_PULSES)
        quiet = device.without_scatter()
        start = quiet.pulse(middle, many, many, key, variation)
        fast = Arrays(start, variation, None if device.unsettled_siemens is None else start)
        symmetry_point, buffer = _weights(layout, fast), jnp.zeros_like(weights)
        return replace(self, fast=fast, symmetry_point=symmetry_point, buffer=buffer, writes=jnp.zeros((), jnp.int32))

    def aged(self, device, seconds):
        assert self.fast is not None
        return replace(self, fast=self.fast.aged(device, seconds))

    def write(self, layout, arrays, change, key):
        assert (
            self.fast is not None
            and self.symmetry_point is not None
            and self.buffer is not None
            and self.writes is not None
        )
        train_key, read_key, transfer_key = jax.random.split(key, 3)
        scaled = change._replace(post=self.fast_rate * change.post)
        fast, _, counts = PulseTrains(self.length).write(layout, self.fast, scaled, train_key)
        writes = self.writes + 1
        rows = self.buffer.shape[2]
        due = (jnp.arange(rows) == (writes // self.every - 1) % rows) & (writes % self.every == 0)
        gathered = _weights(layout, fast) - self.symmetry_point
        variance = jnp.broadcast_to(layout.device.read_variance(fast.effective_g, fast.age_seconds), fast.g.shape).sum(
            2
        )
        gathered += jnp.sqrt(variance) / layout.siemens_per_weight * noise.normal(read_key, gathered.shape)
        buffer = self.buffer + self.transfer_rate * jnp.where(due[:, None], gathered, 0)
        taken = jnp.where(due[:, None], jnp.trunc(buffer * layout.steps_per_weight), 0) / layout.steps_per_weight
        arrays, more = fire(layout, arrays, jnp.round(layout.signed_pulses(taken)), transfer_key)
        scheme = replace(self, fast=fast, buffer=buffer - taken, writes=writes)
        transfers = (writes % self.every == 0).astype(buffer.dtype)
        read = Counts(reads=transfers, adc_conversions=transfers * buffer[:, :, 0].size)
        return arrays, scheme, counts.plus(more).plus(read)

    def expected(self, region, verb):
        """Pulse trains on the fast array, whole steps on the slow one, and one read per `every` writes."""
        counts = region.pulsed(verb, COINCIDENCES * verb.vectors + _STEPS)
        transfers = verb.times / self.every
        return counts._replace(
            pulsed_rows=2 * counts.pulsed_rows, reads=transfers, adc_conversions=transfers * region.columns
        )


def _weights(layout: Layout, arrays: Arrays) -> Weights:
    """The weights that a fast array represents."""
    signs = jnp.array(layout.mapping.signs, jnp.float32).reshape(1, 1, -1, 1, 1)
    return (signs * arrays.effective_g).sum(2) / layout.siemens_per_weight


_STEPS = Range(0.0, 0.0, 100.0)
"""Pulses per slow device and write. Nominal: negligible beside the trains; high: assumption."""
_SYMMETRY_PULSES = 1000.0
"""Pulses of each polarity that bring a device to its symmetry point."""
