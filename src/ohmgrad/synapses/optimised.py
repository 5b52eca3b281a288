"""Ideal weights that an optimiser of optax writes; on crossbars the write scheme is the optimiser."""

from typing import cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.synapses.ideal import Digital
from ohmgrad.synapses.synapse import counted


class Optimised(Digital):
    """Digital weights W with a memory of past writes: momentum, Adam, weight decay.

    A write hands the optimiser -pre^T post as the gradient and adds `rate` times its answer to W, so the optimiser is
    made with a learning rate of 1, as `optax.adam(1.0)`, and the training's rates and schedule do the rest. No write
    takes a weight below `low`.
    """

    state: optax.OptState
    optimiser: optax.GradientTransformation = eqx.field(static=True)
    low: float | None = eqx.field(static=True, default=None)

    @staticmethod
    def begin(
        matrix: Float[Array, "rows columns"], optimiser: optax.GradientTransformation, low: float | None = None
    ) -> "Optimised":
        """Weights that were never written."""
        return Optimised(matrix, optimiser.init(matrix), optimiser, low)

    def write(self, pre, post, key: PRNGKeyArray | None = None, rate=1.0) -> tuple["Optimised", Counts]:
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            update, state = self.optimiser.update(-(pre.T @ post), self.state, self.matrix)
        matrix = self.matrix + rate * cast(Array, update)
        if self.low is not None:
            matrix = jnp.maximum(matrix, self.low)
        return Optimised(matrix, state, self.optimiser, self.low), counted("write", len(pre), *self.matrix.shape)
