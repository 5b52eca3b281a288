"""Complex vectors on real arrays: real and imaginary parts are read one after the other."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.synapses.synapse import Synapse

Rows = Inexact[Array, "vectors *rows"]
Columns = Inexact[Array, "vectors *columns"]


class Complex(Synapse):
    """A real synapse for complex vectors: a read of a complex vector is two real reads; real vectors pass unchanged."""

    synapse: Synapse

    @property
    def weights(self):
        return self.synapse.weights

    def aged(self, seconds) -> "Complex":
        return Complex(self.synapse.aged(seconds))

    def read(self, x, key):
        return _read_parts(self.synapse.read, x, key)

    def read_transposed(self, y, key):
        return _read_parts(self.synapse.read_transposed, y, key)

    def write(self, pre, post, key, rate=1.0) -> tuple["Complex", Counts]:
        """Add rate times the real part of pre^T post to W; arguments and results as in `Synapse.write`."""
        synapse, counts = self.synapse.write(*as_real(pre, post), key, rate)
        return Complex(synapse), counts


def as_real(
    pre: Rows, post: Columns
) -> tuple[Float[Array, "real_vectors *rows"], Float[Array, "real_vectors *columns"]]:
    """Convert complex vectors to real ones whose summed outer products are the real part of pre^T post.

    Args:
        pre: Vectors at the rows.
        post: Vectors at the columns.

    Returns:
        Real vectors at the rows and at the columns: twice as many if both are complex.
    """
    if not jnp.iscomplexobj(pre):
        return pre, post.real
    if not jnp.iscomplexobj(post):
        return pre.real, post
    return jnp.concatenate([pre.real, pre.imag]), jnp.concatenate([post.real, -post.imag])


def _read_parts(
    verb: Callable, vectors: Inexact[Array, "batch *inputs"], key: PRNGKeyArray
) -> tuple[Inexact[Array, "batch *outputs"], Counts]:
    if not jnp.iscomplexobj(vectors):
        return verb(vectors, key)
    out, counts = verb(jnp.concatenate([vectors.real, vectors.imag]), key)
    return jax.lax.complex(*jnp.split(out, 2)), counts
