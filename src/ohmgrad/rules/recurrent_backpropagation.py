"""Backpropagation through a settling network: through its last sweeps, or by settling the adjoint itself."""

from collections.abc import Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import Free, LayeredHopfield, Settled, Settling, State, with_bias
from ohmgrad.networks.network import in_turns, relax
from ohmgrad.rules.rule import Inference, SettlingRule, Write, free_phase
from ohmgrad.synapses import Synapse

Cells = Inexact[Array, "vectors _"]


class RecurrentBackpropagation(SettlingRule[LayeredHopfield]):
    """Settle freely, then settle the adjoint of the drives in the same sweeps (Almeida 1987; Pineda, PRL 59, 2229).

    The adjoint of a layer is the slope of its neurons times what it hears from the adjoints of its neighbours, through
    the same arrays, the output hearing y - o besides. Claim: both settled, the write is minus the gradient of the
    settled loss |o - y|^2 / 2, that is, the limit of equilibrium propagation for weak nudges. Verbs: read and
    read_transposed to settle both, write once.
    """

    free: Settling = Settling(20)
    adjoint: Settling = Settling(20)

    def __check_init__(self):
        if self.adjoint.precision != "float32":
            raise InputError("adjoint.precision: the adjoint settles in float32; allowed: float32")

    def infer(self, synapses, x, key):
        *_, inference, counts = free_phase(self.network, synapses, x, self.free, *jax.random.split(key))
        return inference, counts

    def learn(self, synapses, x, target, key):
        network, (feed_key, free_key, adjoint_key) = self.network, jax.random.split(key, 3)
        _, state, inference, counts = free_phase(network, synapses, x, self.free, feed_key, free_key)
        slopes = [network.neuron(layer).slope(s) for layer, s in enumerate(state)]
        error, nothing = target - inference.output, jnp.zeros_like(state[0])

        def update(adjoint, layer, key):
            drive, counts = network.drive(synapses, nothing, adjoint, layer, key, bias=0.0)
            return slopes[layer] * (drive + error if layer == len(state) - 1 else drive), counts

        def sweep(adjoint, key):
            return in_turns(update, adjoint, self.adjoint, key)

        start = tuple(map(jnp.zeros_like, state))
        settled, more = relax(sweep, start, self.adjoint, adjoint_key)
        adjoint = settled.state
        products = [
            _product(state[below - 1], adjoint[below - 1], state[above - 1], adjoint[above - 1])
            for below, above in network.couplings[1:]
        ]
        writes = [Write(pre, post / len(x)) for pre, post in (Write(with_bias(x), adjoint[0]), *products)]
        return writes, inference, counts.plus(more).plus(settled.phases("pushed", self.adjoint))


def _product(below: Cells, change_below: Cells, above: Cells, change_above: Cells) -> Write:
    """What changes of two layers change in the product of their activities: a matrix is used in both directions."""
    pre = jnp.concatenate([with_bias(below), with_bias(change_below, 0.0)])
    return Write(pre, jnp.concatenate([change_above, above]))


class TruncatedBackpropagation(SettlingRule[LayeredHopfield]):
    """Backpropagation through the last `depth` sweeps of the free phase (TBP, the baseline of Scellier et al. 2023).

    Every sweep is reversed turn by turn in the verbs: what was heard by `read` goes back by `read_transposed`, and the
    other way round. Claim: with as many sweeps as there were, the write is minus the gradient of |o - y|^2 / 2 through
    them all, settled or not; with fewer, of the same network begun from the state before them. Verbs: read and
    read_transposed up and back, write once.
    """

    free: Settling = Settling(20)
    depth: int = eqx.field(static=True, default=10)

    def __check_init__(self):
        if self.network.skips:
            raise InputError(
                "truncated backpropagation goes back through neighbours only: the network must have no skips"
            )
        if not 1 <= self.depth <= self.free.sweeps:
            raise InputError(
                f"depth is {self.depth} but must be from 1 to the {self.free.sweeps} sweeps of the free phase"
            )
        if self.free.step != 1 or self.free.tolerance is not None or self.free.precision != "float32":
            raise InputError(
                "truncated backpropagation goes back sweep by sweep: free needs step 1, no tolerance and float32"
            )

    def infer(self, synapses, x, key):
        *_, inference, counts = free_phase(self.network, synapses, x, self.free, *jax.random.split(key))
        return inference, counts

    def learn(self, synapses, x, target, key):
        network, depth = self.network, self.depth
        feed_key, free_key, last_key, back_key = jax.random.split(key, 4)
        feed, counts = network.feed(synapses, x, feed_key)
        first = replace(self.free, sweeps=self.free.sweeps - depth)
        settled, more = network.settle(synapses, feed, Free(), network.start(x), first, free_key)
        counts = counts.plus(more)

        def sweep(state, key):
            new, counts = network.sweep(synapses, feed, Free(), state, self.free, key)
            return new, (state, new, _arrays(counts))

        state, (before, after, more) = jax.lax.scan(sweep, settled.state, jax.random.split(last_key, depth))
        residual = jnp.stack([jnp.abs(a[-1] - b[-1]).max(1) for a, b in zip(after, before, strict=True)]).max(0)

        def back(adjoint, inputs):
            before, after, key = inputs
            adjoint, sent, writes, counts = _reversed(network, synapses, before, after, adjoint, self.free, key)
            return adjoint, (sent, writes, _arrays(counts))

        error = (*map(jnp.zeros_like, state[:-1]), target - state[-1])
        inputs = before, after, jax.random.split(back_key, depth)
        _, (sent, writes, most) = jax.lax.scan(back, error, inputs, reverse=True)
        # What the input sends stays the same in all sweeps, so its matrix gains one product for all of them.
        writes = [Write(with_bias(x), sent.sum(0)), *jax.tree.map(lambda a: a.reshape(-1, a.shape[-1]), writes)]
        writes = [Write(pre, post / len(x)) for pre, post in writes]
        counts = jax.tree.map(lambda total, *sweeps: total + sum(s.sum() for s in sweeps), counts, more, most)
        counts = counts.plus(Settled(state, residual, self.free.sweeps).phases("free", self.free))
        return writes, Inference(state[-1], residual), counts


def _reversed(
    network: LayeredHopfield,
    synapses: Sequence[Synapse],
    before: State,
    after: State,
    adjoint: State,
    settling: Settling,
    key: PRNGKeyArray,
) -> tuple[State, Cells, list[Write], Counts]:
    """One sweep back.

    Returns the adjoint of the state before it, given that of the state after it; the adjoint of what the input sent;
    a write for each matrix above the first; what it took.
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
