"""One interface for a network that settles to the minimum of an energy."""

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.networks.push import Push
from ohmgrad.networks.settling import Settled, Settling, State
from ohmgrad.synapses import Synapse

Feed = Any
"""What the input sends into a network and keeps the same while it settles: a pytree of the network's own."""


class Write(NamedTuple):
    """Activities whose summed outer products, times a learning rate, a weight matrix is to gain."""

    pre: Float[Array, "vectors *rows"]
    post: Float[Array, "vectors *columns"]


class Pair(NamedTuple):
    """Activities of the two ends of a weight matrix W: -dE/dW = pre^T post, one row per sample."""

    pre: Inexact[Array, "batch *rows"]
    post: Inexact[Array, "batch *columns"]

    def weighted(self, weight: Float[Array, "batch"]) -> Write:
        """The same with a weight for each sample."""
        return Write(self.pre, self.post * weight.reshape(-1, *[1] * (self.post.ndim - 1)))


class Network(eqx.Module):
    """Layers of neurons, and the weight matrices, each with a bias row held at 1, that couple them."""

    @property
    @abc.abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix, its bias row included."""

    def mounted(self, synapses: Sequence[Synapse]) -> tuple[Synapse, ...]:
        """The synapses of those matrices as this network uses them: kernels slide over images, others stay as they are."""
        return tuple(synapses)

    @abc.abstractmethod
    def feed(self, synapses: Sequence[Synapse], x: Float[Array, "batch ..."], key: PRNGKeyArray) -> tuple[Feed, Counts]:
        """What the input sends into the network, worked out once: a pytree, of which `tiled` knows how to repeat it."""

    def tiled(self, feed: Feed, times: int) -> Feed:
        """The feed of a batch that is repeated so many times, one after another."""
        return jax.tree.map(lambda leaf: _tiled(leaf, times), feed)

    @abc.abstractmethod
    def start(self, x: Float[Array, "batch ..."]) -> State:
        """The state before the free phase; its last entry is the output."""

    @abc.abstractmethod
    def sweep(
        self,
        synapses: Sequence[Synapse],
        feed: Feed,
        push: Push,
        state: State,
        settling: Settling,
        key: PRNGKeyArray,
    ) -> tuple[State, Counts]:
        """Every layer once toward the minimum of the energy, every product through a verb."""

    def settle(
        self,
        synapses: Sequence[Synapse],
        feed: Feed,
        push: Push,
        state: State,
        settling: Settling,
        key: PRNGKeyArray,
    ) -> tuple[Settled, Counts]:
        """Sweeps from a state, how far the last one still moved, and what they took."""

        def one(state, key):
            new, counts = self.sweep(synapses, feed, push, state, settling, key)
            return new, jax.tree.map(lambda count: jnp.asarray(count, jnp.float32), counts)

        keys = jax.random.split(key, settling.sweeps)
        if settling.tolerance is None:

            def scanned(carry, key):
                new, counts = one(carry[1], key)
                return (carry[1], new), counts

            (before, state), counts = jax.lax.scan(scanned, (state, state), keys)
            return (
                Settled(state, _change(before, state), settling.sweeps),
                jax.tree.map(lambda count: count.sum(), counts),
            )

        tolerance = settling.tolerance

        def moving(carry):
            _, residual, sweeps, _ = carry
            # A residual that is no number counts as moving nowhere: what has diverged does not come back.
            return (sweeps < settling.sweeps) & (residual > tolerance).any()

        def turn(carry):
            state, _, sweeps, total = carry
            new, counts = one(state, keys[sweeps])
            return new, _change(state, new), sweeps + 1, total.plus(counts)

        nothing = jax.tree.map(lambda _: jnp.zeros((), jnp.float32), Counts())
        residual = jnp.full(len(state[-1]), jnp.inf, jnp.float32)
        state, residual, sweeps, counts = jax.lax.while_loop(moving, turn, (state, residual, jnp.int32(0), nothing))
        return Settled(state, residual, sweeps), counts

    @abc.abstractmethod
    def pairs(self, x: Float[Array, "batch ..."], state: State) -> list[Any]:
        """Per weight matrix W the local gradient: what `weighted` turns into a `Write` of minus dE/dW."""

    def writes(
        self,
        x: Float[Array, "batch ..."],
        state: tuple[Inexact[Array, "states ..."], ...],
        weight: Float[Array, "states"],
    ) -> list[Write]:
        """Per weight matrix the sum of local gradients, each with a weight; `state` holds several states of every
        sample, the whole batch after the whole batch."""
        return [pair.weighted(weight) for pair in self.pairs(_tiled(x, len(weight) // len(x)), state)]

    @abc.abstractmethod
    def energy(
        self, weights: Sequence[Float[Array, "rows columns"]], x: Float[Array, "batch ..."], state: State
    ) -> Inexact[Array, "batch"]:
        """The energy itself, for checks; settling never evaluates it."""


class LayerNetwork(Network):
    """A network that knows the minimum of its energy in one layer with the others held."""

    @abc.abstractmethod
    def update(
        self, synapses: Sequence[Synapse], feed: Feed, push: Push, state: State, layer: int, key: PRNGKeyArray
    ) -> tuple[Inexact[Array, "batch ..."], Counts]:
        """The activity of a layer (counted from 0) that minimises the energy, the other layers being as in `state`."""

    def sweep(self, synapses, feed, push, state, settling, key):
        keys, total = jax.random.split(key, len(state)), Counts()
        for turn in settling.turns(len(state)):
            new = list(state)
            for layer in turn:
                new[layer], counts = self.update(synapses, feed, push, state, layer, keys[layer])
                if settling.step != 1:
                    new[layer] = state[layer] + settling.step * (new[layer] - state[layer])
                total = total.plus(counts)
            state = tuple(new)
        return state, total


def _change(before: State, after: State) -> Float[Array, "batch"]:
    changes = [jnp.abs(b - a).reshape(len(a), -1).max(1) for a, b in zip(before, after, strict=True)]
    return jnp.stack(changes).max(0).astype(jnp.float32)


def _tiled(leaf: Inexact[Array, "batch ..."], times: int) -> Inexact[Array, "states ..."]:
    return jnp.tile(leaf, (times,) + (1,) * (leaf.ndim - 1))


def with_bias(x: Inexact[Array, "batch neurons"]) -> Inexact[Array, "batch neurons+1"]:
    """Activities with the constant that drives the bias row."""
    return jnp.concatenate([x, jnp.ones_like(x[:, :1])], axis=1)
