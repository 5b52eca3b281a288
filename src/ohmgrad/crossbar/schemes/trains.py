"""Stochastic pulse trains: a device is pulsed where a pulse on its row meets one on its column."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

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
    keys = jax.random.split(key, 3)
    words = noise.bits(keys[0], up.shape)
    turned = (words << 16) | (words >> 16)
    return _draw(up, slots, noise.unit(words), keys[1]), _draw(down, slots, noise.unit(turned), keys[2])


def _draw(mean: Cells, slots: float, u: Cells, key: PRNGKeyArray) -> Cells:
    # In a train that is more than half full the slots that stay empty are drawn instead.
    full = mean > slots / 2
    mean = jnp.where(full, slots - mean, mean)
    none, odds = _none_and_odds(jnp.minimum(mean, _FEW) * (1 / slots), slots)
    term, below, few = none, none, jnp.zeros_like(mean)
    for k in range(_TERMS):
        few += u > below
        term *= odds * ((slots - k) / (k + 1))
        below += term
    chance, z = mean * (1 / slots), noise.normal(key, mean.shape)
    # Cornish and Fisher's first correction.
    many = mean + jnp.sqrt(mean * (1 - chance)) * z + (z * z - 1) * (1 - 2 * chance) * (1 / 6)
    drawn = jnp.where(mean > _FEW, jnp.clip(many, 0, slots), few)
    return jnp.where(full, slots - drawn, drawn)


def _none_and_odds(chance: Cells, slots: float) -> tuple[Cells, Cells]:
    """(1 - p)^n and p / (1 - p); for the many slots of common trains by series that need no logarithm."""
    if slots < 16:
        chance = jnp.minimum(chance, 1 - 1e-6)
        return jnp.exp(slots * jnp.log1p(-chance)), chance / (1 - chance)
    rate = chance * (1 + chance * (1 / 2 + chance * (1 / 3 + chance * (1 / 4 + chance / 5))))
    return jnp.exp(-slots * rate), chance * (1 + chance * (1 + chance * (1 + chance * (1 + chance))))


_FEW = 1.5
"""Means up to which coincidences are drawn by inversion."""
_TERMS = 7
"""Terms of the inversion: a Poisson number of mean 1.5 exceeds 7 twice in ten thousand draws."""
