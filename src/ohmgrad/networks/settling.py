"""How a network relaxes: in which order its layers take their turns, how far, how long, and how it ended."""

import enum
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ohmgrad.counts import Counts

Order = Literal["forward", "backward", "odd-even", "synchronous"]
Precision = Literal["float32", "bfloat16"]
State = tuple[Any, ...]
"""A pytree per layer, the output last, every array with the batch first: a layer's activity and what else it keeps."""


AT_REST = 0.01
"""A neuron counts as settled where the last of a fixed number of sweeps moves it by no more than this."""


class Settling(eqx.Module):
    """At most so many sweeps, in each of which every layer moves once.

    Without a `tolerance` all sweeps are made; with one, sweeps end once no neuron of any sample moved by more than it.
    Layers of a turn move at once, the turns one after another: "odd-even" is exact block descent for layers that are
    coupled to their neighbours only, "synchronous" moves all layers on what they were before the sweep. A `step` below
    1 goes only this share of the way to each layer's minimum; small and synchronous, that is gradient flow.
    In bfloat16 weights and activities keep 8 bits while they settle, for processors that compute faster with them; the
    settled state is handed on in float32.
    """

    sweeps: int = eqx.field(static=True)
    tolerance: float | None = eqx.field(static=True, default=None)
    order: Order = eqx.field(static=True, default="forward")
    step: float = eqx.field(static=True, default=1.0)
    precision: Precision = eqx.field(static=True, default="float32")

    @property
    def rest(self) -> float:
        """The change of a neuron in one sweep up to which it counts as settled."""
        return AT_REST if self.tolerance is None else self.tolerance

    def turns(self, layers: int) -> tuple[tuple[int, ...], ...]:
        """The layers, counted from 0, that move together, turn after turn."""
        everyone = tuple(range(layers))
        if self.order == "synchronous":
            return (everyone,)
        if self.order == "odd-even":
            return tuple(turn for turn in (everyone[::2], everyone[1::2]) if turn)
        return tuple((layer,) for layer in (everyone if self.order == "forward" else reversed(everyone)))


class Verdict(enum.IntEnum):
    """How a relaxation ended."""

    SETTLED = 0
    NOT_SETTLED = 1
    DIVERGED = 2


class Settled(NamedTuple):
    """Where a relaxation ended: the state, the largest change of any neuron in its last sweep (one per sample), the
    sweeps made."""

    state: State
    residual: Float[Array, "batch"]
    sweeps: Int[Array, ""] | int

    def verdict(self, tolerance: float) -> Int[Array, "batch"]:
        """A `Verdict` per sample; diverged where a neuron is no finite number."""
        moved = jnp.where(self.residual <= tolerance, Verdict.SETTLED, Verdict.NOT_SETTLED)
        return jnp.where(jnp.isfinite(self.residual), moved, Verdict.DIVERGED)

    def phases(self, kind: Literal["free", "pushed"], settling: Settling) -> Counts:
        """How many phases ended here, one per sample, and how many of them did not settle or diverged."""
        verdict = self.verdict(settling.rest)
        unsettled = (verdict != Verdict.SETTLED).sum().astype(jnp.float32)
        diverged = (verdict == Verdict.DIVERGED).sum().astype(jnp.float32)
        return Counts(**{f"{kind}_phases": float(len(verdict)), f"{kind}_unsettled": unsettled, "diverged": diverged})
