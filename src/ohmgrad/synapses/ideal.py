"""Ideal floating-point weights."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.synapses.synapse import Synapse, counted


class Digital(Synapse):
    """Weights as floating-point numbers; reads are matrix products, exact up to rounding.

    Attributes:
        matrix: The weights.
        digital: Whether a digital unit computes these products, also where the network's weights are on crossbars.
    """

    matrix: Float[Array, "rows columns"]

    digital = False

    @property
    def weights(self) -> Float[Array, "rows columns"]:
        return self.matrix

    def supports(self, precision):
        return precision in ("float32", "bfloat16")

    def read(self, x, key: PRNGKeyArray | None = None):
        return x @ self.matrix, counted("read", len(x), *self.matrix.shape, digital=self.digital)

    def read_transposed(self, y, key: PRNGKeyArray | None = None):
        return y @ self.matrix.T, counted("read_transposed", len(y), *self.matrix.shape, digital=self.digital)


class Fixed(Digital):
    """A constant matrix in digital memory, such as random feedback weights; a digital unit computes its products.

    Raises:
        InputError: on every write.
    """

    digital = True

    def write(self, pre, post, key: PRNGKeyArray | None = None, rate=1.0) -> tuple["Fixed", Counts]:
        raise InputError("write: a fixed matrix is never written; allowed: Ideal weights")


class Ideal(Digital):
    """Floating-point weights to which writes add the exact update.

    Attributes:
        low: Lower bound on every weight, or None.
    """

    low: float | None = eqx.field(static=True, default=None)

    def write(self, pre, post, key: PRNGKeyArray | None = None, rate=1.0) -> tuple["Ideal", Counts]:
        new = self.matrix + jnp.einsum("vr,vc->rc", pre, rate * post)
        if self.low is not None:
            new = jnp.maximum(new, self.low)
        return Ideal(new, self.low), counted("write", len(pre), *self.matrix.shape)
