"""What tests of gradients share: weights whose biases count, and how far two gradients are apart."""

import jax
import numpy as np


def with_biases(weights, key):
    """The same matrices with random last rows, which are biases, of standard deviation 0.1."""
    return [w.at[-1].set(0.1 * jax.random.normal(key, w.shape[1:], w.dtype)) for w in weights]


def distance(a, b):
    """The norm of the difference of all matrices together, relative to the second."""
    a, b = (np.concatenate([np.ravel(m) for m in matrices]) for matrices in (a, b))
    return np.linalg.norm(a - b) / np.linalg.norm(b)
