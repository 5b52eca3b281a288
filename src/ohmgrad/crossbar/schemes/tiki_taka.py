"""Tiki-Taka v2: a fast array takes the gradients; what it gathers is passed on, low-pass filtered, to the slow one."""

from dataclasses import replace
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from ohmgrad import noise
from ohmgrad.counts import Counts
from ohmgrad.crossbar.arrays import Arrays
from ohmgrad.crossbar.schemes.scheme import Layout, Scheme, Weights, fire
from ohmgrad.crossbar.schemes.trains import MET, PulseTrains
from ohmgrad.parts import COUNT, Number, number, setting
from ohmgrad.quantity import Range


class TikiTaka(Scheme):
    """Gokmen, Front. Artif. Intell. 4:699148 (2021), algorithm TTv2.

    Gradients go to the fast array A by pulse trains, `fast_rate` times as large. Every `every` writes one row of A is
    read and added, times `transfer_rate`, to a digital buffer; a buffer that has passed one step of the weights is
    written to the slow array by whole pulses, and these are taken off. Forward reads see the slow array alone.
    """

    kind: ClassVar[str] = "tiki-taka"

    every: int = setting(1, "writes between transfers of a row", **COUNT)
    fast_rate: Number = number(1.0, "how much larger changes are on the fast array", gt=0, le=100)
    transfer_rate: Number = number(1.0, "of what a transfer reads, added to the digital buffer", gt=0, le=100)
    length: int = setting(31, "slots of a train", ge=1, le=1000)
    fast: Arrays | None = None
    zero: Weights | None = None
    """What the fast array reads at its symmetry point: subtracted, as by a reference array."""
    buffer: Weights | None = None
    writes: Int[Array, ""] | None = None

    def begin(self, weights, layout, arrays, key):
        """The fast array, made of devices of its own, driven by turns of up and down to its symmetry point."""
        device = layout.device
        own = device.fabricate(arrays.g.shape, key)
        middle = layout.goals(jnp.zeros_like(weights))
        many = jnp.full_like(middle, _TURNS)
        quiet = device.without_scatter()
        start = quiet.pulse(middle, many, many, key, own)
        fast = Arrays(start, own, None if device.unsettled_siemens is None else start)
        zero, buffer = _weights(layout, fast), jnp.zeros_like(weights)
        return replace(self, fast=fast, zero=zero, buffer=buffer, writes=jnp.zeros((), jnp.int32))

    def aged(self, device, seconds):
        assert self.fast is not None
        return replace(self, fast=self.fast.aged(device, seconds))

    def write(self, layout, arrays, change, key):
        assert self.fast is not None and self.zero is not None and self.buffer is not None and self.writes is not None
        train_key, read_key, transfer_key = jax.random.split(key, 3)
        scaled = change._replace(post=self.fast_rate * change.post)
        fast, _, counts = PulseTrains(self.length).write(layout, self.fast, scaled, train_key)
        writes = self.writes + 1
        rows = self.buffer.shape[2]
        due = (jnp.arange(rows) == (writes // self.every - 1) % rows) & (writes % self.every == 0)
        gathered = _weights(layout, fast) - self.zero
        variance = jnp.broadcast_to(layout.device.read_variance(fast.visible, fast.age_seconds), fast.g.shape).sum(2)
        gathered += jnp.sqrt(variance) / layout.siemens_per_weight * noise.normal(read_key, gathered.shape)
        buffer = self.buffer + self.transfer_rate * jnp.where(due[:, None], gathered, 0)
        taken = jnp.where(due[:, None], jnp.trunc(buffer * layout.steps_per_weight), 0) / layout.steps_per_weight
        arrays, more = fire(layout, arrays, jnp.round(layout.shared_pulses(taken)), transfer_key)
        scheme = replace(self, fast=fast, buffer=buffer - taken, writes=writes)
        transfers = (writes % self.every == 0).astype(buffer.dtype)
        read = Counts(reads=transfers, adc_conversions=transfers * buffer[:, :, 0].size)
        return arrays, scheme, counts.plus(more).plus(read)

    def expected(self, region, verb):
        """The fast array takes trains, the slow one whole steps, and a transfer reads a row of the fast one; one that
        would come after the last write counts as the share of its writes that were made."""
        counts = region.pulsed(verb, MET * verb.vectors + _STEPS)
        transfers = verb.times / self.every
        return counts._replace(
            pulsed_rows=2 * counts.pulsed_rows, reads=transfers, adc_conversions=transfers * region.columns
        )


def _weights(layout: Layout, arrays: Arrays) -> Weights:
    """What a fast array holds, as weights."""
    signs = jnp.array(layout.mapping.signs, jnp.float32).reshape(1, 1, -1, 1, 1)
    return (signs * arrays.visible).sum(2) / layout.siemens_per_weight


_STEPS = Range(0.0, 0.0, 100.0)
"""Pulses on each slow device in a write: of the one row that is transferred to some have a few, next to none beside the
trains; at most, for want of a bound, a hundred."""
_TURNS = 1000.0
"""Pulses each way that bring a device to its symmetry point, as one would on a chip."""
