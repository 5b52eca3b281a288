"""One interface for a network that settles to the minimum of an energy."""

import abc
from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.networks.push import Push
from ohmgrad.synapses import Synapse

State = tuple[Float[Array, "batch _"], ...]
Pair = tuple[Float[Array, "batch _"], Float[Array, "batch _"]]


class Settled(NamedTuple):
    """Where a relaxation ended: the state, and the largest change of any neuron in its last sweep (one per sample)."""

    state: State
    residual: Float[Array, "batch"]


class Network(eqx.Module):
    """Layers of neurons on [-1, 1] and the weight matrices, each with a bias row held at 1, that couple them."""

    @property
    @abc.abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix, its bias row included."""

    @abc.abstractmethod
    def start(self, x: Float[Array, "batch inputs"]) -> State:
        """The state before the free phase."""

    @abc.abstractmethod
    def sweep(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch inputs"],
        push: Push,
        state: State,
        keys: Key[Array, "matrices 2"],
    ) -> tuple[State, Counts]:
        """Every layer once toward the minimum of the energy, every product through a verb.

        There are two keys per weight matrix, for its read and its transposed read.
        """

    def settle(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch inputs"],
        push: Push,
        state: State,
        sweeps: int,
        key: PRNGKeyArray,
    ) -> tuple[Settled, Counts]:
        """A number of sweeps from a state, and how far the last one still moved."""

        def one(carry, keys):
            state, _ = carry
            new, counts = self.sweep(synapses, x, push, state, keys)
            change = [jnp.abs(a - b).max(1) for a, b in zip(new, state, strict=True)]
            return (new, jnp.stack(change).max(0)), jax.tree.map(jnp.asarray, counts)

        start = (state, jnp.zeros(len(x), x.dtype))
        (state, residual), counts = jax.lax.scan(one, start, jax.random.split(key, (sweeps, len(synapses), 2)))
        return Settled(state, residual), jax.tree.map(lambda count: count.sum(), counts)

    @abc.abstractmethod
    def pairs(self, x: Float[Array, "batch inputs"], state: State) -> list[Pair]:
        """Per weight matrix W the activities (pre, post) with -dE/dW = pre^T post, summed over the batch."""

    @abc.abstractmethod
    def energy(
        self, weights: Sequence[Float[Array, "rows columns"]], x: Float[Array, "batch inputs"], state: State
    ) -> Float[Array, "batch"]:
        """The energy itself, for checks; settling never evaluates it."""


def with_bias(x: Float[Array, "batch neurons"]) -> Float[Array, "batch neurons+1"]:
    """Activities with the constant that drives the bias row."""
    return jnp.concatenate([x, jnp.ones_like(x[:, :1])], axis=1)


def bounded(x: Float[Array, "batch neurons"]) -> Float[Array, "batch neurons"]:
    """The neuron: linear between its rails at -1 and 1 (hard tanh)."""
    return jnp.clip(x, -1, 1)
