"""How a network relaxes: in which order its layers take turns, how far, how long, and how it ended."""

import enum
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ohmgrad.counts import Counts
from ohmgrad.parts import COUNT, Number, Part, cast, number, setting

Order = Literal["forward", "backward", "odd-even", "synchronous"]
Precision = Literal["float32", "bfloat16"]
State = tuple[Any, ...]
"""A pytree per layer, the output last, every array with the batch first: a layer's activity and what else it keeps."""


AT_REST = 0.01
"""A neuron counts as settled where the last of a fixed number of sweeps moves it by no more than this."""


class Settling(Part):
    """How a network relaxes.

    At most so many sweeps are made, in each of which every layer moves once. Without a `tolerance` all are made; with
    one, sweeps end once no neuron of any sample moved by more than it. Layers of a turn move at once, the turns one
    after another: "odd-even" is exact block descent for layers that are coupled to their neighbours only, "synchronous"
    moves all layers on what they were before the sweep. With a `step` each layer goes only this share of the way to its
    minimum; small and synchronous, that is gradient flow. In bfloat16 weights and activities keep 8 bits while they
    settle, for processors that compute faster with them; the settled state is returned in float32.

    Raises InputError for a field out of its range.
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

    def toward(self, before: Array, minimum: Array) -> Array:
        """Where a layer goes that was at `before` and whose minimum is at `minimum`."""
        return minimum if self.step is None else before + cast(self.step, before) * (minimum - before)


class Verdict(enum.IntEnum):
    """How a relaxation ended."""

    SETTLED = 0
    NOT_SETTLED = 1
    DIVERGED = 2


def verdict(residual: Float[Array, "batch"], tolerance: Number) -> Int[Array, "batch"]:
    """A `Verdict` per sample; diverged where a neuron is no finite number.

    Args:
        residual: The largest change of any neuron of a sample in the last sweep.
        tolerance: The change up to which a neuron counts as settled.
    """
    moved = jnp.where(residual <= cast(tolerance, residual), Verdict.SETTLED, Verdict.NOT_SETTLED)
    return jnp.where(jnp.isfinite(residual), moved, Verdict.DIVERGED)


class Settled(NamedTuple):
    """Where a relaxation ended, and what it took."""

    state: State
    residual: Float[Array, "batch"]
    """The largest change of any neuron of a sample in the last sweep."""
    sweeps: Int[Array, ""] | int
    """Sweeps made."""
    counts: Counts

    def verdict(self, tolerance: Number) -> Int[Array, "batch"]:
        """A `Verdict` per sample (`verdict`)."""
        return verdict(self.residual, tolerance)

    def phases(self, kind: Literal["free", "pushed"], settling: Settling) -> Counts:
        """How many phases ended here, one per sample, and how many of them did not settle or diverged."""
        verdict = self.verdict(settling.rest)
        unsettled = (verdict != Verdict.SETTLED).sum().astype(jnp.float32)
        diverged = (verdict == Verdict.DIVERGED).sum().astype(jnp.float32)
        return Counts(**{f"{kind}_phases": float(len(verdict)), f"{kind}_unsettled": unsettled, "diverged": diverged})
