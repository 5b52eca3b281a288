"""Complex vectors on real arrays: real and imaginary parts take their turns on the same lines."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.synapses.synapse import Synapse

Rows = Inexact[Array, "vectors *rows"]
Columns = Inexact[Array, "vectors *columns"]


class Complex(Synapse):
    """The verbs of a real synapse for complex vectors: a read of a complex vector is two real ones. Real ones pass."""

    synapse: Synapse

    @property
    def weights(self):
        return self.synapse.weights

    def aged(self, seconds) -> "Complex":
        return Complex(self.synapse.aged(seconds))

    def read(self, x, key):
        return _apart(self.synapse.read, x, key)

    def read_transposed(self, y, key):
        return _apart(self.synapse.read_transposed, y, key)

    def write(self, pre, post, key, rate=1.0) -> tuple["Complex", Counts]:
        """W += rate times the real part of pre^T post."""
        synapse, counts = self.synapse.write(*as_real(pre, post), key, rate)
        return Complex(synapse), counts


def as_real(pre: Rows, post: Columns) -> tuple[Float[Array, "more *rows"], Float[Array, "more *columns"]]:
    """Real vectors whose summed outer products are the real part of pre^T post."""
    if not jnp.iscomplexobj(pre):
        return pre, post.real
    if not jnp.iscomplexobj(post):
        return pre.real, post
    return jnp.concatenate([pre.real, pre.imag]), jnp.concatenate([post.real, -post.imag])


def _apart(
    verb: Callable, vectors: Inexact[Array, "batch *inputs"], key: PRNGKeyArray
) -> tuple[Inexact[Array, "batch *outputs"], Counts]:
    if not jnp.iscomplexobj(vectors):
        return verb(vectors, key)
    out, counts = verb(jnp.concatenate([vectors.real, vectors.imag]), key)
    return jax.lax.complex(*jnp.split(out, 2)), counts
