"""Loss functions of feed-forward networks, and their derivatives."""

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Loss = Literal["squared", "cross-entropy"]
"""squared: |o - y|^2 / 2. cross-entropy: between softmax(o) and a target whose entries sum to 1."""

Outputs = Float[Array, "batch outputs"]


def value(loss: Loss, output: Outputs, target: Outputs) -> Float[Array, "batch"]:
    """The loss of each sample.

    Args:
        loss: Kind of the loss.
        output: Outputs o.
        target: Targets y.
    """
    if loss == "squared":
        return jnp.square(output - target).sum(1) / 2
    return -(target * jax.nn.log_softmax(output)).sum(1)


def slope(loss: Loss, output: Outputs, target: Outputs) -> Outputs:
    """The derivative of the loss by the output: o - y (cross-entropy: softmax(o) - y); arguments as in `value`."""
    return (output if loss == "squared" else jax.nn.softmax(output)) - target
