"""The activity-difference family: contrastive Hebbian learning, coupled learning, equilibrium propagation."""

from collections.abc import Sequence
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.networks import Clamp, Free, Network, Nudge, Push
from ohmgrad.networks.network import State
from ohmgrad.rules.rule import Inference, Rule, Write
from ohmgrad.synapses import Synapse

Side = Literal["positive", "negative", "centered"]
_SIGNS = {"positive": (1,), "negative": (-1,), "centered": (-1, 1)}


class ActivityDifference(Rule):
    """Settle freely, settle again with the output pushed, and write the difference of the two activity products.

    `push` "nudge" adds strength / 2 |o - y|^2 to the energy: equilibrium propagation (Scellier & Bengio, Front. Comput.
    Neurosci. 11:24, 2017). "clamp" holds the output at o + strength (y - o), o being its free value: coupled learning
    (Stern et al., PRX 11, 021045, 2021), and at strength 1 contrastive Hebbian learning (Movellan 1991). `side`
    pushes toward the answer (positive), away from it (negative), or both ways (centered: Laborieux et al., Front.
    Neurosci. 15:633674, 2021).

    Claim: with "nudge" the write is minus the gradient of the settled loss |o - y|^2 / 2, up to an error of first order
    in the strength on one side and of second order centered. Verbs: read and read_transposed to settle, write once.
    """

    network: Network
    push: Literal["nudge", "clamp"] = eqx.field(static=True, default="nudge")
    strength: float = eqx.field(static=True, default=0.5)
    side: Side = eqx.field(static=True, default="centered")
    free_sweeps: int = eqx.field(static=True, default=10)
    pushed_sweeps: int = eqx.field(static=True, default=8)

    @property
    def shapes(self):
        return self.network.shapes

    def infer(self, synapses, x, key):
        settled, counts = self.network.settle(synapses, x, Free(), self.network.start(x), self.free_sweeps, key)
        return Inference(settled.state[-1], settled.residual), counts

    def learn(self, synapses, x, target, key):
        free_key, pushed_key = jax.random.split(key)
        free, counts = self.network.settle(synapses, x, Free(), self.network.start(x), self.free_sweeps, free_key)
        # Both pushes of the centered rule settle as one batch of twice the size.
        signs = _SIGNS[self.side]
        strengths = self.strength * jnp.repeat(jnp.array(signs, x.dtype), len(x))[:, None]

        def repeat(a):
            return jnp.tile(a, (len(signs), 1))

        pushed, more = self.network.settle(
            synapses,
            repeat(x),
            self._push(repeat(free.state[-1]), repeat(target), strengths),
            jax.tree.map(repeat, free.state),
            self.pushed_sweeps,
            pushed_key,
        )
        # Of two ends at a distance of d in strength, the products of the upper count 1 / d, of the lower -1 / d.
        scale = 1 / (len(signs) * len(x) * strengths)
        writes = [Write(pre, scale * post) for pre, post in self.network.pairs(repeat(x), pushed.state)]
        if self.side != "centered":
            writes = [
                Write(jnp.concatenate([pre, free_pre]), jnp.concatenate([post, -scale * free_post]))
                for (pre, post), (free_pre, free_post) in zip(writes, self.network.pairs(x, free.state), strict=True)
            ]
        return writes, Inference(free.state[-1], free.residual), counts.plus(more)

    def settled(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch inputs"],
        target: Float[Array, "batch outputs"],
        phase: Literal["free", "nudged"],
        key: PRNGKeyArray,
    ) -> State:
        """The state of one phase; nudged means pushed, by the whole strength, toward the answer (or away from it)."""
        network = self.network
        free, _ = network.settle(synapses, x, Free(), network.start(x), self.free_sweeps, key)
        if phase == "free":
            return free.state
        strengths = self.strength * _SIGNS[self.side][-1] * jnp.ones((len(x), 1), x.dtype)
        push = self._push(free.state[-1], target, strengths)
        return network.settle(synapses, x, push, free.state, self.pushed_sweeps, key)[0].state

    def _push(self, free_output, target, strengths) -> Push:
        if self.push == "nudge":
            return Nudge(target, strengths)
        return Clamp(free_output + strengths * (target - free_output))
