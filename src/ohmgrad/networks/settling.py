"""Relaxation of a network: order of its layers, step, number of sweeps, and whether it settled."""

import enum
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ohmgrad.counts import Counts
from ohmgrad.parts import COUNT, Number, Part, cast, number, setting

Order = Literal["forward", "backward", "odd-even", "synchronous"]
Precision = Literal["float32", "bfloat16"]
State = tuple[Any, ...]
"""One pytree per layer, the output last: its activity and other data; the first axis of every array is the batch."""


AT_REST = 0.01
"""With a fixed number of sweeps, a neuron counts as settled if the last one changes it by at most this."""


class Settling(Part):
    """Settings of a relaxation.

    At most `sweeps` sweeps are made; in each, every layer moves once. Without a `tolerance`, all are made; with one,
    sweeps end once no neuron of any sample changes by more than the tolerance. `order` determines which layers move at
    once: "odd-even" is exact block descent if layers are coupled to their neighbours only; "synchronous" moves all
    layers according to the state before the sweep. With a `step`, each layer moves only this share of the way to its
    minimum; small synchronous steps are gradient flow. In bfloat16, weights and activities have 8 significant bits
    while settling, which is faster on some processors; the settled state is returned in float32.

    Raises:
        InputError: if a field is out of range.
    """

    sweeps: int = setting(meaning="largest number of sweeps; each updates every layer once", **COUNT)
    tolerance: Number | None = number(
        None, "stop once no neuron changes by more in a sweep; none: make all sweeps", gt=0, le=1
    )
    order: Order = setting("forward", "order in which a sweep updates the layers")
    step: Number | None = number(
        None, "share of the way to its energy minimum that a layer moves in a sweep", off=1.0, gt=0, le=1
    )
    precision: Precision = setting(
        "float32", "number format of weights and activities while settling; bfloat16: ideal weights only"
    )

    @property
    def rest(self) -> Number:
        """The largest change in one sweep for which a neuron counts as settled."""
        return AT_REST if self.tolerance is None else self.tolerance

    def turns(self, layers: int) -> tuple[tuple[int, ...], ...]:
        """The groups of layers, counted from 0, that move at once, in order."""
        everyone = tuple(range(layers))
        if self.order == "synchronous":
            return (everyone,)
        if self.order == "odd-even":
            return tuple(turn for turn in (everyone[::2], everyone[1::2]) if turn)
        return tuple((layer,) for layer in (everyone if self.order == "forward" else reversed(everyone)))

    def toward(self, before: Array, minimum: Array) -> Array:
        """The new activity of a layer: `minimum`, or a `step` from `before` toward it."""
        return minimum if self.step is None else before + cast(self.step, before) * (minimum - before)


class Verdict(enum.IntEnum):
    """Outcome of a relaxation."""

    SETTLED = 0
    NOT_SETTLED = 1
    DIVERGED = 2


def verdict(residual: Float[Array, "batch"], tolerance: Number) -> Int[Array, "batch"]:
    """The `Verdict` of each sample; DIVERGED if a neuron is not finite.

    Args:
        residual: Per sample, the largest change of any neuron in the last sweep.
        tolerance: The largest change for which a neuron counts as settled.
    """
    moved = jnp.where(residual <= cast(tolerance, residual), Verdict.SETTLED, Verdict.NOT_SETTLED)
    return jnp.where(jnp.isfinite(residual), moved, Verdict.DIVERGED)


class Settled(NamedTuple):
    """Final state of a relaxation, and its counts."""

    state: State
    residual: Float[Array, "batch"]
    """Per sample, the largest change of any neuron in the last sweep."""
    sweeps: Int[Array, ""] | int
    """Number of sweeps made."""
    counts: Counts

    def verdict(self, tolerance: Number) -> Int[Array, "batch"]:
        """The `Verdict` of each sample; see `verdict`."""
        return verdict(self.residual, tolerance)

    def phases(self, kind: Literal["free", "pushed"], settling: Settling) -> Counts:
        """Counts of phases (one per sample), and of those that did not settle or diverged."""
        verdict = self.verdict(settling.rest)
        unsettled = (verdict != Verdict.SETTLED).sum().astype(jnp.float32)
        diverged = (verdict == Verdict.DIVERGED).sum().astype(jnp.float32)
        return Counts(**{f"{kind}_phases": float(len(verdict)), f"{kind}_unsettled": unsettled, "diverged": diverged})
