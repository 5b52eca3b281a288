"""Oracle: the arrays that the authors' package makes; published sizes."""

import random
from importlib import metadata

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import data
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.data.signals import _mnist1d, _own_random_numbers
from ohmgrad.errors import InputError


@pytest.fixture
def fresh(cache):
    """The cache folder, empty; nothing in memory either."""
    _mnist1d.cache_clear()
    yield cache
    _mnist1d.cache_clear()


@pytest.fixture(scope="module")
def made():
    from mnist1d.data import get_dataset_args, make_dataset

    return make_dataset(get_dataset_args())


def test_mnist1d_is_what_its_package_makes_scaled_by_the_largest_training_value(made, fresh):
    found = data.signals("mnist1d")
    assert found.x_train.shape == (4000, 1, 40, 1) and found.x_test.shape == (1000, 1, 40, 1)
    largest = np.abs(made["x"]).max()
    np.testing.assert_allclose(found.x_train.reshape(4000, 40) * largest, made["x"], rtol=1e-6)
    np.testing.assert_allclose(found.x_test.reshape(1000, 40) * largest, made["x_test"], rtol=1e-6)
    np.testing.assert_array_equal(found.y_train, made["y"])
    np.testing.assert_array_equal(found.y_test, made["y_test"])
    assert np.abs(found.x_train).max() == 1 and np.abs(found.x_test).max() <= 1
    mean, deviation = found.statistics()
    np.testing.assert_allclose([mean[0], deviation[0]], [made["x"].mean() / largest, made["x"].std() / largest], 1e-4)


def test_the_global_random_numbers_stay_as_they_were(fresh):
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    data.signals()
    assert np.random.random() == expected  # noqa: NPY002
    before = random.getstate()  # asked of the context alone: type checks of the tests draw from these
    with _own_random_numbers():
        random.seed(42)
    assert random.getstate() == before


def test_it_is_made_once_and_a_damaged_file_is_made_again(fresh, monkeypatch):
    first = data.signals()
    (kept,) = fresh.iterdir()
    assert kept.suffix == ".npz"
    _mnist1d.cache_clear()
    kept.write_bytes(kept.read_bytes()[:5000])
    np.testing.assert_array_equal(data.signals().x_train, first.x_train)
    _mnist1d.cache_clear()
    monkeypatch.setattr("mnist1d.data.make_dataset", lambda *_: pytest.fail("made again"))
    again = data.signals()
    np.testing.assert_array_equal(again.x_train, first.x_train)
    np.testing.assert_array_equal(again.y_test, first.y_test)


def test_without_its_package_one_sentence_says_how_to_install_it(fresh, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(InputError, match="pip install mnist1d"):
        data.signals("mnist1d")


def test_an_unknown_set_is_refused():
    with pytest.raises(InputError, match="mnist1d"):
        data.signals("mnist2d")


def test_a_network_sees_signals_as_they_are():
    x = np.linspace(-1, 1, 80, dtype=np.float32).reshape(2, 1, 40, 1)
    task = LabelledImages(jnp.asarray(x), jnp.array([0, 1]), jnp.asarray(x[::-1]), jnp.array([1, 0]), ("a", "b"))
    assert (task.inputs, task.image) == (40, (1, 40, 1))
    batch, _ = task.batch((jnp.array([1, 0]), jax.random.key(0)))
    np.testing.assert_array_equal(batch, x[::-1].reshape(2, 40))
    np.testing.assert_array_equal(task.test_set(jax.random.key(0))[0], x[::-1].reshape(2, 40))
