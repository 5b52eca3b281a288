"""One interface for how a wanted change of weights reaches the devices."""

import abc
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar.arrays import Arrays, Exposed, Seconds, Tiles
from ohmgrad.crossbar.mapping import Mapping
from ohmgrad.crossbar.schemes.region import Region
from ohmgrad.devices.memristor import Memristor
from ohmgrad.parts import Number, Part

Weights = Float[Array, "row_tiles column_tiles rows columns"]


class Outer(NamedTuple):
    """A wanted change of weights: the outer products of vectors at the rows and at the columns, not yet summed."""

    pre: Float[Array, "vectors row_tiles rows"]
    post: Float[Array, "vectors column_tiles columns"]

    def sum(self) -> Weights:
        # As one matrix product: with a single tile nothing is ever moved.
        (_, row_tiles, rows), (_, column_tiles, columns) = self.pre.shape, self.post.shape
        flat = self.pre.reshape(len(self.pre), -1).T @ self.post.reshape(len(self.post), -1)
        return jnp.swapaxes(flat.reshape(row_tiles, rows, column_tiles, columns), 1, 2)

    @property
    def macs(self) -> float:
        return float(len(self.pre) * self.pre[0].size * self.post[0].size)


class Layout(NamedTuple):
    """Where weights stand: on which devices, by which mapping, and, in a passive array, which cells hold them."""

    device: Memristor
    mapping: Mapping
    weight_max: Number
    exposed: Exposed | None = None

    @property
    def siemens_per_weight(self) -> Number:
        return self.mapping.siemens_per_weight(self.device, self.weight_max)

    @property
    def pulses_per_weight(self) -> Number:
        """Pulses of the mean step that a unit of weight takes on a single device."""
        return self.siemens_per_weight / self.device.step_siemens

    @property
    def part(self) -> float:
        """What each device of a weight takes of a change: the half in a pair, the whole where only one of it moves."""
        return 0.5 if self.mapping.devices > 1 and not self.device.one_sided else 1.0

    @property
    def steps_per_weight(self) -> Number:
        """How often every device of a weight is pulsed once for a unit of weight."""
        return self.pulses_per_weight * self.part

    def goals(self, weights: Weights) -> Tiles:
        """What each device is to hold for given weights."""
        row_tiles, column_tiles, rows, columns = weights.shape
        flat = self.mapping.conductances(weights.reshape(-1, columns), self.device, self.weight_max)
        return jnp.moveaxis(flat.reshape(-1, row_tiles, column_tiles, rows, columns), 0, 2)

    def share(self, up: Weights, down: Weights) -> tuple[Tiles, Tiles]:
        """What raises and what lowers weights as what raises and what lowers each device."""
        each = [jnp.stack([self.part * change] * self.mapping.devices, axis=2) for change in (up, down)]
        return self.of_devices(*each)

    def of_devices(self, up: Tiles, down: Tiles) -> tuple[Tiles, Tiles]:
        """What each device does to raise and to lower its weight as what raises and what lowers the device.

        The second of a pair goes the other way. Devices that cannot be lowered take the one sign that is their own.
        """
        if self.mapping.devices == 1:
            return up, down
        raised = jnp.stack([up[:, :, 0], down[:, :, 1]], axis=2)
        lowered = jnp.stack([down[:, :, 0], up[:, :, 1]], axis=2)
        return raised, jnp.zeros_like(lowered) if self.device.one_sided else lowered

    def shared_pulses(self, weights: Weights) -> Tiles:
        """Signed pulses of the mean step on each device that make this change of weights; not whole numbers."""
        up, down = self.share(jnp.maximum(weights, 0), jnp.maximum(-weights, 0))
        return self.pulses_per_weight * (up - down)

    def refreshed(self, arrays: Arrays, key: PRNGKeyArray) -> tuple[Arrays, Counts]:
        """One-sided pairs of which one device is nearly full: both reset, and their difference programmed anew."""
        device = self.device
        plus, minus = arrays.g[:, :, 0], arrays.g[:, :, 1]
        goals = device.g_min_siemens + jnp.stack([jnp.maximum(plus - minus, 0), jnp.maximum(minus - plus, 0)], axis=2)
        full = arrays.g.max(2, keepdims=True) > device.g_min_siemens + _FULL * device.range_siemens
        return arrays.programmed(device, goals, jnp.broadcast_to(full, arrays.g.shape).astype(goals.dtype), key)


_FULL = 0.9
"""Share of the range above which a one-sided device is taken for full."""


class Scheme(Part):
    """What the controller of arrays does, and remembers, to write them."""

    pulsed: ClassVar[bool] = True
    """Whether devices are written by unverified pulses."""
    whole: ClassVar[bool] = False
    """Whether weights are written as a whole: then they may stand on digits."""

    def begin(self, weights: Weights, layout: Layout, arrays: Arrays, key: PRNGKeyArray) -> "Scheme":
        """The controller of arrays that have just been programmed to `weights`."""
        return self

    def aged(self, device: Memristor, seconds: Seconds) -> "Scheme":
        """The controller so much later; where it has devices of its own, they have aged."""
        return self

    @abc.abstractmethod
    def write(
        self, layout: Layout, arrays: Arrays, change: Outer, key: PRNGKeyArray
    ) -> tuple[Arrays, "Scheme", Counts]:
        """Arrays after a wanted change of weights, the controller's new state, and what it took."""

    @abc.abstractmethod
    def expected(self, region: Region, verb: Verb) -> Counts:
        """What writes will count beside their arithmetic: numbers where shapes decide, elsewhere low, nominal and high.

        Args:
            region: the devices of the matrix.
            verb: the writes, all of them: `verb.times` calls of `verb.vectors` outer products each.
        """


def fire(layout: Layout, arrays: Arrays, pulses: Tiles, key: PRNGKeyArray) -> tuple[Arrays, Counts]:
    """Signed numbers of pulses on each device: potentiating where positive, depressing where negative."""
    return arrays.pulsed(layout.device, jnp.maximum(pulses, 0), jnp.maximum(-pulses, 0), key, layout.exposed)
