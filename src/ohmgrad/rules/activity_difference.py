"""The activity-difference family: contrastive Hebbian learning, coupled learning, equilibrium propagation."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.errors import InputError
from ohmgrad.networks import Clamp, Nudge, Push, Settled, Settling, SettlingNetwork
from ohmgrad.networks.network import copies
from ohmgrad.parts import Number, cast, number, part, setting
from ohmgrad.rules.rule import Learned, Phase, SettlingRule, free_phase
from ohmgrad.synapses import Synapse

_SIGNS = {"positive": (1,), "negative": (-1,), "centered": (-1, 1), "random": (1,)}


class ActivityDifference(SettlingRule):
    """Settle freely, settle with a pushed output, and write the difference of the activity products.

    `push` "nudge" adds strength / 2 |o - y|^2 to the energy: equilibrium propagation (Scellier & Bengio, Front. Comput.
    Neurosci. 11:24, 2017). "clamp" clamps the output to o + strength (y - o), where o is its free value: coupled
    learning (Stern et al., PRX 11, 021045, 2021) and, with strength 1, contrastive Hebbian learning (Movellan 1991).
    `side`: the push is toward the target (positive), away from it (negative), one of these at random per batch (random,
    as in Scellier & Bengio), or both (centered: Laborieux et al., Front. Neurosci. 15:633674, 2021).

    Claim: with "nudge", the write is minus the gradient of the settled loss |o - y|^2 / 2, up to an error of first
    order in the strength if one-sided, and of second order if centered. Verbs: read and read_transposed to settle,
    write once.

    Raises:
        InputError: if a field is out of range, the outputs are not neurons and cannot be clamped, or a nudge away from
            the target leaves the energy without a minimum.
    """

    kind: ClassVar[str] = "activity-difference"
    bfloat16: ClassVar[bool] = True
    network: SettlingNetwork  # pyright: ignore[reportIncompatibleVariableOverride]
    push: Literal["nudge", "clamp"] = setting(
        "nudge", "nudge: add strength / 2 |o - y|^2 to the energy; clamp: hold the output"
    )
    strength: Number = number(
        0.5,
        "strength of the nudge; of a clamp: share of the way from the free output to the target",
        ge=1e-4,
        le=10,
    )
    side: Literal["positive", "negative", "centered", "random"] = setting(
        "centered", "push the output towards the target, away from it, both, or one of these at random"
    )
    free: Settling = part(Settling(10), "settling of the free phase")
    pushed: Settling = part(Settling(8), "settling of the pushed phase")

    def __check_init__(self):
        if self.push == "clamp" and not self.network.output_neurons:
            raise InputError("rule.push 'clamp' holds output neurons, which a softmax readout has not; allowed: nudge")
        given = isinstance(self.strength, float)
        away = self.push == "nudge" and self.side != "positive"
        if given and away and self.strength >= self.network.nudge_limit:
            raise InputError(
                f"rule.strength {self.strength} with side '{self.side}' turns the nudged energy upside down; "
                f"allowed: below {self.network.nudge_limit:g}, or side 'positive'"
            )

    def learn(self, synapses, x, target, key):
        network, (feed_key, free_key, side_key, pushed_key) = self.network, jax.random.split(key, 4)
        free = free_phase(network, synapses, x, self.free, feed_key, free_key)
        strengths = self._strengths(x, side_key)
        pushed = self._pushed(synapses, free, target, strengths, pushed_key)
        # Finite difference in the strength b: weight +1 / d_b for the larger b, -1 / d_b for the smaller.
        state, scale = pushed.state, 1 / (len(_SIGNS[self.side]) * len(x) * strengths)
        if self.side != "centered":
            state = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), state, free.settled.state)
            scale = jnp.concatenate([scale, -scale])
        counts = free.inference.counts.plus(pushed.counts).plus(pushed.phases("pushed", self.pushed))
        return Learned(network.writes(x, state, scale), free.inference, counts)

    def _strengths(self, x: Float[Array, "batch ..."], key: PRNGKeyArray) -> Float[Array, "states"]:
        """Strengths of the push, per sample and side."""
        signs = jnp.repeat(jnp.array(_SIGNS[self.side], x.dtype), len(x))
        strengths = cast(self.strength, x) * signs
        return strengths * jax.random.rademacher(key, (), x.dtype) if self.side == "random" else strengths

    def _pushed(self, synapses, free: Phase, target, strengths, key) -> Settled:
        """The pushed phase; both sides of a centered push settle as one batch of twice the size."""
        times = len(_SIGNS[self.side])
        output, target, state = copies((free.inference.output, target, free.settled.state), times)
        feed, push = self.network.tiled(free.feed, times), self._push(output, target, strengths)
        return self.network.settle(synapses, feed, push, state, self.pushed, key)

    def settled(
        self,
        synapses: Sequence[Synapse],
        x: Float[Array, "batch ..."],
        target: Float[Array, "batch outputs"],
        phase: Literal["free", "nudged"],
        key: PRNGKeyArray,
    ) -> Settled:
        """Settle the network in one phase.

        Args:
            synapses: One per weight matrix.
            x: Inputs.
            target: Target outputs.
            phase: "free", or "nudged": pushed with full strength toward the target (side "negative": away from it).
            key: Random key for noise.
        """
        free = free_phase(self.network, synapses, x, self.free, key, key)
        if phase == "free":
            return free.settled
        push = self.push_of_one(free.inference.output, target)
        return self.network.settle(synapses, free.feed, push, free.settled.state, self.pushed, key)

    def push_of_one(self, output: Float[Array, "batch outputs"], target: Float[Array, "batch outputs"]) -> Push:
        """The push with full strength toward the target (side "negative": away from it).

        Args:
            output: Free outputs.
            target: Target outputs.
        """
        strength = cast(self.strength, output) * _SIGNS[self.side][-1]
        return self._push(output, target, jnp.full(len(output), strength))

    def _push(self, free_output, target, strengths) -> Push:
        strengths = strengths[:, None]
        if self.push == "nudge":
            return Nudge(target, strengths)
        return Clamp(free_output + strengths * (target - free_output))
