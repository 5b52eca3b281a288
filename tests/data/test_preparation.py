"""Oracle: numpy's padding and slicing, each crop looked for among all crops of its image; binomial statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.data import preparation


@pytest.fixture
def batch():
    return np.random.default_rng(0).integers(0, 256, (400, 6, 9, 3), np.uint8)


def test_scaled_is_the_byte_over_255():
    scaled = np.asarray(jax.jit(preparation.scaled)(jnp.arange(256, dtype=jnp.uint8)))
    assert scaled.dtype == np.float32 and scaled[0] == 0 and scaled[255] == 1
    np.testing.assert_allclose(scaled, np.arange(256) / 255, rtol=2e-7)


def test_normalised_channels_have_mean_0_and_deviation_1(batch):
    x = batch.astype(np.float32) / 255
    mean, deviation = x.mean((0, 1, 2)), x.std((0, 1, 2))
    normalised = np.asarray(jax.jit(preparation.normalised)(jnp.asarray(x), mean, deviation))
    np.testing.assert_allclose(normalised.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(normalised.std((0, 1, 2)), 1, rtol=1e-5)


def test_padded_puts_zeros_around_28_to_make_32():
    x = np.random.default_rng(1).integers(1, 256, (3, 28, 28, 1), np.uint8)
    padded = np.asarray(jax.jit(preparation.padded)(jnp.asarray(x)))
    assert padded.shape == (3, 32, 32, 1) and padded.dtype == np.uint8
    np.testing.assert_array_equal(padded[:, 2:30, 2:30], x)
    assert (padded == 0).sum() == 3 * (32 * 32 - 28 * 28)


def places(batch: np.ndarray, cropped: np.ndarray, pixels: int) -> np.ndarray:
    """Where in its edge-padded image each crop lies, as (down, right); fails where one lies nowhere."""
    height, width = batch.shape[1:3]
    around = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    wide = np.pad(batch, around, mode="edge")
    span = range(2 * pixels + 1)
    every = np.stack([wide[:, i : i + height, j : j + width] for i in span for j in span], 1)
    hit = (every == cropped[:, None]).all((2, 3, 4))
    assert hit.any(1).all()
    return np.stack(np.unravel_index(hit.argmax(1), (len(span), len(span))), 1)


@pytest.mark.parametrize("pixels", [0, 1, 4])
def test_every_crop_lies_in_its_own_padded_image_and_all_places_are_equally_likely(batch, pixels):
    crop = jax.jit(preparation.cropped, static_argnames="pixels")
    found = [
        places(batch, np.asarray(crop(jnp.asarray(batch), jax.random.key(seed), pixels=pixels)), pixels)
        for seed in range(5)
    ]
    down, right = np.concatenate(found).T
    side, n = 2 * pixels + 1, len(down)
    for counts in (np.bincount(down, minlength=side), np.bincount(right, minlength=side)):
        assert np.abs(counts - n / side).max() <= 4.5 * np.sqrt(n / side * (1 - 1 / side))
    if pixels:
        assert abs(np.corrcoef(down, right)[0, 1]) < 4.5 / np.sqrt(n)


def test_half_of_the_images_are_mirrored_each_as_a_whole(batch):
    flip = jax.jit(preparation.flipped)
    mirrored = 0
    for seed in range(5):
        x = np.asarray(flip(jnp.asarray(batch), jax.random.key(seed)))
        is_mirrored = (x == batch[:, :, ::-1]).all((1, 2, 3))
        assert (is_mirrored ^ (x == batch).all((1, 2, 3))).all()
        mirrored += is_mirrored.sum()
    assert abs(mirrored - 1000) < 4.5 * np.sqrt(500)


def test_the_same_key_prepares_the_same_images_and_another_key_others(batch):
    x = jnp.asarray(batch)
    for step in (preparation.cropped, preparation.flipped):
        once, again, other = step(x, jax.random.key(1)), step(x, jax.random.key(1)), step(x, jax.random.key(2))
        assert (once == again).all() and (once != other).any()
