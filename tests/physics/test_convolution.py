"""Oracle: explicit loops over patches; the convolution of jax.lax, its transpose and its gradient."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices
from ohmgrad.crossbar import Hardware
from ohmgrad.devices.aging import Retention
from ohmgrad.synapses import Convolution, Crossbar, Ideal, Optimised, Sgd, winograd

KEY = jax.random.key(0)


def exact(matrix, images, size, stride, padding):
    """The matrix (kernels row by row, bias last) as a convolution of jax.lax."""
    kernels = matrix[:-1].reshape(size, size, images.shape[-1], -1)
    return matrix[-1] + jax.lax.conv_general_dilated(
        images, kernels, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def test_rows_are_pixels_of_a_patch_then_channels_then_the_bias():
    images, matrix = np.asarray(jax.random.normal(KEY, (2, 5, 4, 2))), np.asarray(jax.random.normal(KEY, (19, 3)))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.zeros((2, 5, 4, 3))
    for b, h, w in np.ndindex(2, 5, 4):
        patch = [padded[b, h + i, w + j, c] for i, j, c in itertools.product(range(3), range(3), range(2))]
        expected[b, h, w] = np.array([*patch, 1.0]) @ matrix
    maps, _ = Convolution(Ideal(jnp.array(matrix)), (5, 4, 2), 3, padding=1).read(jnp.array(images), KEY)
    np.testing.assert_allclose(maps, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "size", "stride", "padding"),
    [
        ((9, 8, 3), 3, 1, 0),
        ((9, 8, 3), 3, 2, 1),
        ((7, 8, 2), 5, 1, 2),
        ((6, 8, 3), 3, 1, 1),
        ((6, 5, 3), 3, 1, 2),
        ((4, 4, 2), 3, 2, 4),
    ],
)
@pytest.mark.parametrize("kind", ["ideal", "optimised", "crossbar"])
def test_verbs_are_the_convolution_its_transpose_and_its_gradient(kind, shape, size, stride, padding):
    images = jax.random.uniform(KEY, (2, *shape), minval=-1)
    matrix = 0.2 * jax.random.normal(KEY, (size**2 * shape[-1] + 1, 5))
    synapse = Ideal(matrix)
    if kind == "optimised":
        synapse = Optimised.begin(matrix, Sgd(0.9))
    if kind == "crossbar":
        hardware = Hardware(devices.preset("taox-1t1r"), 16, 16).only()
        synapse, _ = Crossbar.program(matrix, hardware, 1.0, 1e-3, KEY)
    ours = Convolution(synapse, shape, size, stride, padding)
    expected, pullback = jax.vjp(lambda m, x: exact(m, x, size, stride, padding), matrix, images)
    maps, counts = ours.read(images, KEY)
    np.testing.assert_allclose(maps, expected, atol=2e-5)
    assert counts.macs == maps.shape[0] * maps.shape[1] * maps.shape[2] * matrix.size
    post = 0.01 * jax.random.normal(jax.random.key(1), maps.shape)
    gradient, back = pullback(post)
    np.testing.assert_allclose(ours.read_transposed(post, KEY)[0], back, atol=1e-6)
    written, _ = ours.write(images, post, KEY, 0.5)
    np.testing.assert_allclose(written.weights - matrix, 0.5 * gradient, atol=2e-6)


@pytest.mark.parametrize("batch", [1, 6, 7])
def test_held_kernels_are_the_convolution_to_rounding_for_any_batch(batch):
    """Images so large that a batch is cut; in double precision, where nothing hides behind rounding."""
    with jax.enable_x64(True):
        images = jax.random.normal(KEY, (batch, 32, 34, 32), jnp.float64)
        matrix = jax.random.normal(KEY, (289, 33), jnp.float64) / 17
        held = Convolution(Ideal(matrix), (32, 34, 32), 3, padding=1).cached()
        assert held.products is not None
        expected, pullback = jax.vjp(lambda x: exact(matrix, x, 3, 1, 1), images)
        maps = jax.random.normal(jax.random.key(1), expected.shape, jnp.float64)
        np.testing.assert_allclose(held.read(images, KEY)[0], expected, atol=1e-12)
        np.testing.assert_allclose(held.read_transposed(maps, KEY)[0], pullback(maps)[0], atol=1e-12)
        written, _ = held.write(images, maps, KEY, 0.1)
        np.testing.assert_allclose(written.read(images, KEY)[0], exact(written.weights, images, 3, 1, 1), atol=1e-9)


def test_images_too_large_for_the_cache_are_the_convolution_too():
    """Of more windows than are meant to be worked on at a time: one image after another."""
    images, matrix = jax.random.normal(KEY, (3, 66, 64, 1)), jax.random.normal(KEY, (10, 2)) / 3
    kernels = winograd.transformed(matrix[:-1].reshape(3, 3, 1, 2))
    maps = winograd.convolve(images, kernels) + matrix[-1]
    np.testing.assert_allclose(maps, exact(matrix, images, 3, 1, 1), atol=1e-5)


def test_kernels_on_devices_age_as_their_devices_do():
    """Retention: what is left of every weight of a pair after t seconds is exp(-t / tau), on kernels as on matrices."""
    device = dataclasses.replace(devices.preset("taox-1t1r"), aging=Retention(100.0), g_min_siemens=0.0)
    weights = 0.3 * jax.random.normal(KEY, (19, 3))
    crossbar, _ = Crossbar.program(weights, Hardware(device).only("aging"), 2.0, 1e-3, KEY)
    kernels = Convolution(crossbar, (6, 6, 2), 3, padding=1)
    np.testing.assert_allclose(kernels.weights, weights, atol=1e-5)
    np.testing.assert_allclose(kernels.aged(50.0).weights, weights * np.exp(-0.5), atol=1e-5)
    assert Convolution(Ideal(weights), (6, 6, 2), 3).aged(50.0).weights is weights
