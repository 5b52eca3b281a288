"""Weights as conductances. Signed: a pair of devices, one device beside a reference, digits on several pairs; direct:
the conductance itself."""

import abc
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.memristor import Memristor
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, Part, number, setting

Weights = Float[Array, "height width"]
Devices = Float[Array, "devices height width"]


class Mapping(Part):
    """How one weight stands on its devices.

    A weight's devices lie in `groups` of `signs`; the currents of a group add up with their signs on one line before
    they are converted, and the converted groups add up in digital with weights `digits`.
    """

    signs: ClassVar[tuple[int, ...]]
    """Of the devices of a group."""

    @property
    def digits(self) -> tuple[float, ...]:
        """The weight of each group in the digital sum."""
        return (1.0,)

    @property
    def devices(self) -> int:
        """Devices per weight."""
        return len(self.signs) * len(self.digits)

    @abc.abstractmethod
    def siemens_per_weight(self, device: Memristor, weight_max: Number) -> Number:
        """Net conductance of the first group per unit of weight."""

    @abc.abstractmethod
    def conductances(self, weights: Weights, device: Memristor, weight_max: Number) -> Devices:
        """What each device is to hold, in siemens, within its nominal bounds."""

    def bound(self, weights: Float[Array, "..."], weight_max: Number) -> Float[Array, "..."]:
        """The nearest weights that there are."""
        return jnp.clip(weights, -weight_max, weight_max)

    @abc.abstractmethod
    def rest(self, device: Memristor) -> Number:
        """About what a device conducts while weights are small, in siemens: nominally, before anything is trained."""

    @property
    def reference(self) -> bool:
        """Whether reference devices subtract the middle on the wire."""
        return False

    def middle(self, device: Memristor) -> Number | None:
        """What is subtracted from the net conductance of a group, in siemens; None: nothing."""
        return None


class Pair(Mapping):
    """A weight as the difference of two devices on two arrays.

    w = (G+ - G-) weight_max / range. The two move apart by halves until one of them reaches its lowest conductance; an
    offset of half the range lets both move both ways all along.
    """

    kind: ClassVar[str] = "pair"
    signs: ClassVar[tuple[int, ...]] = (1, -1)
    offset_siemens: Number | None = number(
        None,
        "both devices at weight zero, above their lowest conductance; auto: half of the range, which lets both move as "
        "far either way; 0 where devices are one-sided",
        "S",
        auto=None,
        ge=0,
        le=1,
    )

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens / weight_max

    def offset(self, device: Memristor) -> Number:
        """Of both devices at weight zero, above their lowest conductance, in siemens."""
        if self.offset_siemens is not None:
            return self.offset_siemens
        return 0.0 if device.one_sided else device.range_siemens / 2

    def conductances(self, weights, device, weight_max):
        difference = weights * self.siemens_per_weight(device, weight_max)
        return device.bound(device.g_min_siemens + apart(difference, self.offset(device)))

    def rest(self, device):
        return device.g_min_siemens + self.offset(device)


class Single(Mapping):
    """A weight as one device against the middle of its range.

    w = (G - G_middle) 2 weight_max / range: half of the range for either sign.

    The middle is subtracted either by the current of a column of reference devices (`on_wire`, with the errors of
    those devices) or in digital, from the known sum of the inputs, after conversion.
    """

    kind: ClassVar[str] = "single"
    signs: ClassVar[tuple[int, ...]] = (1,)
    on_wire: bool = setting(True, "a column of reference devices subtracts the middle; no: in digital")

    @property
    def reference(self):
        return self.on_wire

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens / (2 * weight_max)

    def conductances(self, weights, device, weight_max):
        return device.bound((self.middle(device) + weights * self.siemens_per_weight(device, weight_max))[None])

    def middle(self, device):
        return device.g_min_siemens + device.range_siemens / 2

    def rest(self, device):
        return self.middle(device)


class Direct(Mapping):
    """A weight as the conductance of one device, never negative: for resistive networks.

    w = G weight_max / G_max. The lowest conductance of the device is the lowest weight: G_min / G_max of the highest.
    """

    kind: ClassVar[str] = "direct"
    signs: ClassVar[tuple[int, ...]] = (1,)

    def siemens_per_weight(self, device, weight_max):
        return device.g_max_siemens / weight_max

    def conductances(self, weights, device, weight_max):
        return device.bound(jnp.maximum(weights, 0) * self.siemens_per_weight(device, weight_max))[None]

    def bound(self, weights, weight_max):
        return jnp.clip(weights, 0, weight_max)

    def rest(self, device):
        return device.g_min_siemens + _LOW * device.range_siemens


class Slices(Mapping):
    """A weight as digits, each on a pair of devices.

    |w| / weight_max is a number with `count` digits of a base; of the pair of a digit the other device is at rest. Not
    `rounded`, the last digit takes what is left, whole or not.
    """

    kind: ClassVar[str] = "slices"
    signs: ClassVar[tuple[int, ...]] = (1, -1)
    count: int = setting(2, "digits of a weight", ge=1, le=8)
    base: int = setting(4, "values of a digit", ge=2, le=256)
    rounded: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        if self.base**self.count > 2**24:
            raise InputError(f"base^count is {self.base**self.count}; allowed: up to 2^24, what float32 tells apart")

    @property
    def digits(self):
        return tuple(float(self.base) ** -k for k in range(self.count))

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens * sum(self.digits) / weight_max

    def conductances(self, weights, device, weight_max):
        largest = self.base**self.count - 1
        number = jnp.minimum(jnp.abs(weights) / weight_max, 1) * largest
        left = jnp.round(number) if self.rounded else number
        step = device.range_siemens / (self.base - 1)
        devices = []
        for place in reversed(range(self.count)):
            # What the lower places cannot hold, a fraction of the highest, stays with this one.
            digit = jnp.maximum(jnp.floor(left / self.base**place), (left + 1) / self.base**place - 1)
            digit = digit if place else left
            left = left - digit * self.base**place
            devices += [device.g_min_siemens + step * jnp.where(sign * weights > 0, digit, 0) for sign in self.signs]
        return jnp.stack(devices)

    def rest(self, device):
        return device.g_min_siemens + _LOW * device.range_siemens


_LOW = 1 / 8
"""Of the range, where most devices are near their lowest conductance: digits of small weights, unsigned ones."""


def apart(difference: Float[Array, "*cells"], offset: Number) -> Float[Array, "2 *cells"]:
    """Two numbers whose difference is given, both `offset` at zero, moving apart by halves until one reaches zero."""
    plus = jnp.maximum(jnp.maximum(offset + difference / 2, difference), 0)
    minus = jnp.maximum(jnp.maximum(offset - difference / 2, -difference), 0)
    return jnp.stack([plus, minus])
