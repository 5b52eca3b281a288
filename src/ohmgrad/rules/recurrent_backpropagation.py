"""Backpropagation through a settling network: through its last sweeps, or by settling the adjoint state."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import Free, LayeredHopfield, Settled, Settling, State, Write, with_bias
from ohmgrad.networks.network import in_turns, relax
from ohmgrad.parts import COUNT, part, setting
from ohmgrad.rules.rule import Inference, Learned, SettlingRule, free_phase
from ohmgrad.synapses import Synapse

Cells = Inexact[Array, "vectors _"]


class RecurrentBackpropagation(SettlingRule):
    """Settle freely, then settle the adjoint of the drives; a baseline.

    The adjoint settles by sweeps like the state (Almeida 1987; Pineda, PRL 59, 2229). The adjoint of a layer is the
    slope of its neurons times the drive by the adjoints of its neighbours, through the same arrays; the output is
    additionally driven by y - o. Claim: if both have settled, the write is minus the gradient of the settled loss
    |o - y|^2 / 2, the limit of equilibrium propagation for weak nudges. Verbs: read and read_transposed to settle both,
    write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "recurrent-backpropagation"
    network: LayeredHopfield  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    free: Settling = part(Settling(20), "settling of the free phase")
    adjoint: Settling = part(Settling(20), "settling of the adjoint state")

    def learn(self, synapses, x, target, key):
        feed_key, free_key, adjoint_key = jax.random.split(key, 3)
        free = free_phase(self.network, synapses, x, self.free, feed_key, free_key)
        state, error = free.settled.state, target - free.inference.output
        settled = self._adjoint(synapses, state, error, adjoint_key)
        adjoint = settled.state
        products = [
            _product(state[below - 1], adjoint[below - 1], state[above - 1], adjoint[above - 1])
            for below, above in self.network.couplings[1:]
        ]
        writes = [Write(pre, post / len(x)) for pre, post in (Write(with_bias(x), adjoint[0]), *products)]
        counts = free.inference.counts.plus(settled.counts).plus(settled.phases("pushed", self.adjoint))
        return Learned(writes, free.inference, counts)

    def _adjoint(self, synapses, state: State, error: Cells, key: PRNGKeyArray) -> Settled:
        """Settle the adjoint of a state."""
        network, silence = self.network, jnp.zeros_like(state[0])
        slopes = [network.neuron(layer).slope(s) for layer, s in enumerate(state)]

        def update(adjoint, layer, key):
            drive, counts = network.drive(synapses, silence, adjoint, layer, key, bias=0.0)
            return slopes[layer] * (drive + error if layer == len(state) - 1 else drive), counts

        def sweep(adjoint, key):
            return in_turns(update, adjoint, self.adjoint, key)

        return relax(sweep, tuple(map(jnp.zeros_like, state)), self.adjoint, key)


def _product(below: Cells, change_below: Cells, above: Cells, change_above: Cells) -> Write:
    """The write for changes of two layers' activities: below x change above + change below x above.

    Both terms occur because the matrix is used in both directions.
    """
    pre = jnp.concatenate([with_bias(below), with_bias(change_below, 0.0)])
    return Write(pre, jnp.concatenate([change_above, above]))


class _Sweeps(NamedTuple):
    """The last sweeps of a free phase; every array has a leading axis over sweeps."""

    before: State
    after: State
    counts: Counts


class TruncatedBackpropagation(SettlingRule):
    """Settle freely, then backpropagate through the last sweeps; a baseline.

    Backpropagation through the last `depth` sweeps of the free phase (TBP, the baseline of Scellier et al. 2023). Each
    sweep is reversed by the verbs: a `read` is backpropagated by `read_transposed`, and vice versa. Claim: if `depth`
    is the number of sweeps, the write is minus the gradient of |o - y|^2 / 2 through all sweeps, settled or not; if it
    is less, the gradient with the state before the last sweeps held constant. Verbs: read and read_transposed forward
    and backward, write once.

    Raises:
        InputError: if a field is out of range, the network has skips, `depth` exceeds the number of sweeps, or the free
            phase cannot be reversed.
    """

    kind: ClassVar[str] = "truncated-backpropagation"
    network: LayeredHopfield  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    free: Settling = part(Settling(20), "settling of the free phase")
    depth: int = setting(10, "number of last sweeps of the free phase that are backpropagated through", **COUNT)

    def __check_init__(self):
        if self.network.skips:
            raise InputError(
                "rule.kind 'truncated-backpropagation' goes back through neighbours; allowed: no network.skips"
            )
        if self.depth > self.free.sweeps:
            raise InputError(
                f"rule.depth is {self.depth} but must be from 1 to the {self.free.sweeps} sweeps of the free phase"
            )
        if self.free.step is not None or self.free.tolerance is not None:
            raise InputError(
                "rule.free: truncated backpropagation goes back sweep by sweep; allowed: step 1, no tolerance, float32"
            )

    def learn(self, synapses, x, target, key):
        feed_key, free_key, last_key, back_key = jax.random.split(key, 4)
        feed, feed_counts = self.network.feed(synapses, x, feed_key)
        state, first_counts = self._first_sweeps(synapses, feed, x, free_key)
        settled, sweeps = self._last_sweeps(synapses, feed, state, last_key)
        state = settled.state
        counts = feed_counts.plus(first_counts).plus(settled.counts).plus(settled.phases("free", self.free))
        inference = Inference(state[-1], settled.residual, settled.verdict(self.free.rest), counts, self.free.sweeps)
        error = (*map(jnp.zeros_like, state[:-1]), target - state[-1])
        feeds, writes, back_counts = self._back(synapses, sweeps, error, back_key)
        # The drive by the input is the same in all sweeps, so its matrix gets a single product for all of them.
        writes = [Write(with_bias(x), feeds.sum(0)), *jax.tree.map(lambda a: a.reshape(-1, a.shape[-1]), writes)]
        writes = [Write(pre, post / len(x)) for pre, post in writes]
        return Learned(writes, inference, counts.plus(back_counts))

    def _first_sweeps(self, synapses, feed, x, key) -> tuple[State, Counts]:
        """The state before the last `depth` sweeps, and counts."""
        start, first = self.network.start(x), self.free.sweeps - self.depth
        if not first:
            return start, Counts()
        settled = self.network.settle(synapses, feed, Free(), start, replace(self.free, sweeps=first), key)
        return settled.state, settled.counts

    def _last_sweeps(self, synapses, feed, state: State, key) -> tuple[Settled, _Sweeps]:
        """The state after the last `depth` sweeps, and all states before and after each."""

        def sweep(state, key):
            new, counts = self.network.sweep(synapses, feed, Free(), state, self.free, key)
            return new, _Sweeps(state, new, _arrays(counts))

        state, sweeps = jax.lax.scan(sweep, state, jax.random.split(key, self.depth))
        changes = [jnp.abs(a[-1] - b[-1]).max(1) for a, b in zip(sweeps.after, sweeps.before, strict=True)]
        return Settled(state, jnp.stack(changes).max(0), self.free.sweeps, _summed(sweeps.counts)), sweeps

    def _back(self, synapses, sweeps: _Sweeps, error: State, key):
        """Per sweep, the adjoint of the input's drive, and a write per matrix above the first; and counts."""

        def back(adjoint, inputs):
            before, after, key = inputs
            adjoint, feed, writes, counts = _reversed(self.network, synapses, before, after, adjoint, self.free, key)
            return adjoint, (feed, writes, _arrays(counts))

        inputs = sweeps.before, sweeps.after, jax.random.split(key, self.depth)
        _, (feeds, writes, counts) = jax.lax.scan(back, error, inputs, reverse=True)
        return feeds, writes, _summed(counts)


def _reversed(
    network: LayeredHopfield,
    synapses: Sequence[Synapse],
    before: State,
    after: State,
    adjoint: State,
    settling: Settling,
    key: PRNGKeyArray,
) -> tuple[State, Cells, list[Write], Counts]:
    """Backpropagate through one sweep.

    Args:
        network: The network.
        synapses: One per weight matrix.
        before: State before the sweep.
        after: State after the sweep.
        adjoint: Adjoint of the state after the sweep.
        settling: Order of the sweep.
        key: Random key for noise.

    Returns:
        The adjoint of the state before the sweep; the adjoint of the input's drive; one write per matrix above the
        first; and counts.
    """
    layers, total = len(before), Counts()
    keys = jax.random.split(key, (layers, 2))
    adjoint_of, drives, below, above = list(adjoint), list(adjoint), list(adjoint), list(adjoint)
    turns = settling.turns(layers)
    for number in reversed(range(len(turns))):
        moved = [layer for turn in turns[:number] for layer in turn]
        state = [after[layer] if layer in moved else before[layer] for layer in range(layers)]
        for layer in turns[number]:
            drives[layer] = adjoint_of[layer] * network.neuron(layer).slope(after[layer])
            adjoint_of[layer] = jnp.zeros_like(drives[layer])
        for layer in turns[number]:
            if layer > 0:
                below[layer] = state[layer - 1]
                back, counts = synapses[layer].read_transposed(drives[layer], keys[layer, 0])
                adjoint_of[layer - 1], total = adjoint_of[layer - 1] + back[:, :-1], total.plus(counts)
            if layer < layers - 1:
                above[layer] = state[layer + 1]
                up, counts = synapses[layer + 1].read(with_bias(drives[layer], 0.0), keys[layer, 1])
                adjoint_of[layer + 1], total = adjoint_of[layer + 1] + up, total.plus(counts)
    writes = [_product(below[i], drives[i - 1], above[i - 1], drives[i]) for i in range(1, layers)]
    return tuple(adjoint_of), drives[0], writes, total


def _arrays(counts: Counts) -> Counts:
    return jax.tree.map(lambda count: jnp.asarray(count, jnp.float32), counts)


def _summed(counts: Counts) -> Counts:
    return jax.tree.map(lambda count: count.sum(0), counts)
