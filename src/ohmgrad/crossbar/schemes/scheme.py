"""The interface of write schemes: `Scheme`, the weight update `Outer`, and the `Layout` of weights on devices."""

import abc
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar.arrays import Arrays, CellMask, Seconds, Tiles
from ohmgrad.crossbar.mapping import Mapping
from ohmgrad.crossbar.schemes.region import Region
from ohmgrad.devices.memristor import Memristor
from ohmgrad.parts import Number, Part

Weights = Float[Array, "row_tiles column_tiles rows columns"]


class Outer(NamedTuple):
    """A weight update as outer products pre^T post, not yet summed over vectors.

    Attributes:
        pre: Vectors at the rows, cut into tiles.
        post: Vectors at the columns, cut into tiles.
    """

    pre: Float[Array, "vectors row_tiles rows"]
    post: Float[Array, "vectors column_tiles columns"]

    def sum(self) -> Weights:
        """The weight update."""
        # As one matrix product: with a single tile, no array is copied.
        (_, row_tiles, rows), (_, column_tiles, columns) = self.pre.shape, self.post.shape
        flat = self.pre.reshape(len(self.pre), -1).T @ self.post.reshape(len(self.post), -1)
        return jnp.swapaxes(flat.reshape(row_tiles, rows, column_tiles, columns), 1, 2)

    @property
    def macs(self) -> float:
        """Multiply-accumulates of computing `sum`."""
        return float(len(self.pre) * self.pre[0].size * self.post[0].size)


class Layout(NamedTuple):
    """How the weights of a matrix are represented by devices.

    Attributes:
        device: The nominal device.
        mapping: The mapping of a weight to devices.
        weight_max: The largest weight.
        passive_cells: The cells that hold weights, if the array is passive. None: access transistors.
    """

    device: Memristor
    mapping: Mapping
    weight_max: Number
    passive_cells: CellMask | None = None

    @property
    def siemens_per_weight(self) -> Number:
        """Net conductance per unit of weight."""
        return self.mapping.siemens_per_weight(self.device, self.weight_max)

    @property
    def pulses_per_weight(self) -> Number:
        """Mean steps per unit of weight, if one device takes the whole update."""
        return self.siemens_per_weight / self.device.step_siemens

    @property
    def share_per_device(self) -> float:
        """Share of an update that each device of a weight takes: 1/2 in a pair, 1 where only one device moves."""
        return 0.5 if self.mapping.devices > 1 and not self.device.one_sided else 1.0

    @property
    def steps_per_weight(self) -> Number:
        """Mean steps per unit of weight on each device."""
        return self.pulses_per_weight * self.share_per_device

    def targets(self, weights: Weights) -> Tiles:
        """Target conductances, in siemens, of all devices for these weights."""
        row_tiles, column_tiles, rows, columns = weights.shape
        flat = self.mapping.conductances(weights.reshape(-1, columns), self.device, self.weight_max)
        return jnp.moveaxis(flat.reshape(-1, row_tiles, column_tiles, rows, columns), 0, 2)

    def device_pulses(self, up: Tiles, down: Tiles) -> tuple[Tiles, Tiles]:
        """Convert pulses that raise or lower weights to potentiating and depressing pulses of devices.

        The second device of a pair gets the opposite polarity. One-sided devices get potentiating pulses only.

        Args:
            up: Pulses on each device that raise its weight.
            down: Pulses on each device that lower its weight.

        Returns:
            Potentiating and depressing pulses of each device.
        """
        if self.mapping.devices == 1:
            return up, down
        raised = jnp.stack([up[:, :, 0], down[:, :, 1]], axis=2)
        lowered = jnp.stack([down[:, :, 0], up[:, :, 1]], axis=2)
        return raised, jnp.zeros_like(lowered) if self.device.one_sided else lowered

    def signed_pulses(self, weights: Weights) -> Tiles:
        """Mean steps of each device that make a weight update: fractional; potentiating where positive."""
        up, down = (
            jnp.stack([self.share_per_device * change] * self.mapping.devices, axis=2)
            for change in (jnp.maximum(weights, 0), jnp.maximum(-weights, 0))
        )
        up, down = self.device_pulses(up, down)
        return self.pulses_per_weight * (up - down)

    def refreshed(self, arrays: Arrays, key: PRNGKeyArray) -> tuple[Arrays, Counts]:
        """Reset the one-sided pairs of which a device is nearly full, and program their difference again.

        Returns:
            The arrays after the resets, and the counts of the writes.
        """
        device = self.device
        plus, minus = arrays.g[:, :, 0], arrays.g[:, :, 1]
        targets = device.g_min_siemens + jnp.stack([jnp.maximum(plus - minus, 0), jnp.maximum(minus - plus, 0)], axis=2)
        full = arrays.g.max(2, keepdims=True) > device.g_min_siemens + _FULL * device.range_siemens
        return arrays.programmed(device, targets, jnp.broadcast_to(full, arrays.g.shape).astype(targets.dtype), key)


_FULL = 0.9
"""Position in the range above which a one-sided device is reset."""


class Scheme(Part):
    """A write scheme: the write controller of the arrays of one weight matrix, with its memory.

    Attributes:
        pulsed: Whether devices are written by unverified pulses.
        supports_slices: Whether weights may be mapped to slices: the scheme writes target weights, not updates.
    """

    pulsed: ClassVar[bool] = True
    supports_slices: ClassVar[bool] = False

    def begin(self, weights: Weights, layout: Layout, arrays: Arrays, key: PRNGKeyArray) -> "Scheme":
        """Initialise the controller's memory, for arrays that were just programmed.

        Args:
            weights: The programmed weights.
            layout: How weights are represented by devices.
            arrays: The programmed arrays.
            key: Randomness of the controller's own devices.
        """
        return self

    def aged(self, device: Memristor, seconds: Seconds) -> "Scheme":
        """Let the controller's own devices age, if it has any (Tiki-Taka's fast array)."""
        return self

    @abc.abstractmethod
    def write(
        self, layout: Layout, arrays: Arrays, change: Outer, key: PRNGKeyArray
    ) -> tuple[Arrays, "Scheme", Counts]:
        """Write a weight update.

        Args:
            layout: How weights are represented by devices.
            arrays: The arrays before the write.
            change: The weight update.
            key: Randomness of pulses and of the scheme.

        Returns:
            The arrays after the write, the controller with its new memory, and the counts.
        """

    @abc.abstractmethod
    def expected(self, region: Region, verb: Verb) -> Counts:
        """Expected counts of writes, without their multiply-accumulates; ranges where values decide, not shapes.

        Args:
            region: The devices of the matrix.
            verb: All writes: `verb.times` calls of `verb.vectors` outer products each.
        """


def fire(layout: Layout, arrays: Arrays, pulses: Tiles, key: PRNGKeyArray) -> tuple[Arrays, Counts]:
    """Apply signed numbers of pulses, of the shape of the arrays: potentiating where positive, else depressing."""
    return arrays.pulsed(layout.device, jnp.maximum(pulses, 0), jnp.maximum(-pulses, 0), key, layout.passive_cells)
