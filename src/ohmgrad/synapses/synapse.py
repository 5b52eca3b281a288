"""The three verbs that any learning rule may ask of a crossbar."""

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
    """The edges of a circuit of conductances that settles by itself: what drives its sources and measures its nodes.

    Voltages are in units of the source of an input of 1.
    """

    @property
    @abc.abstractmethod
    def source_volts(self) -> Number:
        """Volts of a source whose input is 1."""

    @property
    @abc.abstractmethod
    def needs_ranges(self) -> bool:
        """Whether measuring takes a full scale for each layer of nodes."""

    @abc.abstractmethod
    def applied(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch inputs"]:
        """Inputs as the sources apply them."""

    @abc.abstractmethod
    def arrays_across(self, nodes: int) -> int:
        """Arrays side by side, each driven by lines of its own, that a layer of so many nodes takes."""

    @abc.abstractmethod
    def measured(self, nodes: Nodes, full_scale: Number) -> Nodes:
        """The voltages of nodes as they are measured."""

    @abc.abstractmethod
    def clipped(self, nodes: Nodes, full_scale: Number) -> Float[Array, ""]:
        """How many nodes are beyond the full scale."""


class Conductances(NamedTuple):
    """Weights as conductances of a circuit that settles by itself.

    `terminals` drive and measure it, and `siemens` is the conductance of a unit of weight; ideal weights have neither.
    """

    values: Float[Array, "rows columns"]
    terminals: Terminals | None = None
    siemens: Number = 0.0


class Synapse(eqx.Module):
    """A matrix of weights W of shape (rows, columns) that answers to three verbs and says what each one did."""

    @property
    @abc.abstractmethod
    def weights(self) -> Float[Array, "rows columns"]:
        """W as it stands, for inspection and saving; learning rules do not use it."""

    def held(self) -> "Synapse":
        """The same synapse for many reads between two writes: what depends on the weights alone is worked out once."""
        return self

    def aged(self, seconds: Seconds) -> "Synapse":
        """The same synapse so much later, without a write; weights that are no devices do not age."""
        return self

    @abc.abstractmethod
    def read(self, x: Float[Array, "batch rows"], key: PRNGKeyArray) -> tuple[Float[Array, "batch columns"], Counts]:
        """Voltages on the rows, currents at the columns: x W."""

    @abc.abstractmethod
    def read_transposed(
        self, y: Float[Array, "batch columns"], key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch rows"], Counts]:
        """Voltages on the columns, currents at the rows: y W^T."""

    def supports(self, precision: str) -> bool:
        """Whether the verbs take vectors in this precision: "float32", or "bfloat16"."""
        return precision == "float32"

    def conductances(self, key: PRNGKeyArray) -> Conductances:
        """The weights as a circuit of conductances meets them while it settles, with one draw of their noise.

        Raises:
            InputError: where this array cannot be a part of such a circuit.
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
        """W += rate pre^T post: the outer products of all vectors, summed."""


def counted(
    kind: Literal["read", "read_transposed", "write"], vectors: int, rows: int, columns: int, *, digital: bool = False
) -> Counts:
    """What one verb over so many vectors is on a digital machine: one call, and its multiply-accumulates.

    The call leaves a mark of its kind and shapes in the traced program, by which `ohmgrad.cost` finds it while nothing
    runs; compiled, the mark is the constant 1. A `digital` product is no array's (`Verb`).
    """
    verb = Verb(kind, rows, columns, vectors, 1.0, digital)
    return Counts(calls=MARK.bind(verb=verb), macs=float(verb.macs))


MARK = Primitive("verb")
MARK.def_impl(lambda verb: jnp.float32(verb.times))
MARK.def_abstract_eval(lambda verb: ShapedArray((), jnp.float32))
mlir.register_lowering(MARK, mlir.lower_fun(lambda verb: jnp.float32(verb.times), multiple_results=False))
