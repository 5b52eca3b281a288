"""Weights as conductances. Signed: a pair of devices, one device beside a reference, digits on several pairs; direct:
the conductance itself."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ohmgrad.devices.memristor import Memristor

Weights = Float[Array, "height width"]
Devices = Float[Array, "devices height width"]


class Mapping(eqx.Module):
    """How one weight stands on its devices.

    A weight's devices lie in `groups` of `signs`; the currents of a group add up with their signs on one line before
    they are converted, and the converted groups add up in digital with weights `digits`.
    """

    @property
    @abc.abstractmethod
    def signs(self) -> tuple[int, ...]:
        """Of the devices of a group."""

    @property
    @abc.abstractmethod
    def digits(self) -> tuple[float, ...]:
        """The weight of each group in the digital sum."""

    @property
    def devices(self) -> int:
        """Devices per weight."""
        return len(self.signs) * len(self.digits)

    @abc.abstractmethod
    def siemens_per_weight(self, device: Memristor, weight_max: float) -> float:
        """Net conductance of the first group per unit of weight."""

    @abc.abstractmethod
    def conductances(self, weights: Weights, device: Memristor, weight_max: float) -> Devices:
        """What each device is to hold, in siemens, within its nominal bounds."""

    def bound(self, weights: Float[Array, "..."], weight_max: float) -> Float[Array, "..."]:
        """The nearest weights that there are."""
        return jnp.clip(weights, -weight_max, weight_max)

    @abc.abstractmethod
    def rest(self, device: Memristor) -> float:
        """About what a device conducts while weights are small, in siemens: nominally, before anything is trained."""

    @property
    @abc.abstractmethod
    def reference(self) -> bool:
        """Whether reference devices subtract the middle on the wire."""

    @abc.abstractmethod
    def middle(self, device: Memristor) -> float:
        """What is subtracted from the net conductance of a group, in siemens."""


class Pair(Mapping):
    """w = (G+ - G-) weight_max / range, both `offset_siemens` above their lowest conductance at w = 0.

    They move apart by halves until one of them reaches its lowest conductance. An offset of half the range lets both
    move both ways all along.
    """

    offset_siemens: float = 0.0

    @property
    def signs(self):
        return (1, -1)

    @property
    def digits(self):
        return (1.0,)

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens / weight_max

    def conductances(self, weights, device, weight_max):
        difference = weights * self.siemens_per_weight(device, weight_max)
        return device.bound(device.g_min_siemens + apart(difference, self.offset_siemens))

    def rest(self, device):
        return device.g_min_siemens + self.offset_siemens

    @property
    def reference(self):
        return False

    def middle(self, device):
        return 0.0


class Single(Mapping):
    """w = (G - G_middle) 2 weight_max / range: half of the range for either sign.

    The middle is subtracted either by the current of a column of reference devices (`on_wire`, with the errors of
    those devices) or in digital, from the known sum of the inputs, after conversion.
    """

    on_wire: bool = True

    @property
    def reference(self):
        return self.on_wire

    @property
    def signs(self):
        return (1,)

    @property
    def digits(self):
        return (1.0,)

    def siemens_per_weight(self, device, weight_max):
        return device.range_siemens / (2 * weight_max)

    def conductances(self, weights, device, weight_max):
        return device.bound((self.middle(device) + weights * self.siemens_per_weight(device, weight_max))[None])

    def middle(self, device):
        return device.g_min_siemens + device.range_siemens / 2

    def rest(self, device):
        return self.middle(device)


class Direct(Mapping):
    """w = G weight_max / G_max: the weight is the conductance of one device, never negative, as in a resistive network.

    The lowest conductance of the device is the lowest weight: G_min / G_max of the highest.
    """

    @property
    def signs(self):
        return (1,)

    @property
    def digits(self):
        return (1.0,)

    def siemens_per_weight(self, device, weight_max):
        return device.g_max_siemens / weight_max

    def conductances(self, weights, device, weight_max):
        return device.bound(jnp.maximum(weights, 0) * self.siemens_per_weight(device, weight_max))[None]

    def bound(self, weights, weight_max):
        return jnp.clip(weights, 0, weight_max)

    def rest(self, device):
        return device.g_min_siemens + _LOW * device.range_siemens

    @property
    def reference(self):
        return False

    def middle(self, device):
        return 0.0


class Slices(Mapping):
    """|w| / weight_max as a number with `count` digits of a base, a pair of devices per digit, the other one at rest.

    Not `rounded`, the last digit takes what is left, whole or not.
    """

    count: int = 2
    base: int = 4
    rounded: bool = True

    @property
    def signs(self):
        return (1, -1)

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

    @property
    def reference(self):
        return False

    def middle(self, device):
        return 0.0


_LOW = 1 / 8
"""Of the range, where most devices are near their lowest conductance: digits of small weights, unsigned ones."""


def apart(difference: Float[Array, "*cells"], offset: float) -> Float[Array, "2 *cells"]:
    """Two numbers whose difference is given, both `offset` at zero, moving apart by halves until one reaches zero."""
    plus = jnp.maximum(jnp.maximum(offset + difference / 2, difference), 0)
    minus = jnp.maximum(jnp.maximum(offset - difference / 2, -difference), 0)
    return jnp.stack([plus, minus])
