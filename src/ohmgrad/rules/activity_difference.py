"""The activity-difference family: contrastive Hebbian learning, coupled learning, equilibrium propagation."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from ohmgrad.networks import Clamp, Free, Network, Nudge, Push
from ohmgrad.rules.rule import Inference, Rule, Write

Side = Literal["positive", "negative", "centered"]


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
        free_key, *pushed_keys = jax.random.split(key, 3)
        free, counts = self.network.settle(synapses, x, Free(), self.network.start(x), self.free_sweeps, free_key)
        # Two ends of the difference, as strengths; 0 is the free phase itself.
        ends = {"positive": (0.0, 1.0), "negative": (-1.0, 0.0), "centered": (-1.0, 1.0)}[self.side]
        states = []
        for end, pushed_key in zip(ends, pushed_keys, strict=True):
            if end == 0:
                states.append(free.state)
                continue
            push = self._push(free.state[-1], target, end * self.strength)
            pushed, more = self.network.settle(synapses, x, push, free.state, self.pushed_sweeps, pushed_key)
            states.append(pushed.state)
            counts = counts.plus(more)
        scale = 1 / ((ends[1] - ends[0]) * self.strength * len(x))
        before, after = (self.network.pairs(x, state) for state in states)
        writes = [
            Write(jnp.concatenate([pre_a, pre_b]), scale * jnp.concatenate([post_a, -post_b]))
            for (pre_a, post_a), (pre_b, post_b) in zip(after, before, strict=True)
        ]
        return writes, Inference(free.state[-1], free.residual), counts

    def _push(self, free_output, target, strength: float) -> Push:
        if self.push == "nudge":
            return Nudge(target, strength)
        return Clamp(free_output + strength * (target - free_output))
