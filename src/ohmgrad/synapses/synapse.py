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
from ohmgrad.crossbar import Hardware
from ohmgrad.crossbar.arrays import Seconds
from ohmgrad.parts import Number


class Standing(NamedTuple):
    """Weights as conductances of a circuit that settles by itself, and what drives and measures it.

    `siemens` is the conductance of a unit of weight; ideal weights have no unit and no hardware.
    """

    conductances: Float[Array, "rows columns"]
    hardware: Hardware | None = None
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

    def standing(self, key: PRNGKeyArray) -> Standing:
        """The weights as a circuit of conductances meets them while it settles, drawn once.

        Raises InputError where this array cannot stand in such a circuit.
        """
        return Standing(self.weights)

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
