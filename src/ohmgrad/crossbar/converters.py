"""Uniform, symmetric digital-to-analogue and analogue-to-digital converters."""

import math
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.parts import Number, Part, number, setting

Signal = Float[Array, "*shape"]


class Dac(Part):
    """Input converter: numbers in [-1, 1] to voltages between minus and plus the read voltage.

    `bits` None: exact. With `range` "vector", each vector is scaled to its largest entry, and its result scaled back.
    The integral nonlinearity is bow-shaped (`bow`) with the maximum `inl_lsb`. With `bit_serial`, one bit of all inputs
    is applied at a time, as plus or minus the full read voltage; each of these reads is converted, and they are added
    in digital.

    Raises:
        InputError: where a field is out of its range.
    """

    bits: int | None = setting(8, "resolution in bits, with the sign", effect="dac", ge=2, le=12)
    range: Literal["fixed", "vector"] = setting("fixed", "full scale: 1, or each vector's largest entry")
    inl_lsb: Number | None = number(None, "largest integral nonlinearity", "steps", off=0.0, ge=0, le=8)
    bit_serial: bool = setting(False, "apply one bit of all inputs at a time")

    def convert(self, x: Signal) -> Signal:
        """Convert numbers to line voltages, in units of the read voltage; clips at -1 and 1."""
        return self._with_nonlinearity(quantise(x, self.bits, 1.0))

    def planes(self, x: Signal) -> tuple[Float[Array, "bits *shape"], tuple[float, ...]]:
        """Convert numbers to the line voltages of one read, or of one read per bit.

        Returns:
            Line voltages of each read, in units of the read voltage, and the weight of each read in the digital sum.
        """
        if not self.bit_serial or self.bits is None:
            return self.convert(x)[None], (1.0,)
        steps = 2 ** (self.bits - 1) - 1
        code = jnp.round(jnp.clip(jnp.abs(x), 0, 1) * steps).astype(jnp.int32)
        powers = range(self.bits - 1)
        planes = jnp.stack([jnp.sign(x) * ((code >> power) & 1) for power in powers])
        return planes, tuple(2**power / steps for power in powers)

    @property
    def reads(self) -> int:
        """Reads per input vector: one, or with `bit_serial` one per bit besides the sign."""
        return self.bits - 1 if self.bit_serial and self.bits is not None else 1

    @property
    def max_halvings(self) -> int:
        """How often bound management may halve an input: until one bit is left; ten times where inputs are exact."""
        return (self.bits or 12) - 2

    def _with_nonlinearity(self, x: Signal) -> Signal:
        if self.bits is None or self.inl_lsb is None:
            return x
        return x + self.inl_lsb / (2 ** (self.bits - 1) - 1) * bow(x)


class Adc(Part):
    """Output converter: line currents to numbers.

    `bits` None: exact. The full scale (`range`) is "fixed": `Crossbar.adc_full_scale_amperes`; "calibrated": the
    largest current of the freshly programmed array for uniformly distributed random inputs; or "vector": the largest
    current of each vector. With `bound_management`, a vector that clips is read again with halved inputs until nothing
    clips.

    Raises:
        InputError: where a field is out of its range.
    """

    bits: int | None = setting(8, "resolution in bits, with the sign", effect="adc", ge=4, le=12)
    range: Literal["fixed", "calibrated", "vector"] = setting(
        "fixed", "full scale: as given, the largest current of a calibration, or that of each vector"
    )
    inl_lsb: Number | None = number(None, "largest integral nonlinearity", "steps", off=0.0, ge=0, le=8)
    bound_management: bool = setting(False, "read again with halved inputs while a current clips")

    @property
    def reads_again(self) -> bool:
        """Whether bound management applies."""
        return self.bits is not None and self.range != "vector" and self.bound_management

    def convert(self, amperes: Signal, full_scale: Float[Array, "*#shape"] | float) -> Signal:
        """Convert currents, or node voltages; clips at minus and plus `full_scale`, which has the same unit."""
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
    """Round to the nearest of 2^bits - 1 evenly spaced levels from -full_scale to full_scale; bits None: unchanged."""
    if bits is None:
        return signal
    step = full_scale / (2 ** (bits - 1) - 1)
    return step * jnp.round(jnp.clip(signal, -full_scale, full_scale) / step)


def bow(u: Signal) -> Signal:
    """Shape of the integral nonlinearity: an odd cubic with zeros at -1, 0 and 1 and extremes of -1 and 1."""
    u = jnp.clip(u, -1, 1)
    return 1.5 * math.sqrt(3) * (u - u**3)
