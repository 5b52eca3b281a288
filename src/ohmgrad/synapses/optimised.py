"""Ideal weights that an optimiser of optax writes; on crossbars the write scheme is the optimiser."""

import abc
from typing import TYPE_CHECKING, Any, ClassVar, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.parts import Number, Part, number
from ohmgrad.synapses.ideal import Digital
from ohmgrad.synapses.synapse import counted

if TYPE_CHECKING:
    import optax  # a seventh of a second, which only those who ask for an optimiser spend


class Optimiser(Part):
    """What decides how far ideal weights go along a gradient; the training's rates and schedule come on top."""

    @abc.abstractmethod
    def transformation(self) -> "optax.GradientTransformation":
        """With a learning rate of 1."""


class Sgd(Optimiser):
    """Steps against the gradient, with momentum and weight decay."""

    kind: ClassVar[str] = "sgd"
    momentum: Number | None = number(None, "share of the step before that is added", off=0.0, ge=0, lt=1)
    weight_decay: Number | None = number(None, "times the weights, added to gradients", off=0.0, ge=0, le=1)

    def transformation(self):
        import optax

        decay = optax.identity() if self.weight_decay is None else optax.add_decayed_weights(self.weight_decay)
        return optax.chain(decay, optax.sgd(1.0, momentum=self.momentum))


class Adam(Optimiser):
    """Adam (Kingma & Ba 2015)."""

    kind: ClassVar[str] = "adam"

    def transformation(self):
        import optax

        return optax.adam(1.0)


class Optimised(Digital):
    """Digital weights W with a memory of past writes: momentum, Adam, weight decay.

    A write hands the optimiser -pre^T post as the gradient and adds `rate` times its answer to W. No write takes a
    weight below `low`.
    """

    state: Any
    optimiser: Optimiser
    low: float | None = eqx.field(static=True, default=None)

    @staticmethod
    def begin(matrix: Float[Array, "rows columns"], optimiser: Optimiser, low: float | None = None) -> "Optimised":
        """Weights that were never written."""
        return Optimised(matrix, optimiser.transformation().init(matrix), optimiser, low)

    def write(self, pre, post, key: PRNGKeyArray | None = None, rate=1.0) -> tuple["Optimised", Counts]:
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            update, state = self.optimiser.transformation().update(-(pre.T @ post), self.state, self.matrix)
        matrix = self.matrix + rate * cast(Array, update)
        if self.low is not None:
            matrix = jnp.maximum(matrix, self.low)
        return Optimised(matrix, state, self.optimiser, self.low), counted("write", len(pre), *self.matrix.shape)
