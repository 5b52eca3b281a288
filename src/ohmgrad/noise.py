"""Random numbers for simulated noise: a hash of index and key, cheap enough to fuse into the loop that uses it.

JAX's default generator is nearly of cryptographic quality, but takes half of the time of a crossbar's read. Here a
number is its index hashed twice with the key by `lowbias32` (C. Wellons, "Hash function prospector", 2018), which
passes the usual tests of independence as far as noise needs them. The same key gives the same numbers on any machine.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32


def bits(key: PRNGKeyArray, shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    """Independent random 32-bit words of a shape."""
    words = jax.random.key_data(key).astype(jnp.uint32)
    *lines, length = shape or (1,)
    # First a word per line, then one per cell of it. The key enters early, so that inside a loop only one line is
    # constant; an index over all cells would be a constant that is kept in memory.
    line = jnp.arange(math.prod(lines), dtype=jnp.uint32).reshape(*lines, 1)
    line = mix(mix((line ^ words[0]) * jnp.uint32(_ODD)) ^ words[1])
    cell = jnp.arange(length, dtype=jnp.uint32).reshape(*(1 for _ in lines), length)
    return mix(line ^ (cell * jnp.uint32(_ODD))).reshape(shape)


def mix(h: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """Hash each word to another one (`lowbias32`)."""
    h = (h ^ (h >> 16)) * jnp.uint32(0x7FEB352D)
    h = (h ^ (h >> 15)) * jnp.uint32(0x846CA68B)
    return h ^ (h >> 16)


def unit(words: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Numbers uniform in (0, 1) from random 32-bit words."""
    return (words >> 8).astype(jnp.float32) * 2.0**-24 + 2.0**-25


def uniform(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Random numbers uniform in (0, 1), of a shape."""
    return unit(bits(key, shape))


def normal(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Standard-normal random numbers of a shape (see `gaussian` for their accuracy)."""
    return gaussian(bits(key, shape))


def gaussian(words: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Standard-normal numbers from random 32-bit words.

    The number of ones among 32 fair bits, plus a uniform number in (0, 1), scaled: a sixth of the time of an inverse
    error function. The excess kurtosis is -0.06, the distribution function deviates from the normal one by at most
    0.003, and numbers lie within +-5.8.
    """
    ones = jax.lax.population_count(words).astype(jnp.float32)
    return (ones + unit(words * jnp.uint32(_ODD)) - 16.5) * (1 / math.sqrt(8 + 1 / 12))


_ODD = 0x9E3779B9
"""2^32 divided by the golden ratio, whose multiples are evenly distributed."""


def coins(key: PRNGKeyArray, chance: Float[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    """Words of 32 independent bits, each 1 with probability `chance` (rounded to 2^-24).

    Bits are built from the binary digits of the probability, last digit first: each is combined with a fair bit, by
    `or` for a digit 1 and by `and` for a digit 0.
    """
    digits, words = jnp.round(chance * 2**24).astype(jnp.uint32), bits(key, chance.shape)
    ones = jnp.zeros(chance.shape, jnp.uint32)
    for place in range(24):
        ones = jnp.where((digits >> place) & 1 == 1, ones | words, ones & words)
        words = mix(words)
    return jnp.where(chance >= 1, jnp.uint32(0xFFFFFFFF), ones)
