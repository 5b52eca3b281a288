"""Stochastic pulse trains: a device is pulsed where a pulse on its row meets one on its column."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from ohmgrad import noise
from ohmgrad.crossbar.arrays import Tiles
from ohmgrad.crossbar.schemes.scheme import Layout, Outer, Scheme

Cells = Float[Array, "*cells"]


class PulseTrains(Scheme):
    """Each vector drives `length` slots; in each a line fires with a probability that its entry sets, and cells count
    coincidences (Gokmen & Vlasov, Front. Neurosci. 10:333, 2016). No outer product is ever formed by a processor.

    Row and column probabilities are balanced per vector, and an entry that would fire more often than every slot
    fires in every slot: a train can do no more. The coincidences of all vectors are drawn at once from their mean and
    variance, binomial for one vector and close to it for many; they take turns, up and down, in one pass over the
    devices.
    """

    length: int = eqx.field(static=True, default=31)

    def write(self, layout, arrays, change, key):
        up, down = self.means(layout, change)
        key, draw_key = jax.random.split(key)
        slots = float(self.length * len(change.pre))
        up, down = coincidences(up, down, slots, draw_key)
        arrays, counts = arrays.pulsed(layout.device, up, down, key, layout.passive)
        return arrays, self, counts

    def means(self, layout: Layout, change: Outer) -> tuple[Tiles, Tiles]:
        """Expected potentiating and depressing coincidences of every device."""
        pre, post = change.pre, change.post * (layout.pulses_per_weight / self.length)
        row, column = (jnp.abs(v).max((1, 2), keepdims=True) for v in (pre, post))
        balance = jnp.sqrt(jnp.where(row > 0, column / jnp.where(row > 0, row, 1), 1))
        balance = jnp.where(balance > 0, balance, 1)
        fires = Outer(jnp.clip(pre * balance, -1, 1), jnp.clip(post / balance, -1, 1))
        net, both = self.length * fires.sum(), self.length * fires.magnitudes().sum()
        return layout.share((both + net) / 2, (both - net) / 2)


def coincidences(up: Cells, down: Cells, slots: float, key: PRNGKeyArray) -> tuple[Cells, Cells]:
    """Numbers of pulses with these means, out of so many slots: binomial.

    Small means give whole numbers, drawn by inversion; larger ones a Gaussian of the binomial's variance and skewness.
    """
    words = noise.bits(key, up.shape)
    return _draw(up, slots, words), _draw(down, slots, noise.mix(words))


def _draw(mean: Cells, slots: float, words: UInt32[Array, "*cells"]) -> Cells:
    # In a train that is more than half full the slots that stay empty are drawn instead.
    full = mean > slots / 2
    mean = jnp.where(full, slots - mean, mean)
    # A cell takes one of two draws, so one word will do for both.
    drawn = jnp.where(mean > _FEW, _many(mean, slots, noise.gaussian(words)), _few(mean, slots, noise.unit(words)))
    return jnp.where(full, slots - drawn, drawn)


def _few(mean: Cells, slots: float, u: Cells) -> Cells:
    none, odds = _none_and_odds(jnp.minimum(mean, _FEW) * (1 / slots), slots)
    odds *= slots
    power, below, drawn = none, none, jnp.zeros_like(mean)
    for k in range(1, _TERMS + 1):
        drawn += (u > below).astype(drawn.dtype)
        power *= odds
        below += power * (math.comb(int(slots), k) / slots**k)
    return drawn


def _many(mean: Cells, slots: float, z: Cells) -> Cells:
    """With Cornish and Fisher's first correction."""
    chance = mean * (1 / slots)
    drawn = mean + jnp.sqrt(mean * (1 - chance)) * z + (z * z - 1) * (1 - 2 * chance) * (1 / 6)
    return jnp.clip(drawn, 0, slots)


def _none_and_odds(chance: Cells, slots: float) -> tuple[Cells, Cells]:
    """(1 - p)^n and p / (1 - p); of many slots to 1e-6 by products alone, which melt into the loop around them."""
    if slots < 16:
        return (1 - chance) ** int(slots), chance / (1 - chance)
    # The sixteenth root by its binomial series: n p is at most 1.5.
    root, odds = 1.0, 0.0
    for k in range(4, 0, -1):
        root = 1 - chance * ((slots / 16 - k + 1) / k) * root
    for _ in range(math.ceil(math.log(1e-6, _FEW / slots))):
        odds = chance * (1 + odds)
    return jnp.asarray(root) ** 16, jnp.asarray(odds)


_FEW = 1.5
"""Means up to which coincidences are drawn by inversion."""
_TERMS = 7
"""Terms of the inversion: a Poisson number of mean 1.5 exceeds 7 twice in ten thousand draws."""
