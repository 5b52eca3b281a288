"""Oracle: the convolution of jax.lax, its transpose and its gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices
from ohmgrad.crossbar import Hardware
from ohmgrad.synapses import Convolution, Crossbar, Ideal

KEY = jax.random.key(0)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
@pytest.mark.parametrize("kind", ["ideal", "crossbar"])
def test_verbs_are_the_convolution_its_transpose_and_its_gradient(kind, stride, padding):
    images = jax.random.uniform(KEY, (2, 9, 8, 3), minval=-1)
    kernels = 0.2 * jax.random.normal(KEY, (3, 3, 3, 5))
    matrix = jnp.transpose(kernels, (2, 0, 1, 3)).reshape(27, 5)
    synapse = Ideal(matrix)
    if kind == "crossbar":
        hardware = Hardware(devices.preset("taox-1t1r"), 16, 16).only()
        synapse, _ = Crossbar.program(matrix, hardware, 1.0, 1e-3, KEY)
    ours = Convolution(synapse, 3, 3, stride, padding)

    def exact(images, kernels):
        return jax.lax.conv_general_dilated(
            images, kernels, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    maps, counts = ours.read(images, KEY)
    expected, pullback = jax.vjp(exact, images, kernels)
    np.testing.assert_allclose(maps, expected, atol=2e-5)
    assert counts.macs == maps.shape[0] * maps.shape[1] * maps.shape[2] * 27 * 5
    post = 0.01 * jax.random.normal(jax.random.key(1), maps.shape)
    back, gradient = pullback(post)
    np.testing.assert_allclose(ours.read_transposed(post, (9, 8), KEY)[0], back, atol=1e-6)
    written, _ = ours.write(images, post, KEY)
    changed = np.asarray(written.synapse.weights - matrix).reshape(3, 3, 3, 5).transpose(1, 2, 0, 3)
    np.testing.assert_allclose(changed, gradient, atol=2e-6)
