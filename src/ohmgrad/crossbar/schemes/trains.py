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

MET = Range(0.0, 0.05, 1.0)
"""Coincidences of a device for each vector: about what a training of `braille` has, up to one."""
Trains = UInt32[Array, "words tiles devices lines"]
"""Slots of trains, 32 to a word: 1 where a line fires."""


class PulseTrains(Scheme):
    """Each vector drives `length` slots; in each a line fires with a probability that its entry sets, and cells count
    coincidences (Gokmen & Vlasov, Front. Neurosci. 10:333, 2016). No outer product is ever formed by a processor.

    Row and column probabilities are balanced per vector, and an entry that would fire more often than every slot
    fires in every slot: a train can do no more. Every slot of every line is drawn: one train for a line of the matrix,
    whatever tiles it crosses, and others for each array of a pair; so the cells of a line share its pulses. The
    coincidences of all vectors take turns, up and down, in one pass over the devices.
    """

    kind: ClassVar[str] = "pulse-trains"

    length: int = setting(31, "slots of a train", ge=1, le=1000)

    def write(self, layout, arrays, change, key):
        key, draw_key = jax.random.split(key)
        up, down = coincidences(self.chances(layout, change), self.length, layout.mapping.devices, draw_key)
        arrays, counts = arrays.pulsed(layout.device, *layout.of_devices(up, down), key, layout.exposed)
        return arrays, self, counts

    def expected(self, region, verb):
        return region.pulsed(verb, MET * verb.vectors)

    def chances(self, layout: Layout, change: Outer) -> Outer:
        """With which probability lines fire in a slot, with the signs of the entries."""
        pre, post = change.pre, change.post * (layout.pulses_per_weight * layout.part / self.length)
        row, column = (jnp.abs(v).max((1, 2), keepdims=True) for v in (pre, post))
        balance = jnp.sqrt(jnp.where(row > 0, column / jnp.where(row > 0, row, 1), 1))
        balance = jnp.where(balance > 0, balance, 1)
        return Outer(jnp.clip(pre * balance, -1, 1), jnp.clip(post / balance, -1, 1))


def coincidences(chances: Outer, length: int, devices: int, key: PRNGKeyArray) -> tuple[Tiles, Tiles]:
    """How many slots of `length` both lines of a cell fire in, over all vectors: with equal signs, and with opposite.

    For each of so many `devices` per weight, which are driven by trains of their own.
    """
    row_key, column_key = jax.random.split(key)
    rows, row_signs = _trains(chances.pre, length, devices, row_key)
    columns, column_signs = _trains(chances.post, length, devices, column_key)

    def block(halves, each):
        """Equal signs add up in the lower half of a word, opposite ones in the upper: one pass over the cells."""
        for row, row_sign, column, column_sign in zip(*each, strict=True):
            met = jax.lax.population_count(row[:, None, :, :, None] & column[None, :, :, None, :])
            halves += met << (row_sign[:, None, :, :, None] ^ column_sign[None, :, :, None, :])
        return halves, None

    def count(totals, blocks):
        halves, _ = jax.lax.scan(block, jnp.zeros(totals[0].shape, jnp.uint32), blocks)
        return tuple(total + half for total, half in zip(totals, (halves & 0xFFFF, halves >> 16), strict=True)), None

    inputs = (rows, row_signs, columns, column_signs)
    # A block is what the compiler unrolls; of as many words as fit a half, at most, one scan is made.
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
    chances: Float[Array, "vectors tiles lines"], length: int, devices: int, key: PRNGKeyArray
) -> tuple[Trains, UInt32[Array, "words tiles 1 lines"]]:
    """Trains of lines, and by how many bits a word of theirs shifts what it counts."""
    words = -(-length // 32)
    chances = jnp.repeat(chances, words, 0)[:, :, None]
    size = jnp.broadcast_to(jnp.abs(chances), (*chances.shape[:2], devices, chances.shape[3]))
    slots = jnp.clip(length - 32 * jnp.arange(words), 0, 32).astype(jnp.uint32)
    used = jnp.tile(jnp.uint32(0xFFFFFFFF) >> (32 - slots), len(chances) // words)
    fired = noise.coins(key, size) & used[:, None, None, None]
    return fired, jnp.where(chances < 0, jnp.uint32(16), jnp.uint32(0))


_BLOCK = 16
"""Words of a block: with fewer the compiler makes loops that are five times as slow."""
