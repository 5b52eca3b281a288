"""The activity-difference family: contrastive Hebbian learning, coupled learning, equilibrium propagation."""

from collections.abc import Sequence
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.networks import Clamp, Free, Network, Nudge, Push, Settling, State
from ohmgrad.rules.rule import Inference, Rule, Write
from ohmgrad.synapses import Synapse

Side = Literal["positive", "negative", "centered", "random"]
_SIGNS = {"positive": (1,), "negative": (-1,), "centered": (-1, 1), "random": (1,)}


class ActivityDifference(Rule):
    """Settle freely, settle again with the output pushed, and write the difference of the two activity products.

    `push` "nudge" adds strength / 2 |o - y|^2 to the energy: equilibrium propagation (Scellier & Bengio, Front. Comput.
    Neurosci. 11:24, 2017). "clamp" holds the output at o + strength (y - o), o being its free value: coupled learning
    (Stern et al., PRX 11, 021045, 2021), and at strength 1 contrastive Hebbian learning (Movellan 1991). `side`
    pushes toward the answer (positive), away from it (negative), one of these at random for each batch (random, as
    Scellier & Bengio did), or both ways (centered: Laborieux et al., Front. Neurosci. 15:633674, 2021).

    Claim: with "nudge" the write is minus the gradient of the settled loss |o - y|^2 / 2, up to an error of first order
    in the strength on one side and of second order centered. Verbs: read and read_transposed to settle, write once.
    """

    network: Network
    push: Literal["nudge", "clamp"] = eqx.field(static=True, default="nudge")
    strength: float = eqx.field(static=True, default=0.5)
    side: Side = eqx.field(static=True, default="centered")
    free: Settling = Settling(10)
    pushed: Settling = Settling(8)

    @property
    def shapes(self):
        return self.network.shapes

    def mounted(self, synapses):
        return self.network.mounted(synapses)

    def infer(self, synapses, x, key):
        network, (feed_key, free_key) = self.network, jax.random.split(key)
        feed, counts = network.feed(synapses, x, feed_key)
        settled, more = network.settle(synapses, feed, Free(), network.start(x), self.free, free_key)
        return Inference(settled.state[-1], settled.residual), counts.plus(more)

    def learn(self, synapses, x, target, key):
        network, (feed_key, free_key, side_key, pushed_key) = self.network, jax.random.split(key, 4)
        feed, counts = network.feed(synapses, x, feed_key)
        free, more = network.settle(synapses, feed, Free(), network.start(x), self.free, free_key)
        counts = counts.plus(more)
        # Both pushes of the centered rule settle as one batch of twice the size.
        signs = _SIGNS[self.side]
        strengths = self.strength * jnp.repeat(jnp.array(signs, x.dtype), len(x))
        if self.side == "random":
            strengths *= jax.random.rademacher(side_key, (), x.dtype)

        def repeat(tree):
            return jax.tree.map(lambda a: jnp.tile(a, (len(signs),) + (1,) * (a.ndim - 1)), tree)

        push = self._push(repeat(free.state[-1]), repeat(target), strengths)
        pushed, more = network.settle(synapses, repeat(feed), push, repeat(free.state), self.pushed, pushed_key)
        # Of two ends at a distance of d in strength, the products of the upper count 1 / d, of the lower -1 / d.
        scale = 1 / (len(signs) * len(x) * strengths)
        writes = [pair.weighted(scale) for pair in network.pairs(repeat(x), pushed.state)]
        if self.side != "centered":
            at_rest = [pair.weighted(-scale) for pair in network.pairs(x, free.state)]
            writes = [
                Write(jnp.concatenate([a.pre, b.pre]), jnp.concatenate([a.post, b.post]))
                for a, b in zip(writes, at_rest, strict=True)
            ]
        return writes, Inference(free.state[-1], free.residual), counts.plus(more)

    def settled(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch ..."],
        target: Float[Array, "batch outputs"],
        phase: Literal["free", "nudged"],
        key: PRNGKeyArray,
    ) -> State:
        """The state of one phase; nudged means pushed, by the whole strength, toward the answer (or away from it)."""
        network = self.network
        feed, _ = network.feed(synapses, x, key)
        free, _ = network.settle(synapses, feed, Free(), network.start(x), self.free, key)
        if phase == "free":
            return free.state
        push = self._push(free.state[-1], target, self.strength * _SIGNS[self.side][-1] * jnp.ones(len(x), x.dtype))
        return network.settle(synapses, feed, push, free.state, self.pushed, key)[0].state

    def _push(self, free_output, target, strengths) -> Push:
        strengths = strengths[:, None]
        if self.push == "nudge":
            return Nudge(target, strengths)
        return Clamp(free_output + strengths * (target - free_output))
