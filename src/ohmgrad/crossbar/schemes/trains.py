"""Stochastic pulse trains: a device is pulsed where a pulse on its row meets one on its column."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from ohmgrad import noise
from ohmgrad.crossbar.arrays import Tiles
from ohmgrad.crossbar.schemes.scheme import Layout, Outer, Scheme
from ohmgrad.parts import setting
from ohmgrad.quantity import Range

COINCIDENCES = Range(0.0, 0.05, 1.0)
"""Coincidences per device and vector. Nominal: measured in trainings of `braille`."""
Trains = UInt32[Array, "words tiles devices lines"]
"""Time slots of trains, 32 per word: bit 1 where a line fires."""


class PulseTrains(Scheme):
    """Stochastic pulse trains on rows and columns; each device counts the coincidences. No processor computes products.

    Each vector takes `length` time slots. In each slot, a line fires with a probability proportional to its entry;
    row and column probabilities are balanced per vector and clipped at 1. The trains of a line are the same in all
    tiles that it crosses, and independent for the devices of a pair. Coincidences of all vectors are applied together,
    both polarities alternating. Source: Gokmen & Vlasov, Front. Neurosci. 10:333 (2016).

    Raises:
        InputError: where `length` is out of its range.
    """

    kind: ClassVar[str] = "pulse-trains"

    length: int = setting(31, "time slots of a pulse train", ge=1, le=1000)

    def write(self, layout, arrays, change, key):
        key, draw_key = jax.random.split(key)
        up, down = coincidences(self.probabilities(layout, change), self.length, layout.mapping.devices, draw_key)
        arrays, counts = arrays.pulsed(layout.device, *layout.device_pulses(up, down), key, layout.passive_cells)
        return arrays, self, counts

    def expected(self, region, verb):
        return region.pulsed(verb, COINCIDENCES * verb.vectors)

    def probabilities(self, layout: Layout, change: Outer) -> Outer:
        """Probabilities that lines fire in a slot, with the signs of the entries."""
        pre, post = change.pre, change.post * (layout.pulses_per_weight * layout.share_per_device / self.length)
        row, column = (jnp.abs(v).max((1, 2), keepdims=True) for v in (pre, post))
        balance = jnp.sqrt(jnp.where(row > 0, column / jnp.where(row > 0, row, 1), 1))
        balance = jnp.where(balance > 0, balance, 1)
        return Outer(jnp.clip(pre * balance, -1, 1), jnp.clip(post / balance, -1, 1))


def coincidences(probabilities: Outer, length: int, devices: int, key: PRNGKeyArray) -> tuple[Tiles, Tiles]:
    """Draw pulse trains and count the slots in which both lines of a cell fire.

    Args:
        probabilities: Signed probabilities that lines fire in a slot, per vector.
        length: Slots per vector.
        devices: Devices per weight, each driven by independent trains.
        key: Randomness of the trains.

    Returns:
        Coincidences of equal and of opposite signs, summed over vectors.
    """
    row_key, column_key = jax.random.split(key)
    rows, row_signs = _trains(probabilities.pre, length, devices, row_key)
    columns, column_signs = _trains(probabilities.post, length, devices, column_key)

    def block(halves, each):
        """Count equal signs in the lower half of each word and opposite ones in the upper half."""
        for row, row_sign, column, column_sign in zip(*each, strict=True):
            met = jax.lax.population_count(row[:, None, :, :, None] & column[None, :, :, None, :])
            halves += met << (row_sign[:, None, :, :, None] ^ column_sign[None, :, :, None, :])
        return halves, None

    def count(totals, blocks):
        halves, _ = jax.lax.scan(block, jnp.zeros(totals[0].shape, jnp.uint32), blocks)
        return tuple(total + half for total, half in zip(totals, (halves & 0xFFFF, halves >> 16), strict=True)), None

    inputs = (rows, row_signs, columns, column_signs)
    # The compiler unrolls a block. A scan takes at most as many words as half a word can count.
    blocks = -(-len(rows) // _BLOCK)
    scans = -(-blocks * _BLOCK * 32 // 0xFFFF)
    blocks = -(-blocks // scans)
    shape = (scans, blocks, _BLOCK)
    missing = scans * blocks * _BLOCK - len(rows)
    cut = tuple(jnp.pad(x, [(0, missing), *[(0, 0)] * (x.ndim - 1)]).reshape(*shape, *x.shape[1:]) for x in inputs)
    none = jnp.zeros((rows.shape[1], columns.shape[1], devices, rows.shape[3], columns.shape[3]), jnp.uint32)
    totals, _ = jax.lax.scan(count, (none, none), cut)
    same, opposite = (total.astype(jnp.float32) for total in totals)
    return same, opposite


def _trains(
    probabilities: Float[Array, "vectors tiles lines"], length: int, devices: int, key: PRNGKeyArray
) -> tuple[Trains, UInt32[Array, "words tiles 1 lines"]]:
    """Pulse trains of all lines, and per word the shift by sign: 16 bits where the entry is negative."""
    words = -(-length // 32)
    probabilities = jnp.repeat(probabilities, words, 0)[:, :, None]
    size = jnp.broadcast_to(jnp.abs(probabilities), (*probabilities.shape[:2], devices, probabilities.shape[3]))
    slots = jnp.clip(length - 32 * jnp.arange(words), 0, 32).astype(jnp.uint32)
    used = jnp.tile(jnp.uint32(0xFFFFFFFF) >> (32 - slots), len(probabilities) // words)
    fired = noise.coins(key, size) & used[:, None, None, None]
    return fired, jnp.where(probabilities < 0, jnp.uint32(16), jnp.uint32(0))


_BLOCK = 16
"""Words of a block: with fewer, the compiled loop is five times slower."""
