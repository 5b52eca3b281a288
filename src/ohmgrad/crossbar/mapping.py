"""Mappings of weights to conductances: pairs of devices, single devices with a reference, slices, direct."""

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
    """How one weight is represented by devices.

    The devices of a weight form groups. The currents of a group are added, with `signs`, on one line before conversion;
    the converted groups are added in digital, multiplied by `digits`.

    Attributes:
        signs: Sign of each device of a group.
    """

    signs: ClassVar[tuple[int, ...]]

    @property
    def digits(self) -> tuple[float, ...]:
        """Factor of each group in the digital sum."""
        return (1.0,)

    @property
    def devices(self) -> int:
        """Devices per weight."""
        return len(self.signs) * len(self.digits)

    @abc.abstractmethod
    def siemens_per_weight(self, device: Memristor, weight_max: Number) -> Number:
        """Net conductance of the first group, in siemens, per unit of weight."""

    @abc.abstractmethod
    def conductances(self, weights: Weights, device: Memristor, weight_max: Number) -> Devices:
        """Target conductances.

        Args:
            weights: The weights.
            device: The nominal device.
            weight_max: The largest weight.

        Returns:
            Target of each device in siemens, within the nominal bounds.
        """

    def bound(self, weights: Float[Array, "..."], weight_max: Number) -> Float[Array, "..."]:
        """Clip weights to those that devices can represent."""
        return jnp.clip(weights, -weight_max, weight_max)

    @abc.abstractmethod
    def nominal_siemens(self, device: Memristor) -> Number:
        """Mean conductance of a device, in siemens, while weights are small: the nominal value of price estimates."""

    @property
    def reference(self) -> bool:
        """Whether a column of reference devices subtracts the conductance of weight zero."""
        return False

    def middle(self, device: Memristor) -> Number | None:
        """Conductance of weight zero that is subtracted from each group, in siemens; None: groups need none."""
        return None


class Pair(Mapping):
    """A weight as the difference of two devices on two arrays.

    w = (G+ - G-) weight_max / range. Each device takes half of a change, in opposite directions, until one of them
    reaches its lowest conductance; with an offset of half the range, neither does.

    Raises:
        InputError: where `offset_siemens` is out of its range.
    """

    kind: ClassVar[str] = "pair"
    signs: ClassVar[tuple[int, ...]] = (1, -1)
    offset_siemens: Number | None = number(
        None,
        "conductance of both devices at weight zero, above the lowest; auto: half the range, one-sided: 0",
        "S",
        auto=None,
        ge=0,
        le=1,
    )

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens / weight_max

    def offset(self, device: Memristor) -> Number:
        """Conductance of both devices at weight zero, above the lowest, in siemens."""
        if self.offset_siemens is not None:
            return self.offset_siemens
        return 0.0 if device.one_sided else device.range_siemens / 2

    def conductances(self, weights, device, weight_max):
        difference = weights * self.siemens_per_weight(device, weight_max)
        return device.bound(device.g_min_siemens + split_pair(difference, self.offset(device)))

    def nominal_siemens(self, device):
        return device.g_min_siemens + self.offset(device)


class Single(Mapping):
    """A weight as the difference of one device and the middle of its range.

    w = (G - G_middle) 2 weight_max / range.

    The middle is subtracted either by the current of a column of reference devices (`on_wire`, with the errors of
    these devices), or in digital after conversion: it is proportional to the known sum of the inputs.
    """

    kind: ClassVar[str] = "single"
    signs: ClassVar[tuple[int, ...]] = (1,)
    on_wire: bool = setting(True, "subtract the middle by a column of reference devices; false: in digital")

    @property
    def reference(self):
        return self.on_wire

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens / (2 * weight_max)

    def conductances(self, weights, device, weight_max):
        return device.bound((self.middle(device) + weights * self.siemens_per_weight(device, weight_max))[None])

    def middle(self, device):
        return device.g_min_siemens + device.range_siemens / 2

    def nominal_siemens(self, device):
        return self.middle(device)


class Direct(Mapping):
    """A weight as the conductance of one device, never negative: for resistive networks.

    w = G weight_max / G_max. The lowest weight is weight_max G_min / G_max.
    """

    kind: ClassVar[str] = "direct"
    signs: ClassVar[tuple[int, ...]] = (1,)

    def siemens_per_weight(self, device, weight_max):
        return device.g_max_siemens / weight_max

    def conductances(self, weights, device, weight_max):
        return device.bound(jnp.maximum(weights, 0) * self.siemens_per_weight(device, weight_max))[None]

    def bound(self, weights, weight_max):
        return jnp.clip(weights, 0, weight_max)

    def nominal_siemens(self, device):
        return device.g_min_siemens + _LOW * device.range_siemens


class Slices(Mapping):
    """A weight as several digits (bit slicing), each on a pair of devices.

    |w| / weight_max is written as a number of `count` digits. The device of each pair that has the other sign stays at
    its lowest conductance. If not `rounded`, the last digit is fractional.

    Raises:
        InputError: where a field is out of its range, or base^count exceeds 2^24.
    """

    kind: ClassVar[str] = "slices"
    signs: ClassVar[tuple[int, ...]] = (1, -1)
    count: int = setting(2, "digits of a weight", ge=1, le=8)
    base: int = setting(4, "values of a digit", ge=2, le=256)
    rounded: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        if self.base**self.count > 2**24:
            raise InputError(f"base^count is {self.base**self.count}; allowed: up to 2^24, the precision of float32")

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
            # A fraction that the lower digits cannot represent is added to this one.
            digit = jnp.maximum(jnp.floor(left / self.base**place), (left + 1) / self.base**place - 1)
            digit = digit if place else left
            left = left - digit * self.base**place
            devices += [device.g_min_siemens + step * jnp.where(sign * weights > 0, digit, 0) for sign in self.signs]
        return jnp.stack(devices)

    def nominal_siemens(self, device):
        return device.g_min_siemens + _LOW * device.range_siemens


_LOW = 1 / 8
"""Mean position in the range of devices that are mostly near their lowest conductance: slices, direct mapping."""


def split_pair(difference: Float[Array, "*cells"], offset: Number) -> Float[Array, "2 *cells"]:
    """Split a difference between the two devices of a pair, both at `offset` for a difference of 0.

    Each takes half of the difference until one reaches zero; the other takes the rest.
    """
    plus = jnp.maximum(jnp.maximum(offset + difference / 2, difference), 0)
    minus = jnp.maximum(jnp.maximum(offset - difference / 2, -difference), 0)
    return jnp.stack([plus, minus])
