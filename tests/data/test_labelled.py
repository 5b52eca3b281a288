"""Oracle: the arrays that went in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.data.labelled import LabelledImages

COUNT = 10


def task(**options):
    """Images whose every pixel says which one it is."""
    bytes_ = jnp.arange(COUNT, dtype=jnp.uint8)[:, None, None, None] * jnp.ones((1, 4, 5, 2), jnp.uint8) * 25
    return LabelledImages(bytes_, jnp.arange(COUNT) % 3, bytes_[:6] + 1, jnp.arange(6) % 3, ("a", "b", "c"), **options)


def test_an_epoch_holds_every_image_once_and_fills_its_last_batch_up():
    order, keys = task().epoch(jax.random.key(0), 4)
    assert order.shape == (3, 4) and len(keys) == 3
    assert sorted(np.ravel(order)[:COUNT].tolist()) == list(range(COUNT))
    assert (np.ravel(order)[COUNT:] == np.ravel(order)[:2]).all()
    again, _ = task().epoch(jax.random.key(1), 4)
    assert (np.asarray(again) != np.asarray(order)).any()


def test_a_batch_holds_the_images_asked_for_and_their_classes():
    index = jnp.array([3, 0, 7])
    x, target = task().batch((index, jax.random.key(0)))
    assert x.shape == (3, 40)
    np.testing.assert_allclose(x, np.array([75, 0, 175])[:, None] / 255 * np.ones(40), rtol=1e-6)
    assert target.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_maps_padding_and_normalisation():
    images = task(seen_as="maps", pad=2, mean=(0.5, 0.0), deviation=(0.25, 1.0))
    assert images.image == (8, 9, 2) and images.inputs == 144
    x, _ = images.batch((jnp.array([2]), jax.random.key(0)))
    assert x.shape == (1, 8, 9, 2)
    assert float(x[0, 0, 0, 0]) == -2 and float(x[0, 0, 0, 1]) == 0  # zeros are normalised too, as in the papers
    assert float(x[0, 3, 3, 0]) == pytest.approx((50 / 255 - 0.5) / 0.25)
    assert images.tests(jnp.array([1])).shape == (1, 8, 9, 2)


def test_only_training_images_are_augmented():
    rng = np.random.default_rng(0)
    images = jnp.asarray(rng.integers(0, 255, (4, 6, 6, 1)), jnp.uint8)
    augmented = LabelledImages(images, jnp.zeros(4, int), images, jnp.zeros(4, int), ("a",), crop=2, flip=True)
    plain = np.asarray(images).reshape(4, -1) / 255
    np.testing.assert_allclose(augmented.tests(jnp.arange(4)), plain, rtol=1e-6)
    draws = [augmented.batch((jnp.arange(4), jax.random.key(seed)))[0] for seed in range(4)]
    assert all((np.asarray(draw) != plain).any() for draw in draws)
    assert all(np.isin(np.rint(255 * np.asarray(draw)), np.asarray(images)).all() for draw in draws)


def test_the_largest_output_is_the_answer():
    output = jnp.array([[0.1, 0.9, 0.0], [0.5, 0.4, 0.45]])
    assert task().right(output, jnp.array([1, 2])).tolist() == [True, False]
