"""The activity-difference family: contrastive Hebbian learning, coupled learning, equilibrium propagation."""

from collections.abc import Sequence
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.networks import Clamp, Network, Nudge, Push, Settling, State
from ohmgrad.networks.network import copies
from ohmgrad.rules.rule import SettlingRule, free_phase
from ohmgrad.synapses import Synapse

Side = Literal["positive", "negative", "centered", "random"]
_SIGNS = {"positive": (1,), "negative": (-1,), "centered": (-1, 1), "random": (1,)}


class ActivityDifference(SettlingRule[Network]):
    """Settle freely, settle again with the output pushed, and write the difference of the two activity products.

    `push` "nudge" adds strength / 2 |o - y|^2 to the energy: equilibrium propagation (Scellier & Bengio, Front. Comput.
    Neurosci. 11:24, 2017). "clamp" holds the output at o + strength (y - o), o being its free value: coupled learning
    (Stern et al., PRX 11, 021045, 2021), and at strength 1 contrastive Hebbian learning (Movellan 1991). `side`
    pushes toward the answer (positive), away from it (negative), one of these at random for each batch (random, as
    Scellier & Bengio did), or both ways (centered: Laborieux et al., Front. Neurosci. 15:633674, 2021).

    Claim: with "nudge" the write is minus the gradient of the settled loss |o - y|^2 / 2, up to an error of first order
    in the strength on one side and of second order centered. Verbs: read and read_transposed to settle, write once.
    """

    push: Literal["nudge", "clamp"] = eqx.field(static=True, default="nudge")
    strength: float = eqx.field(static=True, default=0.5)
    side: Side = eqx.field(static=True, default="centered")
    free: Settling = Settling(10)
    pushed: Settling = Settling(8)

    def infer(self, synapses, x, key):
        *_, inference, counts = free_phase(self.network, synapses, x, self.free, *jax.random.split(key))
        return inference, counts

    def learn(self, synapses, x, target, key):
        network, (feed_key, free_key, side_key, pushed_key) = self.network, jax.random.split(key, 4)
        feed, free, inference, counts = free_phase(network, synapses, x, self.free, feed_key, free_key)
        # Both pushes of the centered rule settle as one batch of twice the size.
        signs = _SIGNS[self.side]
        strengths = self.strength * jnp.repeat(jnp.array(signs, x.dtype), len(x))
        if self.side == "random":
            strengths *= jax.random.rademacher(side_key, (), x.dtype)

        output, target, state = copies((inference.output, target, free), len(signs))
        feed, push = network.tiled(feed, len(signs)), self._push(output, target, strengths)
        pushed, more = network.settle(synapses, feed, push, state, self.pushed, pushed_key)
        # Of two ends at a distance of d in strength, the products of the upper count 1 / d, of the lower -1 / d.
        state, scale = pushed.state, 1 / (len(signs) * len(x) * strengths)
        if self.side != "centered":
            state = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), state, free)
            scale = jnp.concatenate([scale, -scale])
        counts = counts.plus(more).plus(pushed.phases("pushed", self.pushed))
        return network.writes(x, state, scale), inference, counts

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
        feed, free, inference, _ = free_phase(network, synapses, x, self.free, key, key)
        if phase == "free":
            return free
        push = self.push_of_one(inference.output, target)
        return network.settle(synapses, feed, push, free, self.pushed, key)[0].state

    def push_of_one(self, output: Float[Array, "batch outputs"], target: Float[Array, "batch outputs"]) -> Push:
        """Of the pushed phase, by the whole strength toward the answer (or, on the negative side, away from it)."""
        sign = _SIGNS[self.side][-1]
        return self._push(output, target, self.strength * sign * jnp.ones(len(output), output.dtype))

    def _push(self, free_output, target, strengths) -> Push:
        strengths = strengths[:, None]
        if self.push == "nudge":
            return Nudge(target, strengths)
        return Clamp(free_output + strengths * (target - free_output))
