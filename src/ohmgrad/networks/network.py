"""One interface for a network that settles to the minimum of an energy."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.errors import InputError
from ohmgrad.networks.initial import gaussian
from ohmgrad.networks.push import Push
from ohmgrad.networks.settling import Settled, Settling, State
from ohmgrad.parts import Number
from ohmgrad.synapses import Crossbar, Synapse

Tree = TypeVar("Tree")
Feed = Any
"""What the input sends into a network and keeps the same while it settles: a pytree of the network's own."""


class Write(NamedTuple):
    """Activities whose summed outer products, times a learning rate, a weight matrix is to gain."""

    pre: Inexact[Array, "vectors *rows"]
    post: Inexact[Array, "vectors *columns"]


class Pair(NamedTuple):
    """Activities of the two ends of a weight matrix W: -dE/dW = pre^T post, one row per sample."""

    pre: Inexact[Array, "batch *rows"]
    post: Inexact[Array, "batch *columns"]

    def weighted(self, weight: Inexact[Array, "batch"]) -> Write:
        """The same with a weight for each sample."""
        return Write(self.pre, self.post * weight.reshape(-1, *[1] * (self.post.ndim - 1)))


class Network(eqx.Module):
    """Layers of neurons, and the weight matrices, each with a bias row held at 1, that couple them."""

    @property
    @abc.abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix, its bias row included."""

    @property
    def low(self) -> float | None:
        """Below which no weight may fall; None: nowhere."""
        return None

    def check(self, hardware: Hardware, weight_max: Float[Array | np.ndarray, "*chips matrices"]) -> None:
        """Raises InputError where the network cannot stand on such arrays."""

    def initial(self, gains: Sequence[Number], key: PRNGKeyArray) -> list[Float[Array, "_ _"]]:
        """Weights that a training starts from: Gaussian of standard deviation gain / sqrt(inputs), biases zero."""
        return gaussian(self.shapes, gains, key)

    def mounted(self, synapses: Sequence[Synapse]) -> tuple[Synapse, ...]:
        """The synapses of those matrices as this network uses them: kernels slide over images, others stay."""
        return tuple(synapses)

    @abc.abstractmethod
    def feed(self, synapses: Sequence[Synapse], x: Float[Array, "batch ..."], key: PRNGKeyArray) -> tuple[Feed, Counts]:
        """What the input sends into the network, worked out once: a pytree, of which `tiled` knows how to repeat it."""

    def tiled(self, feed: Feed, times: int) -> Feed:
        """The feed of a batch that is repeated so many times, one after another."""
        return copies(feed, times)

    @abc.abstractmethod
    def start(self, x: Float[Array, "batch ..."]) -> State:
        """The state before the free phase; its last entry is the output."""

    def activities(self, state: State) -> tuple[Inexact[Array, "batch ..."], ...]:
        """The neurons of each layer; a network whose layers keep more beside them tells them apart here."""
        return state

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
        synapses = [synapse.held() for synapse in synapses]
        if settling.precision == "bfloat16":
            _check_halved(synapses, state)
            synapses, feed, push, state = _cast((synapses, feed, push, state), jnp.float32, jnp.bfloat16)

        def sweep(state, key):
            return self.sweep(synapses, feed, push, state, settling, key)

        settled, counts = relax(sweep, state, settling, key, self.activities)
        return settled._replace(state=_cast(settled.state, jnp.bfloat16, jnp.float32)), counts

    def answer(
        self, synapses: Sequence[Synapse], state: State, key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch ..."], Counts]:
        """What a state says: its last entry, unless the network is read out in another way."""
        return state[-1], Counts()

    @abc.abstractmethod
    def pairs(self, x: Float[Array, "batch ..."], state: State) -> list[Any]:
        """Per weight matrix W the local gradient: what `weighted` turns into a `Write` of minus dE/dW."""

    def writes(
        self,
        x: Float[Array, "batch ..."],
        state: State,
        weight: Float[Array, "states"],
    ) -> list[Write]:
        """Per weight matrix the sum of local gradients, each with a weight; `state` holds several states of every
        sample, the whole batch after the whole batch."""
        return [pair.weighted(weight) for pair in self.pairs(copies(x, len(weight) // len(x)), state)]

    def expected(self, hardware: Hardware, phases: float) -> Counts:
        """What so many samples' settling will count on arrays beside the verbs that it calls: nothing, unless the
        arrays settle by themselves."""
        return Counts()

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
        def update(state, layer, key):
            return self.update(synapses, feed, push, state, layer, key)

        return in_turns(update, state, settling, key)


def in_turns(
    update: Callable[[State, int, PRNGKeyArray], tuple[Any, Counts]],
    state: State,
    settling: Settling,
    key: PRNGKeyArray,
) -> tuple[State, Counts]:
    """One sweep: each layer becomes what `update(state, layer, key)` says, in the order and by the step of settling."""
    keys, total = jax.random.split(key, len(state)), Counts()
    for turn in settling.turns(len(state)):
        new = list(state)
        for layer in turn:
            new[layer], counts = update(state, layer, keys[layer])
            if settling.step != 1:
                new[layer] = state[layer] + settling.step * (new[layer] - state[layer])
            total = total.plus(counts)
        state = tuple(new)
    return state, total


def relax(
    sweep: Callable[[State, PRNGKeyArray], tuple[State, Counts]],
    state: State,
    settling: Settling,
    key: PRNGKeyArray,
    activities: Callable[[State], Sequence[Array]] = tuple,
) -> tuple[Settled, Counts]:
    """So many sweeps from a state, or as many as its tolerance wants, and what they took.

    `activities` picks from a state what must come to rest.
    """

    def one(state, key):
        new, counts = sweep(state, key)
        return new, jax.tree.map(lambda count: jnp.asarray(count, jnp.float32), counts)

    keys = jax.random.split(key, settling.sweeps)
    if settling.tolerance is None:

        def scanned(carry, key):
            new, counts = one(carry[1], key)
            return (activities(carry[1]), new), counts

        (before, state), counts = jax.lax.scan(scanned, (activities(state), state), keys)
        residual = _change(before, activities(state))
        return Settled(state, residual, settling.sweeps), jax.tree.map(lambda count: count.sum(0), counts)

    tolerance = settling.tolerance

    def moving(carry):
        _, residual, sweeps, _ = carry
        # A residual that is no number counts as moving nowhere: what has diverged does not come back.
        return (sweeps < settling.sweeps) & (residual > tolerance).any()

    def turn(carry):
        state, _, sweeps, total = carry
        new, counts = one(state, keys[sweeps])
        return new, _change(activities(state), activities(new)), sweeps + 1, total.plus(counts)

    counted = jax.eval_shape(lambda: one(state, key)[1])
    nothing = jax.tree.map(lambda count: jnp.zeros(count.shape, count.dtype), counted)
    residual = jnp.full(len(state[-1]), jnp.inf, jnp.float32)
    state, residual, sweeps, counts = jax.lax.while_loop(moving, turn, (state, residual, jnp.int32(0), nothing))
    return Settled(state, residual, sweeps), counts


def _check_halved(synapses: Sequence[Synapse], state: State) -> None:
    """Devices have a precision of their own, and complex numbers no short form."""
    parts = jax.tree.leaves(synapses, is_leaf=lambda part: isinstance(part, Crossbar))
    if any(isinstance(part, Crossbar) for part in parts) or any(map(jnp.iscomplexobj, jax.tree.leaves(state))):
        raise InputError("precision: bfloat16 is for ideal weights and real activities; allowed here: float32")


def _cast(tree: Tree, old: Any, new: Any) -> Tree:
    """Numbers of one precision in another, all else as it is."""
    return jax.tree.map(lambda a: a.astype(new) if isinstance(a, jax.Array) and a.dtype == old else a, tree)


def _change(before: Sequence[Array], after: Sequence[Array]) -> Float[Array, "batch"]:
    changes = [jnp.abs(b - a).reshape(len(a), -1).max(1) for a, b in zip(before, after, strict=True)]
    return jnp.stack(changes).max(0).astype(jnp.float32)


def copies(tree: Tree, number: int) -> Tree:
    """A batch so many times over, one copy after another: phases that settle side by side."""
    return jax.tree.map(lambda a: jnp.tile(a, (number,) + (1,) * (a.ndim - 1)), tree)


def with_bias(x: Inexact[Array, "batch neurons"], bias: float = 1.0) -> Inexact[Array, "batch neurons+1"]:
    """Activities with the constant that drives the bias row; a change of activities drives it with 0."""
    return jnp.concatenate([x, jnp.full_like(x[:, :1], bias)], axis=1)
