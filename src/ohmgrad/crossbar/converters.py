"""DAC and ADC: uniform and symmetric, with their ranges, their integral nonlinearity and what they do when they
clip."""

import math
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.parts import Number, Part, number, setting

Signal = Float[Array, "*shape"]


class Dac(Part):
    """Input numbers to row voltages of up to the read voltage, for inputs in [-1, 1].

    `bits` None: exact. `range` "vector" scales each vector to its largest entry before conversion and its result back
    after it. `inl_lsb` is the largest integral nonlinearity, a bow that vanishes at zero and at full scale. With
    `bit_serial` one bit of all inputs is applied at a time, as a full positive or negative read voltage, and every
    such read is converted and added up in digital.

    Raises InputError for bits below 2, a sign and one more, and for a negative nonlinearity.
    """

    bits: int | None = setting(8, "with the sign", effect="dac", ge=2, le=12)
    range: Literal["fixed", "vector"] = setting("fixed", "[-1, 1], or each vector's largest entry")
    inl_lsb: Number | None = number(None, "largest integral nonlinearity", "steps", off=0.0, ge=0, le=8)
    bit_serial: bool = setting(False, "one bit of all inputs at a time")

    def convert(self, x: Signal) -> Signal:
        return self._bent(quantise(x, self.bits, 1.0))

    def planes(self, x: Signal) -> tuple[Float[Array, "bits *shape"], tuple[float, ...]]:
        """What is applied to the rows, read after read, and the weight of each read's result in the sum."""
        if not self.bit_serial or self.bits is None:
            return self.convert(x)[None], (1.0,)
        steps = 2 ** (self.bits - 1) - 1
        code = jnp.round(jnp.clip(jnp.abs(x), 0, 1) * steps).astype(jnp.int32)
        powers = range(self.bits - 1)
        planes = jnp.stack([jnp.sign(x) * ((code >> power) & 1) for power in powers])
        return planes, tuple(2**power / steps for power in powers)

    @property
    def reads(self) -> int:
        """Reads that an input takes: one, or one for each bit of its size."""
        return self.bits - 1 if self.bit_serial and self.bits is not None else 1

    @property
    def most_halvings(self) -> int:
        """How often an input may be halved as long as there is still a bit for it; of exact inputs ten times."""
        return (self.bits or 12) - 2

    def _bent(self, x: Signal) -> Signal:
        if self.bits is None or self.inl_lsb is None:
            return x
        return x + self.inl_lsb / (2 ** (self.bits - 1) - 1) * bow(x)


class Adc(Part):
    """Line currents to numbers.

    `bits` None: exact. `range` "fixed" clips at the full scale that the array was given; "calibrated" at the largest
    current of an array just programmed that is driven with evenly spread random inputs; "vector" at the largest current
    of each vector. `bound_management` reads a vector again with inputs halved, and halved again, until nothing clips.

    Raises InputError as `Dac`.
    """

    bits: int | None = setting(8, "with the sign", effect="adc", ge=4, le=12)
    range: Literal["fixed", "calibrated", "vector"] = setting(
        "fixed", "as given, the largest current of a calibration, or of each vector"
    )
    inl_lsb: Number | None = number(None, "largest integral nonlinearity", "steps", off=0.0, ge=0, le=8)
    bound_management: bool = setting(False, "read again with halved inputs while a current clips")

    @property
    def reads_again(self) -> bool:
        """Whether a vector that clips is read with smaller inputs."""
        return self.bits is not None and self.range != "vector" and self.bound_management

    def convert(self, amperes: Signal, full_scale: Float[Array, "*#shape"] | float) -> Signal:
        if self.bits is None:
            return amperes
        lsb = full_scale / (2 ** (self.bits - 1) - 1)
        if self.inl_lsb is not None:
            amperes = amperes + self.inl_lsb * lsb * bow(amperes / full_scale)
        return quantise(amperes, self.bits, full_scale)

    def clips(self, amperes: Signal, full_scale: Float[Array, "*#shape"] | float) -> Signal:
        """1 where a current is beyond full scale, 0 elsewhere."""
        if self.bits is None:
            return jnp.zeros_like(amperes)
        return (jnp.abs(amperes) > full_scale).astype(amperes.dtype)


def quantise(signal: Signal, bits: int | None, full_scale: Float[Array, "*#shape"] | float) -> Signal:
    """The nearest of 2^bits - 1 evenly spaced levels in [-full_scale, full_scale] (zero is one); None: unchanged."""
    if bits is None:
        return signal
    step = full_scale / (2 ** (bits - 1) - 1)
    return step * jnp.round(jnp.clip(signal, -full_scale, full_scale) / step)


def bow(u: Signal) -> Signal:
    """An odd curve on [-1, 1] with zeros at -1, 0 and 1 and extremes of -1 and 1: the shape of the nonlinearity."""
    u = jnp.clip(u, -1, 1)
    return 1.5 * math.sqrt(3) * (u - u**3)
