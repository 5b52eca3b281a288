"""What an answer of a feed-forward network costs, and how that changes with the answer."""

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Loss = Literal["squared", "cross-entropy"]
"""|o - y|^2 / 2, or the cross-entropy between softmax(o) and a target whose entries sum to 1."""

Outputs = Float[Array, "batch outputs"]


def value(loss: Loss, output: Outputs, target: Outputs) -> Float[Array, "batch"]:
    """The loss of each sample."""
    if loss == "squared":
        return jnp.square(output - target).sum(1) / 2
    return -(target * jax.nn.log_softmax(output)).sum(1)


def slope(loss: Loss, output: Outputs, target: Outputs) -> Outputs:
    """Its derivative by the output: what was answered, as a probability where the loss reads it so, less the target."""
    return (output if loss == "squared" else jax.nn.softmax(output)) - target
