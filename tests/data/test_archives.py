"""Oracle: arrays written in the published formats come back; every damaged or foreign file is named, with its fault."""

import gzip
import io
import pickle
import re
import struct
from pathlib import Path

import formats
import numpy as np
import pytest
from formats import IDX_NAMES
from scipy.io import savemat

from ohmgrad import data
from ohmgrad.errors import InputError

pytestmark = pytest.mark.usefixtures("cache")
GREY = formats.arrays(28, 28)
COLOUR = formats.arrays(32, 32, 3)
FINE = formats.arrays(32, 32, 3, classes=100)
KEYS = ("x_train", "y_train", "x_test", "y_test")


def assert_holds(found: data.ImageSet, written: formats.Arrays) -> None:
    for key, array in zip(KEYS, written, strict=True):
        np.testing.assert_array_equal(getattr(found, key), array[..., None] if array.ndim == 3 else array)
    assert found.x_train.dtype == np.uint8 and found.y_train.dtype == np.int32
    assert found.x_train.flags.c_contiguous


def svhn_files(held: formats.Arrays) -> dict[str, bytes]:
    """SVHN's two files: images in the last axis, labels 1 to 10 in a column, 10 being the digit 0."""
    files = {}
    for name, x, y in (("train_32x32.mat", *held[:2]), ("test_32x32.mat", *held[2:])):
        packed = io.BytesIO()
        savemat(packed, {"X": x.transpose(1, 2, 3, 0), "y": np.where(y == 0, 10, y)[:, None]}, do_compression=True)
        files[name] = packed.getvalue()
    return files


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("suffix", [".gz", ""])
def test_idx_comes_back_whatever_its_name_says_of_its_compression(compressed, suffix, tmp_path):
    files = {
        name.removesuffix(".gz") + suffix: content if compressed else gzip.decompress(content)
        for name, content in formats.idx_files(GREY).items()
    }
    assert_holds(data.images("kmnist", formats.put(tmp_path / "own", files)), GREY)


def test_npz_comes_back_with_and_without_an_axis_of_channels(tmp_path):
    formats.npz(tmp_path / "mnist.npz", GREY)
    assert_holds(data.images("mnist", tmp_path), GREY)
    x_train, y_train, x_test, y_test = GREY
    formats.npz(tmp_path / "mnist.npz", (x_train[..., None], y_train, x_test[..., None], y_test))
    assert_holds(data.images("mnist", tmp_path), GREY)
    formats.npz(tmp_path / "cifar-10.npz", COLOUR)
    assert_holds(data.images("cifar-10", tmp_path), COLOUR)


def test_cifar_10_comes_back_in_the_order_of_its_batches(tmp_path):
    found = data.images("cifar-10", formats.put(tmp_path, {"cifar-10-python.tar.gz": formats.cifar_10(COLOUR)}))
    assert_holds(found, COLOUR)
    assert found.classes[3] == "cat" and len(found.classes) == 10


def test_cifar_100_comes_back_with_its_fine_labels(tmp_path):
    found = data.images("cifar-100", formats.put(tmp_path, {"cifar-100-python.tar.gz": formats.cifar_100(FINE)}))
    assert_holds(found, FINE)
    assert len(set(found.classes)) == 100 and list(found.classes) == sorted(found.classes)


def test_svhn_comes_back_with_its_label_10_as_the_digit_0(tmp_path):
    x_train, _, x_test, y_test = COLOUR
    held = x_train, np.array([0, 9, 1, 0, 5, 8, 2], np.uint8), x_test, y_test
    assert_holds(data.images("svhn", formats.put(tmp_path, svhn_files(held))), held)


def cut(content: bytes, share: float) -> bytes:
    return content[: int(share * len(content))]


FILES = formats.idx_files(GREY)
X, Y, X_TEST, Y_TEST = IDX_NAMES
BAD_IDX = {
    "cut gzip": (X, cut(FILES[X], 0.9), "damaged gzip"),
    "altered gzip": (X, FILES[X][:-6] + b"\0\0\0\0\0\0", "damaged gzip"),
    "labels in place of images": (X, FILES[Y], "begins with 00000801, not 00000803"),
    "another type of value": (Y, b"\0\0\x0d\x01" + formats.idx(GREY[1])[4:], "begins with 00000d01, not 00000801"),
    "a web page": (X, b"<!DOCTYPE html>", "is not an IDX file"),
    "nothing": (X, b"", "is not an IDX file"),
    "cut header": (X, formats.idx(GREY[0])[:9], "ends within its header, after 9 of 16 bytes"),
    "cut values": (X, formats.idx(GREY[0])[:-3], f"holds {7 * 784 + 13} bytes; its header says {7 * 784 + 16}"),
    "more than its header says": (Y, formats.idx(GREY[1]) + b"\0", "holds 16 bytes; its header says 15"),
    "a label too few": (Y, formats.idx(GREY[1][:-1]), "holds 6 labels for the 7 images"),
    "a label too large": (Y_TEST, formats.idx(np.array([0, 1, 2, 10, 4], np.uint8)), "label 10 at 3; allowed: 0 to 9"),
    "larger images": (
        X,
        formats.idx(np.zeros((7, 32, 32), np.uint8)),
        "(7, 32, 32); needed: uint8 of shape (n, 28, 28",
    ),
    "no images at all": (X, formats.idx(np.zeros((0, 28, 28), np.uint8)), "for the 0 images"),
}


def refused(name: str, folder: Path, at_fault: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        data.images(name, folder)
    sentence = str(caught.value)
    assert at_fault in sentence and fault in sentence and "\n" not in sentence


@pytest.mark.parametrize("fault", BAD_IDX)
def test_a_bad_idx_file_is_named_with_its_fault(fault, tmp_path):
    name, content, says = BAD_IDX[fault]
    refused("mnist", formats.put(tmp_path, FILES | {name: content}), name, says)


def saved(**held: np.ndarray) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **held)  # pyright: ignore[reportArgumentType]
    return packed.getvalue()


def one_array() -> bytes:
    packed = io.BytesIO()
    np.save(packed, GREY[0])
    return packed.getvalue()


def encrypted(archive: bytes) -> bytes:
    """The same zip archive with the lowest flag of every file in its directory set, whichever version made it."""
    return re.sub(rb"(?s)(PK\x01\x02.{4})\x00", b"\\1\1", archive)


WHOLE = dict(zip(KEYS, GREY, strict=True))
BAD_NPZ = {
    "no table": (b"not a table", "cannot be read as an .npz"),
    "one bare array": (one_array(), "cannot be read as an .npz"),
    "cut": (cut(saved(**WHOLE), 0.5), "cannot be read as an .npz"),
    "a key lacking": (saved(**{key: WHOLE[key] for key in KEYS[:3]}), "lacks y_test; needed: x_train, y_train"),
    "encrypted": (encrypted(saved(**WHOLE)), "cannot be read as an .npz"),
    "pickled objects": (saved(**WHOLE | {"x_train": np.array([{}], object)}), "cannot be read as an .npz"),
    "floats": (saved(**WHOLE | {"x_test": GREY[2] / 255}), "x_test of"),
    "rows": (saved(**WHOLE | {"x_train": GREY[0].reshape(7, 784)}), "(7, 784); needed: uint8 of shape (n, 28, 28, 1)"),
    "a single number": (saved(**WHOLE | {"x_train": np.array(3, np.uint8)}), "shape (); needed"),
    "labels in a column": (saved(**WHOLE | {"y_train": GREY[1][:, None]}), "(7, 1); needed: integers of shape (n,)"),
    "labels with fractions": (saved(**WHOLE | {"y_train": GREY[1] + 0.5}), "float64 of shape (7,); needed: integers"),
    "a label below 0": (saved(**WHOLE | {"y_test": np.array([0, -1, 2, 3, 4])}), "label -1 at 1; allowed: 0 to 9"),
    "labels lacking": (saved(**WHOLE | {"y_test": GREY[3][:2]}), "holds 2 labels for the 5 images"),
}


@pytest.mark.parametrize("fault", BAD_NPZ)
def test_a_bad_npz_is_named_with_its_fault(fault, tmp_path):
    content, says = BAD_NPZ[fault]
    refused("mnist", formats.put(tmp_path, {"mnist.npz": content}), "mnist.npz", says)


class Calls:
    """Pickles as a call of a function with one argument."""

    def __init__(self, function, argument):
        self.call = function, (argument,)

    def __reduce__(self):
        return self.call


def with_test_batch(content: bytes) -> bytes:
    x_train, y_train, *_ = COLOUR
    return formats.tar_gz({"c/data_batch_1": formats.batch(x_train, y_train), "c/test_batch": content})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [Path.touch, eval, getattr, np.load, np.fromfile], ids=lambda f: f.__qualname__)
def test_a_pickle_that_calls_anything_is_refused_and_calls_nothing(function, protocol, tmp_path):
    marker = tmp_path / "called"
    argument = f"open({str(marker)!r}, 'w')" if function is eval else marker
    content = with_test_batch(pickle.dumps({b"data": Calls(function, argument)}, protocol))
    refused("cifar-10", formats.put(tmp_path, {"cifar-10-python.tar.gz": content}), "test_batch", "no image set needs")
    assert not marker.exists()


GOOD = formats.cifar_10(COLOUR)
GOOD_BATCH = formats.batch(*COLOUR[2:])
BAD_CIFAR = {
    "no archive": (b"nothing of the kind", "cannot be read as a .tar.gz"),
    "gzip but no archive": (gzip.compress(b"nothing of the kind"), "cannot be read as a .tar.gz"),
    "cut": (cut(GOOD, 0.6), "cannot be read as a .tar.gz"),
    "its last byte lacking": (GOOD[:-1], "cannot be read as a .tar.gz"),
    "altered checksum": (GOOD[:-8] + bytes(4) + GOOD[-4:], "cannot be read as a .tar.gz"),
    "no test batch": (formats.tar_gz({"c/data_batch_1": GOOD_BATCH}), "holds no test_batch"),
    "no training batch": (formats.tar_gz({"c/test_batch": GOOD_BATCH}), "holds no data_batch_1"),
    "cut pickle": (with_test_batch(cut(GOOD_BATCH, 0.5)), "is refused as a pickle"),
    "a list": (with_test_batch(pickle.dumps([1, 2], 2)), "holds a list; needed: a dict"),
    "no data": (with_test_batch(GOOD_BATCH.replace(b"U\x04data", b"U\x04date")), "lacks an array data"),
    "no labels": (with_test_batch(GOOD_BATCH.replace(b"U\x06labels", b"U\x06libels")), "lacks an array data or a list"),
    "a label too few": (with_test_batch(formats.batch(COLOUR[2], COLOUR[3][:-1])), "holds 4 labels for 5 images"),
    "labels beyond the classes": (formats.cifar_100(FINE), "allowed: 0 to 9"),
}


@pytest.mark.parametrize("fault", BAD_CIFAR)
def test_a_bad_cifar_archive_is_named_with_its_fault(fault, tmp_path):
    content, says = BAD_CIFAR[fault]
    folder = formats.put(tmp_path, {"cifar-10-python.tar.gz": content})
    refused("cifar-10", folder, "cifar-10-python.tar.gz", says)


def test_an_array_of_another_type_or_shape_in_a_batch_is_refused(tmp_path):
    signed = GOOD_BATCH.replace(b"U\x02u1", b"U\x02i1")
    folder = formats.put(tmp_path, {"cifar-10-python.tar.gz": with_test_batch(signed)})
    refused("cifar-10", folder, "test_batch", "data of another type than uint8")
    narrow = GOOD_BATCH.replace(b"J" + struct.pack("<i", 3072), b"J" + struct.pack("<i", 1024))
    folder = formats.put(tmp_path, {"cifar-10-python.tar.gz": with_test_batch(narrow)})
    refused("cifar-10", folder, "test_batch", "15360 bytes of data in shape (5, 1024); needed: shape (n, 3072)")


@pytest.mark.parametrize("flags", [-1, 0x3F, 1 << 20])
def test_a_pickle_cannot_set_the_flags_of_numpys_types(flags, tmp_path):
    """A type told that its bytes are objects makes numpy follow them as pointers."""
    before = np.dtype("u1").flags
    plain = b"J" + struct.pack("<i", -1) + b"J" + struct.pack("<i", -1) + b"J" + struct.pack("<i", 0) + b"tb"
    assert plain in GOOD_BATCH
    altered = GOOD_BATCH.replace(plain, plain[:10] + b"J" + struct.pack("<i", flags) + b"tb")
    found = data.images("cifar-10", formats.put(tmp_path, {"cifar-10-python.tar.gz": with_test_batch(altered)}))
    np.testing.assert_array_equal(found.x_test, COLOUR[2])
    assert np.dtype("u1").flags == before and found.x_test.dtype.flags == before


def mat(**held) -> bytes:
    packed = io.BytesIO()
    savemat(packed, held)
    return packed.getvalue()


X_MAT, Y_MAT = COLOUR[2].transpose(1, 2, 3, 0), np.arange(1, 6)[:, None]
BAD_MAT = {
    "no MATLAB file": (b"nothing of the kind", "cannot be read as a MATLAB file"),
    "nothing": (b"", "cannot be read as a MATLAB file"),
    "cut": (cut(svhn_files(COLOUR)["test_32x32.mat"], 0.5), "cannot be read as a MATLAB file"),
    "version 7.3": (
        b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x0200) + b"IM" + bytes(400),
        "cannot be read",
    ),
    "no labels": (mat(X=X_MAT), "lacks y; needed: X, y"),
    "one image": (mat(X=X_MAT[..., 0], y=Y_MAT), "X of shape (32, 32, 3), y of (5, 1); needed"),
    "labels from 0": (mat(X=X_MAT, y=Y_MAT - 1), "holds 0 at 0; allowed: 1 to 10"),
    "grey images": (mat(X=X_MAT[:, :, :1], y=Y_MAT), "(5, 32, 32, 1); needed: uint8 of shape (n, 32, 32, 3)"),
    "a label too few": (mat(X=X_MAT, y=Y_MAT[:-1]), "holds 4 labels for the 5 images"),
}


@pytest.mark.parametrize("fault", BAD_MAT)
def test_a_bad_matlab_file_is_named_with_its_fault(fault, tmp_path):
    content, says = BAD_MAT[fault]
    folder = formats.put(tmp_path, svhn_files(COLOUR) | {"test_32x32.mat": content})
    refused("svhn", folder, "test_32x32.mat", says)
