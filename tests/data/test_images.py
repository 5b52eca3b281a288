"""Oracle: the order of places that the documentation promises; the published counts of MNIST; scikit-learn's digits."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import formats
import numpy as np
import pytest
from sklearn.datasets import load_digits

from ohmgrad import data
from ohmgrad.data import images as module_of_the_name  # the function: see the test of names
from ohmgrad.data import sources
from ohmgrad.errors import InputError

pytestmark = pytest.mark.usefixtures("cache")
REAL = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def variable(tmp_path, monkeypatch):
    """The folder that $OHMGRAD_DATA names."""
    folder = tmp_path / "variable"
    folder.mkdir()
    monkeypatch.setenv("OHMGRAD_DATA", str(folder))
    return folder


@pytest.fixture
def cut_off(monkeypatch):
    """No home of any set can be reached: port 1 of this machine answers nobody."""
    for name, source in sources.SOURCES.items():
        nowhere = sources.Source(
            source.layout, ("http://127.0.0.1:1/",), source.files, source.shape, source.train, source.classes
        )
        monkeypatch.setitem(sources.SOURCES, name, nowhere)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def train_images(seed: int) -> int:
    return 3 + seed


def hold(folder: Path, seed: int, kind: str) -> None:
    """A set with as many training images as `train_images` says, as an .npz or as files, in the folder or below it."""
    held = formats.arrays(28, 28, train=train_images(seed), seed=seed)
    if kind.endswith("npz"):
        formats.npz(folder / ("mnist/mnist.npz" if kind.startswith("own") else "mnist.npz"), held)
    else:
        formats.put(folder / "mnist" if kind.startswith("own") else folder, formats.idx_files(held))


@pytest.mark.parametrize("kind", ["npz", "own npz", "files", "own files"])
def test_the_named_folder_goes_before_the_variable_and_both_before_the_cache(kind, tmp_path, variable, cache):
    named = tmp_path / "named"
    for seed, folder in enumerate((cache, variable, named)):
        hold(folder, seed, kind)
        assert len(data.images("mnist", named if folder == named else None).x_train) == train_images(seed)


def test_a_place_without_the_set_is_passed_over(tmp_path, variable, cache):
    hold(cache, 1, "own files")
    assert len(data.images("mnist", tmp_path).x_train) == train_images(1)


def test_in_a_folder_the_subfolder_of_the_set_goes_first(tmp_path):
    for seed, kind in enumerate(("files", "npz", "own files", "own npz")):
        hold(tmp_path, seed, kind)
        assert len(data.images("mnist", tmp_path).x_train) == train_images(seed)


def test_the_home_directory_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    hold(tmp_path / "sets", 2, "npz")
    assert len(data.images("mnist", Path("~/sets")).x_train) == train_images(2)
    monkeypatch.setenv("OHMGRAD_DATA", "~/sets")
    assert len(data.images("mnist").x_train) == train_images(2)
    monkeypatch.delenv("OHMGRAD_DATA")
    monkeypatch.delenv("XDG_CACHE_HOME")
    hold(tmp_path / ".cache" / "ohmgrad" / "data", 3, "npz")
    assert len(data.images("mnist").x_train) == train_images(3)


def test_a_named_folder_that_is_not_there_is_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"data folder .*/nowhere does not exist; `data.folder` and OHMGRAD_DATA"):
        data.images("mnist", tmp_path / "nowhere")
    monkeypatch.setenv("OHMGRAD_DATA", str(tmp_path / "neither"))
    with pytest.raises(InputError, match=r"/neither does not exist"):
        data.images("mnist", tmp_path)


def test_a_part_of_the_files_in_a_named_folder_is_no_reason_to_look_elsewhere(tmp_path, cache):
    hold(cache, 1, "own files")
    hold(tmp_path, 0, "files")
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match=r"holds a part of mnist only; it lacks t10k-labels-idx1-ubyte\.gz$"):
        data.images("mnist", tmp_path)


def test_a_set_that_is_nowhere_says_where_it_was_looked_for_and_the_way_out(tmp_path, variable, cache, cut_off):
    with pytest.raises(InputError) as caught:
        data.images("mnist", tmp_path)
    sentence = str(caught.value)
    refused = "http://127.0.0.1:1/train-images-idx3-ubyte.gz: [Errno 111] Connection refused"
    assert sentence.startswith(f"mnist could not be downloaded ({refused}) and is not in {tmp_path}"[:200])
    assert sentence.endswith("mnist.npz or the original files with `data.folder` or OHMGRAD_DATA")
    assert not cache.exists()


@pytest.mark.parametrize("name", sorted(sources.SOURCES))
def test_every_set_names_the_file_that_it_lacks_when_it_is_nowhere(name, cut_off):
    with pytest.raises(InputError, match=re.escape(sources.SOURCES[name].files[0].name)):
        data.images(name)


def test_an_unknown_set_is_told_the_nearest():
    with pytest.raises(InputError, match="unknown image set 'cifar10'; did you mean 'cifar-10'"):
        data.images("cifar10")


def test_files_of_another_set_under_the_same_names_are_refused(tmp_path, monkeypatch):
    files = formats.idx_files(formats.arrays(28, 28))
    known = tuple(
        sources.File(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()
    )
    kmnist = sources.SOURCES["kmnist"]
    altered = sources.Source(kmnist.layout, kmnist.homes, known, kmnist.shape, kmnist.train, kmnist.classes)
    monkeypatch.setitem(sources.SOURCES, "kmnist", altered)
    formats.put(tmp_path, files)
    assert len(data.images("kmnist", tmp_path).x_train) == 7
    with pytest.raises(InputError, match=r"is a file of kmnist, not of mnist; give each set a folder named after it"):
        data.images("mnist", tmp_path)


def test_statistics_are_those_of_the_scaled_training_images(tmp_path):
    held = formats.arrays(32, 32, 3)
    formats.npz(tmp_path / "svhn.npz", held)
    mean, deviation = data.images("svhn", tmp_path).statistics()
    pixels = held[0].reshape(-1, 3).astype(np.longdouble) / 255
    np.testing.assert_allclose(mean, pixels.sum(0) / len(pixels), rtol=1e-12)
    variance = ((pixels - pixels.sum(0) / len(pixels)) ** 2).sum(0) / len(pixels)
    np.testing.assert_allclose(deviation, np.sqrt(variance), rtol=1e-12)


def test_digits_are_scikit_learns_with_their_seventeen_levels_spread_over_the_byte():
    found, (levels, labels) = data.images("digits"), load_digits(return_X_y=True)
    x, y = np.concatenate([found.x_train, found.x_test]), np.concatenate([found.y_train, found.y_test])
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_allclose(x.reshape(-1, 64) / 255, levels / 16, atol=0.5 / 255)
    assert len(found.x_train) == 1437 and x.dtype == np.uint8 and x.shape == (1797, 8, 8, 1)
    assert len(np.unique(x)) == 17 and x.max() == 255


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError, match=r"^image set 'digits' comes with scikit-learn: pip install scikit-learn$"):
        data.images("digits")


def test_the_function_and_its_module_of_the_same_name_do_not_get_into_each_others_way():
    import ohmgrad.data.images

    assert module_of_the_name is data.images is ohmgrad.data.images is sys.modules["ohmgrad.data.images"].images


def test_reading_a_set_imports_no_jax(tmp_path):
    formats.npz(tmp_path / "mnist.npz", formats.arrays(28, 28))
    code = (
        "import sys; from pathlib import Path; from ohmgrad.data import archives, images, sources;"
        f"images('mnist', Path({str(tmp_path)!r})); assert 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_sets_have_their_published_counts(name):
    if not (REAL / f"{name}.npz").is_file():
        pytest.skip(f"{name}.npz is not in {REAL}")
    found = data.images(name, REAL)
    assert found.x_train.shape == (60000, 28, 28, 1) and found.x_test.shape == (10000, 28, 28, 1)
    # MNIST: LeCun's page; Fashion-MNIST: 6,000 of each kind.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949] if name == "mnist" else [6000] * 10
    assert np.bincount(found.y_train).tolist() == counts


@pytest.mark.slow
def test_mnists_mean_and_deviation_are_the_published_ones():
    if not (REAL / "mnist.npz").is_file():
        pytest.skip(f"mnist.npz is not in {REAL}")
    mean, deviation = data.images("mnist", REAL).statistics()
    assert mean == pytest.approx(0.1307, abs=5e-5) and deviation == pytest.approx(0.3081, abs=5e-5)
