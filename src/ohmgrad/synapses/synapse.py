"""The three verbs that any learning rule may ask of a crossbar."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts


class Synapse(eqx.Module):
    """A matrix of weights W of shape (rows, columns) that answers to three verbs and says what each one did."""

    @property
    @abc.abstractmethod
    def weights(self) -> Float[Array, "rows columns"]:
        """W as it stands, for inspection and saving; learning rules do not use it."""

    @abc.abstractmethod
    def read(self, x: Float[Array, "batch rows"], key: PRNGKeyArray) -> tuple[Float[Array, "batch columns"], Counts]:
        """Voltages on the rows, currents at the columns: x W."""

    @abc.abstractmethod
    def read_transposed(
        self, y: Float[Array, "batch columns"], key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch rows"], Counts]:
        """Voltages on the columns, currents at the rows: y W^T."""

    @abc.abstractmethod
    def write(
        self,
        pre: Float[Array, "vectors rows"],
        post: Float[Array, "vectors columns"],
        key: PRNGKeyArray,
        rate: Float[Array, ""] | float = 1.0,
    ) -> tuple["Synapse", Counts]:
        """W += rate pre^T post: the outer products of all vectors, summed."""


def digital_counts(batch: int, rows: int, columns: int) -> Counts:
    """What one verb over `batch` vectors is on a digital machine."""
    return Counts(calls=1.0, macs=float(batch * rows * columns))
