"""Ideal weights with an optimiser of optax. On crossbars, the write scheme takes the place of the optimiser."""

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
    import optax  # takes a seventh of a second, so it is imported only for optimisers


class Optimiser(Part):
    """Turns gradients into updates of ideal weights; learning rates and their schedule multiply the result."""

    @abc.abstractmethod
    def transformation(self) -> "optax.GradientTransformation":
        """The optimiser of optax, with a learning rate of 1."""


class Sgd(Optimiser):
    """Stochastic gradient descent with momentum and weight decay."""

    kind: ClassVar[str] = "sgd"
    momentum: Number | None = number(None, "momentum: share of the previous step that is added", off=0.0, ge=0, lt=1)
    weight_decay: Number | None = number(
        None, "weight decay: factor of the weights that is added to gradients", off=0.0, ge=0, le=1
    )

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
    """Floating-point weights with an optimiser.

    A write passes -pre^T post to the optimiser as the gradient, and adds `rate` times the resulting update to W.

    Attributes:
        state: Memory of the optimiser.
        optimiser: The optimiser.
        low: Lower bound on every weight, or None.
    """

    state: Any
    optimiser: Optimiser
    low: float | None = eqx.field(static=True, default=None)

    @staticmethod
    def begin(matrix: Float[Array, "rows columns"], optimiser: Optimiser, low: float | None = None) -> "Optimised":
        """Create weights with a fresh memory of the optimiser.

        Args:
            matrix: The initial weights.
            optimiser: The optimiser.
            low: Lower bound on every weight, or None.
        """
        return Optimised(matrix, optimiser.transformation().init(matrix), optimiser, low)

    def write(self, pre, post, key: PRNGKeyArray | None = None, rate=1.0) -> tuple["Optimised", Counts]:
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole powers
            update, state = self.optimiser.transformation().update(-(pre.T @ post), self.state, self.matrix)
        matrix = self.matrix + rate * cast(Array, update)
        if self.low is not None:
            matrix = jnp.maximum(matrix, self.low)
        return Optimised(matrix, state, self.optimiser, self.low), counted("write", len(pre), *self.matrix.shape)
