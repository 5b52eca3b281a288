"""Base classes of networks, and of those that settle to the minimum of an energy."""

import abc
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks.initial import gaussian
from ohmgrad.networks.push import Push
from ohmgrad.networks.settling import Settled, Settling, State
from ohmgrad.parts import Number, Part
from ohmgrad.quantity import Range
from ohmgrad.synapses import Synapse, Terminals

Tree = TypeVar("Tree")
Feed = Any
"""Drive of a network by its input, constant while it settles: a pytree specific to the network."""


class Write(NamedTuple):
    """Activities whose summed outer products, times a learning rate, are added to a weight matrix."""

    pre: Inexact[Array, "vectors *rows"]
    post: Inexact[Array, "vectors *columns"]


class Pair(NamedTuple):
    """Activities of the two ends of a weight matrix W: -dE/dW = pre^T post, one row per sample."""

    pre: Inexact[Array, "batch *rows"]
    post: Inexact[Array, "batch *columns"]

    def weighted(self, weight: Inexact[Array, "batch"]) -> Write:
        """The pair as a write, with `post` multiplied by a weight per sample."""
        return Write(self.pre, self.post * weight.reshape(-1, *[1] * (self.post.ndim - 1)))


class Network(Part):
    """Base class of networks: layers of neurons, and the weight matrices that couple them.

    Every weight matrix has a bias row, driven by 1. Some fields come from the task instead of the recipe: `inputs` and
    `outputs`, numbers per sample, or `image`, the height, width and channels of a sample.
    """

    restores: ClassVar[bool] = False
    """Whether the network's answer is its restored input (associative memory)."""

    @classmethod
    def of_the_task(cls) -> tuple[str, ...]:
        """Names of the fields that come from the task."""
        return tuple(f.name for f in dataclasses.fields(cls) if f.name in ("inputs", "outputs", "image"))

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of one input sample."""
        size = getattr(self, "image", None) or getattr(self, "inputs", None)
        assert size is not None, f"{type(self).__name__} has neither inputs nor image"
        return size if isinstance(size, tuple) else (size,)

    @property
    @abc.abstractmethod
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, columns) of each weight matrix, its bias row included."""

    @property
    def low(self) -> float | None:
        """Lower bound on every weight, or None."""
        return None

    @property
    def one_pass(self) -> "Network | None":
        """The network of the same layers, without skips, for the backpropagation baseline; None: there is none."""
        return None

    def check(
        self, terminals: Callable[[], Terminals], weight_max: Float[Array | np.ndarray, "*chips matrices"]
    ) -> None:
        """Check that the network can be mapped to given arrays.

        Args:
            terminals: Makes the terminals (drivers and converters) of the arrays if they form a single circuit; raises
                InputError if these arrays cannot.
            weight_max: The largest weight of each matrix.

        Raises:
            InputError: if it cannot.
        """

    def expected(self, terminals: Callable[[], Terminals], siemens: Range, phases: float) -> Counts:
        """Expected counts of settling on arrays, besides those of verbs.

        They are zero unless the arrays themselves settle as a circuit.

        Args:
            terminals: As in `check`.
            siemens: Conductance of a device, with bounds.
            phases: Number of settling phases, counted once per sample.
        """
        return Counts()

    def initial(self, gains: Sequence[Number], key: PRNGKeyArray) -> list[Float[Array, "_ _"]]:
        """Initial weights: Gaussian with standard deviation gain / sqrt(inputs), biases zero.

        Args:
            gains: One gain per weight matrix.
            key: Random key.
        """
        return gaussian(self.shapes, gains, key)

    def mounted(self, synapses: Sequence[Synapse]) -> tuple[Synapse, ...]:
        """The synapses as this network uses them: convolutional weights wrapped in `Convolution`, others unchanged."""
        return tuple(synapses)


class SettlingNetwork(Network):
    """A network that settles to the minimum of an energy."""

    nudge_limit: ClassVar[float] = 1.0
    """The strength of a nudge away from the target from which on the nudged energy has no minimum."""
    output_neurons: ClassVar[bool] = True
    """Whether the outputs are neurons of the energy, which can be clamped."""

    @abc.abstractmethod
    def feed(self, synapses: Sequence[Synapse], x: Float[Array, "batch ..."], key: PRNGKeyArray) -> tuple[Feed, Counts]:
        """Drive of the network by its input, computed once per batch.

        Args:
            synapses: One per weight matrix, as `mounted` returns them.
            x: Inputs.
            key: Random key for the noise of the synapses.

        Returns:
            The feed (any pytree that `sweep` takes), and counts.
        """

    def tiled(self, feed: Feed, times: int) -> Feed:
        """The feed of a batch repeated `times` times along the batch axis."""
        return copies(feed, times)

    @abc.abstractmethod
    def start(self, x: Float[Array, "batch ..."]) -> State:
        """The state before the free phase; its last entry is the output."""

    def activities(self, state: State) -> tuple[Inexact[Array, "batch ..."], ...]:
        """The activities of each layer, without other data that a network may hold in its state."""
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
        """Move every layer once toward the minimum of the energy.

        All products with weight matrices are verbs of their synapses. Arguments are those of `settle`.

        Returns:
            The state after the sweep, and counts.
        """

    def settle(
        self,
        synapses: Sequence[Synapse],
        feed: Feed,
        push: Push,
        state: State,
        settling: Settling,
        key: PRNGKeyArray,
    ) -> Settled:
        """Sweep from a state until the network has settled.

        Args:
            synapses: One per weight matrix, as `mounted` returns them.
            feed: Drive by the input, from `feed`.
            push: Effect on the output: `Free`, `Nudge` or `Clamp`.
            state: Initial state, from `start` or at the end of another phase.
            settling: Number and order of sweeps, step and tolerance.
            key: Random key for the noise of synapses and neurons.

        Raises:
            InputError: in bfloat16, if a synapse does not support it or activities are complex.
        """
        synapses = [synapse.cached() for synapse in synapses]
        if settling.precision != "float32":
            _check_precision(synapses, state, settling.precision)
            synapses, feed, push, state = _cast((synapses, feed, push, state), jnp.float32, jnp.bfloat16)

        def sweep(state, key):
            return self.sweep(synapses, feed, push, state, settling, key)

        settled = relax(sweep, state, settling, key, self.activities)
        return settled._replace(state=_cast(settled.state, jnp.bfloat16, jnp.float32))

    def answer(
        self, synapses: Sequence[Synapse], state: State, key: PRNGKeyArray
    ) -> tuple[Float[Array, "batch ..."], Counts]:
        """The network's answer in a state: by default its last entry.

        Args:
            synapses: One per weight matrix, as `mounted` returns them.
            state: Settled state.
            key: Random key for the noise of the synapses.

        Returns:
            The output, and counts.
        """
        return state[-1], Counts()

    @abc.abstractmethod
    def pairs(self, x: Float[Array, "batch ..."], state: State) -> list[Any]:
        """Local gradients, one per weight matrix W; their method `weighted` gives a `Write` of minus dE/dW.

        Args:
            x: Inputs, one per state.
            state: Settled state.
        """

    def writes(
        self,
        x: Float[Array, "batch ..."],
        state: State,
        weight: Float[Array, "states"],
    ) -> list[Write]:
        """Weighted sums of local gradients, one write per weight matrix.

        Args:
            x: Inputs of one batch.
            state: One or more states of every sample, concatenated batch by batch.
            weight: One weight per state.
        """
        return [pair.weighted(weight) for pair in self.pairs(copies(x, len(weight) // len(x)), state)]

    @abc.abstractmethod
    def energy(
        self, weights: Sequence[Float[Array, "rows columns"]], x: Float[Array, "batch ..."], state: State
    ) -> Inexact[Array, "batch"]:
        """The energy of each sample, for tests; settling does not evaluate it.

        Args:
            weights: One matrix per entry of `shapes`.
            x: Inputs.
            state: State of the network.
        """


class LayerNetwork(SettlingNetwork):
    """A settling network with a closed-form minimum of its energy in one layer, the others being fixed."""

    @abc.abstractmethod
    def update(
        self, synapses: Sequence[Synapse], feed: Feed, push: Push, state: State, layer: int, key: PRNGKeyArray
    ) -> tuple[Inexact[Array, "batch ..."], Counts]:
        """The activity of a layer (counted from 0) that minimises the energy for given other layers.

        Arguments are those of `settle`; `state` holds the activities of all layers.

        Returns:
            The activity, and counts.
        """

    def sweep(self, synapses, feed, push, state, settling, key):
        def update(state, layer, key):
            return self.update(synapses, feed, push, state, layer, key)

        return in_turns(update, state, settling, key)


def check_skips(skips: Sequence[tuple[int, int]], last: int) -> None:
    """Check that every skip leads past at least one layer.

    Args:
        skips: Pairs (from, to) of layers, counted from 1.
        last: Number of layers.

    Raises:
        InputError: if one does not.
    """
    for below, above in skips:
        if not 1 <= below < above - 1 < last:
            allowed = f"from 1 to {last - 2}, to at most {last}" if last > 2 else f"none to {last} layer(s)"
            raise InputError(f"network.skips: [{below}, {above}] must lead past at least one layer; allowed: {allowed}")


def in_turns(
    update: Callable[[State, int, PRNGKeyArray], tuple[Any, Counts]],
    state: State,
    settling: Settling,
    key: PRNGKeyArray,
) -> tuple[State, Counts]:
    """One sweep, with layers in the order of `settling`.

    Args:
        update: (state, layer, key) -> activity at the layer's energy minimum, and counts.
        state: State before the sweep.
        settling: Order of the layers, and step.
        key: Random key for noise.

    Returns:
        State after the sweep, and counts.
    """
    keys, total = jax.random.split(key, len(state)), Counts()
    for turn in settling.turns(len(state)):
        new = list(state)
        for layer in turn:
            minimum, counts = update(state, layer, keys[layer])
            new[layer], total = settling.toward(state[layer], minimum), total.plus(counts)
        state = tuple(new)
    return state, total


def relax(
    sweep: Callable[[State, PRNGKeyArray], tuple[State, Counts]],
    state: State,
    settling: Settling,
    key: PRNGKeyArray,
    activities: Callable[[State], Sequence[Array]] = tuple,
) -> Settled:
    """Sweep from a state until the number of sweeps or the tolerance of `settling` is reached.

    Args:
        sweep: (state, key) -> next state, and counts.
        state: Initial state.
        settling: Number of sweeps, and tolerance or None.
        key: Random key for noise, split into one per sweep.
        activities: Selects from a state the arrays whose change is measured.
    """

    def one(state, key):
        new, counts = sweep(state, key)
        return new, jax.tree.map(lambda count: jnp.asarray(count, jnp.float32), counts)

    keys = jax.random.split(key, settling.sweeps)
    if settling.tolerance is None:
        return _all_sweeps(one, state, keys, activities)
    return _until(one, state, keys, activities, jnp.asarray(settling.tolerance, jnp.float32))


def _all_sweeps(one, state: State, keys: Array, activities) -> Settled:
    def scanned(carry, key):
        _, state = carry
        new, counts = one(state, key)
        return (activities(state), new), counts

    (before, state), counts = jax.lax.scan(scanned, (activities(state), state), keys)
    counts = jax.tree.map(lambda count: count.sum(0), counts)
    return Settled(state, _change(before, activities(state)), len(keys), counts)


def _until(one, state: State, keys: Array, activities, tolerance: Float[Array, ""]) -> Settled:
    def moving(carry):
        _, residual, sweeps, _ = carry
        # NaN is not above the tolerance, so diverged samples do not prolong the loop.
        return (sweeps < len(keys)) & (residual > tolerance).any()

    def turn(carry):
        state, _, sweeps, total = carry
        new, counts = one(state, keys[sweeps])
        return new, _change(activities(state), activities(new)), sweeps + 1, total.plus(counts)

    shapes = jax.eval_shape(lambda: one(state, keys[0])[1])
    zeros = jax.tree.map(lambda count: jnp.zeros(count.shape, count.dtype), shapes)
    residual = jnp.full(len(state[-1]), jnp.inf, jnp.float32)
    return Settled(*jax.lax.while_loop(moving, turn, (state, residual, jnp.int32(0), zeros)))


def _check_precision(synapses: Sequence[Synapse], state: State, precision: str) -> None:
    real = not any(map(jnp.iscomplexobj, jax.tree.leaves(state)))
    if not real or not all(synapse.supports(precision) for synapse in synapses):
        raise InputError(f"precision: {precision} is for ideal weights and real activities; allowed here: float32")


def _cast(tree: Tree, old: Any, new: Any) -> Tree:
    """Cast the arrays of dtype `old` to `new`; other leaves are unchanged."""
    return jax.tree.map(lambda a: a.astype(new) if isinstance(a, jax.Array) and a.dtype == old else a, tree)


def _change(before: Sequence[Array], after: Sequence[Array]) -> Float[Array, "batch"]:
    changes = [jnp.abs(b - a).reshape(len(a), -1).max(1) for a, b in zip(before, after, strict=True)]
    return jnp.stack(changes).max(0).astype(jnp.float32)


def copies(tree: Tree, number: int) -> Tree:
    """Repeat every array `number` times along the batch axis, for phases that settle in parallel."""
    return jax.tree.map(lambda a: jnp.tile(a, (number,) + (1,) * (a.ndim - 1)), tree)


def with_bias(x: Inexact[Array, "batch neurons"], bias: float = 1.0) -> Inexact[Array, "batch neurons+1"]:
    """Activities with a last column for the bias row: 1, or 0 for changes of activities."""
    return jnp.concatenate([x, jnp.full_like(x[:, :1], bias)], axis=1)
