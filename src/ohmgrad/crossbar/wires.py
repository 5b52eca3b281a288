"""An array on resistive wires, solved exactly and directly.

The array is cut into blocks of cells, and neighbouring blocks are joined until one is left (nested dissection of
multiports): O(n^3) operations for n x n cells, nearly all of them products of matrices, whatever the wires' resistance.
"""

from typing import Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ohmgrad.crossbar import multiport
from ohmgrad.crossbar.multiport import COLUMNS, ROWS, Block, dot, transposed

Ends = Literal["one", "both"]
BASE = 7  # cells along the side of the largest block that is solved as a whole


class Wires(eqx.Module):
    """Resistance of each segment of a row and of a column, of each row's driver and of each column's sense amplifier.

    A row runs from its driver on the left, one segment before each cell; a column to its sense amplifier at the bottom,
    one segment behind each cell. Lines with both ends have one more segment and driver or sense amplifier at the other.
    """

    row_ohms: float = eqx.field(static=True)
    column_ohms: float = eqx.field(static=True)
    driver_ohms: float = eqx.field(static=True, default=0.0)
    sense_ohms: float = eqx.field(static=True, default=0.0)
    row_ends: Ends = eqx.field(static=True, default="one")
    column_ends: Ends = eqx.field(static=True, default="one")


class Ports(NamedTuple):
    """An array as its drivers and sense amplifiers see it, in siemens; a line's two ends count together."""

    transfer: Float[Array, "*chips rows columns"]
    """Current out of each column per volt on each row, and by reciprocity out of each row per volt on each column."""
    row_admittance: Float[Array, "*chips rows rows"]
    """Current into the rows per volt on the rows; v^T A v is the power that the rows deliver."""
    column_admittance: Float[Array, "*chips columns columns"]
    """Current into the columns per volt on the columns."""


def ports(g: Float[Array, "*chips rows columns"], wires: Wires) -> Ports:
    """What the array with cells of `g` siemens is at its ends. Differentiable in g."""
    rows, columns = g.shape[-2:]
    matrix = _fold(g, wires).matrix
    end = matrix.shape[-1] - columns
    corner = matrix[..., :rows, :rows], matrix[..., :rows, end:], matrix[..., end:, end:]
    return corner


class _Side(NamedTuple):
    """One kind of lines, cut into `blocks` stretches of `cells`: ohms from a stretch's near end to each of its cells."""

    ohms: Float[np.ndarray, "blocks cells"]
    end_ohms: float

    @property
    def both(self) -> bool:
        return self.end_ohms > 0
