"""The three verbs, through which a learning rule uses a weight matrix: read, read_transposed, write."""

import abc
from typing import Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import mlir
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar.arrays import Seconds
from ohmgrad.parts import Number

Nodes = Float[Array, "batch nodes"]


class Terminals(eqx.Module):
    """The converters at the edges of a resistive network, which drive its sources and measure its nodes.

    Voltages are in units of the voltage of an input of 1 (`source_volts`).
    """

    @property
    @abc.abstractmethod
    def source_volts(self) -> Number:
        """Voltage of a source whose input is 1, in volts."""

    @property
    @abc.abstractmethod
    def needs_ranges(self) -> bool:
        """Whether measuring needs a full scale for each layer of nodes."""

    @abc.abstractmethod
    def applied(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch inputs"]:
        """Inputs after conversion."""

    @abc.abstractmethod
    def arrays_across(self, nodes: int) -> int:
        """Number of arrays side by side, each with its own driven lines, for a layer of this many nodes."""

    @abc.abstractmethod
    def measured(self, nodes: Nodes, full_scale: Number) -> Nodes:
        """Voltages of nodes after conversion; clips at `full_scale`."""

    @abc.abstractmethod
    def clipped(self, nodes: Nodes, full_scale: Number) -> Float[Array, ""]:
        """Number of nodes whose voltage exceeds the full scale."""


class Conductances(NamedTuple):
    """A weight matrix as conductances of a resistive network.

    Attributes:
        values: Conductances, in units of weight.
        terminals: The converters that drive and measure the circuit. None: ideal weights.
        siemens: Conductance of a unit of weight; 0: ideal weights.
    """

    values: Float[Array, "rows columns"]
    terminals: Terminals | None = None
    siemens: Number = 0.0


class Synapse(eqx.Module):
    """A weight matrix W of shape (rows, columns), used through three verbs that each return their counts."""

    @property
    @abc.abstractmethod
    def weights(self) -> Float[Array, "rows columns"]:
        """The present W, for inspection and saving; learning rules do not use it."""

    def cached(self) -> "Synapse":
        """A copy that caches whatever depends only on the weights (for example Winograd kernels)."""
        return self

    def aged(self, seconds: Seconds) -> "Synapse":
        """Let devices age, without a write. Ideal weights do not age.

        Args:
            seconds: Additional time since the last write.
        """
        return self

    @abc.abstractmethod
    def read(self, x: Float[Array, "batch rows"], key: PRNGKeyArray) -> tuple[Float[Array, "batch columns"], Counts]:
        """Compute x W: voltages on the rows, currents at the columns.

        Args:
            x: Input vectors.
            key: Randomness of read noise.

        Returns:
            Output vectors, and the counts of the read.
        """

    @abc.abstractmethod
    def read_transposed(
        self, y: Float[Array, "batch columns"], key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch rows"], Counts]:
        """Compute y W^T: voltages on the columns, currents at the rows.

        Args:
            y: Input vectors.
            key: Randomness of read noise.

        Returns:
            Output vectors, and the counts of the read.
        """

    def supports(self, precision: str) -> bool:
        """Whether the verbs accept vectors in this precision: "float32" or "bfloat16"."""
        return precision == "float32"

    def conductances(self, key: PRNGKeyArray) -> Conductances:
        """The weights as conductances of a resistive network.

        Args:
            key: Randomness of read noise, drawn once for the time in which the circuit settles.

        Raises:
            InputError: where the hardware does not support resistive networks.
        """
        return Conductances(self.weights)

    @abc.abstractmethod
    def write(
        self,
        pre: Float[Array, "vectors rows"],
        post: Float[Array, "vectors columns"],
        key: PRNGKeyArray,
        rate: Float[Array, ""] | float = 1.0,
    ) -> tuple["Synapse", Counts]:
        """Add rate pre^T post to W: the outer products of all vectors, summed.

        Args:
            pre: Vectors at the rows.
            post: Vectors at the columns.
            key: Randomness of the write.
            rate: Learning rate.

        Returns:
            The synapse after the write, and the counts of the write.
        """


def counted(
    kind: Literal["read", "read_transposed", "write"], vectors: int, rows: int, columns: int, *, digital: bool = False
) -> Counts:
    """Count one call of a verb, and its multiply-accumulates on a digital machine.

    The call is marked in the traced program with its kind and shapes; `ohmgrad.cost` finds these marks in programs that
    are only traced. In compiled code, the mark is the constant 1.

    Args:
        kind: The verb.
        vectors: Number of vectors.
        rows: Rows of the weight matrix.
        columns: Columns of the weight matrix.
        digital: Whether a digital unit computes the product, also where the network's weights are on crossbars.
    """
    verb = Verb(kind, rows, columns, vectors, 1.0, digital)
    return Counts(calls=MARK.bind(verb=verb), macs=float(verb.macs))


MARK = Primitive("verb")
MARK.def_impl(lambda verb: jnp.float32(verb.times))
MARK.def_abstract_eval(lambda verb: ShapedArray((), jnp.float32))
mlir.register_lowering(MARK, mlir.lower_fun(lambda verb: jnp.float32(verb.times), multiple_results=False))
