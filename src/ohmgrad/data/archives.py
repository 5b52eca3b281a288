"""Read image sets from files: IDX, CIFAR's archives of pickles, SVHN's MATLAB files, and .npz. Does not import JAX.

A damaged file, or one of another format, raises an InputError that names it and what is wrong.
"""

import gzip
import io
import math
import pickle
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int32, Shaped, UInt8

from ohmgrad import files
from ohmgrad.data.sources import Layout
from ohmgrad.errors import InputError

KEYS = ("x_train", "y_train", "x_test", "y_test")
"""Arrays of an image set's .npz: images (n, height, width[, channels]) of bytes and labels (n,) of integers."""
_DAMAGED = (OSError, EOFError, ValueError, zlib.error, tarfile.TarError)
_UNSIGNED_BYTE = 0x08


class Part(NamedTuple):
    """Images and labels of a file, not yet checked, and how messages call each."""

    images: Shaped[np.ndarray, "..."]
    labels: Shaped[np.ndarray, "..."]
    images_at: str
    labels_at: str


def _check_unpacked(size: int) -> None:
    """Raises ValueError where a file unpacks to more bytes than an image set may have."""
    if size > files.IMAGES_BYTES:
        raise ValueError(f"unpacked it is too large; allowed: up to {files.IMAGES_BYTES / 1e6:g} MB")


Parts = tuple[Part, Part]
"""Training part, test part."""


def checked(
    part: Part, shape: tuple[int, int, int], classes: int
) -> tuple[UInt8[np.ndarray, "n height width channels"], Int32[np.ndarray, "n"]]:
    """Check images and labels against the image set that they should be of.

    Args:
        part: The images, of uint8, and labels; images of one channel may lack the last axis.
        shape: Height, width and channels of the set's images.
        classes: Number of classes of the set.

    Returns:
        The images, of shape (n, height, width, channels), and the labels as int32.

    Raises:
        InputError: where type, shape, number or a label does not fit; names the file.
    """
    images, labels = part.images, part.labels
    if images.dtype != np.uint8 or images.shape[1:] not in (shape, shape[:2] if shape[2] == 1 else shape):
        raise InputError(
            f"{part.images_at} holds {images.dtype} of shape {images.shape}; needed: uint8 of shape (n, "
            f"{', '.join(map(str, shape))})"
        )
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise InputError(
            f"{part.labels_at} holds {labels.dtype} of shape {labels.shape}; needed: integers of shape (n,)"
        )
    if len(labels) != len(images) or not len(labels):
        raise InputError(
            f"{part.labels_at} holds {len(labels)} labels for the {len(images)} images of {part.images_at}"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise InputError(f"{part.labels_at} holds label {labels[wrong[0]]} at {wrong[0]}; allowed: 0 to {classes - 1}")
    return np.ascontiguousarray(images).reshape(-1, *shape), labels.astype(np.int32)


def npz(path: Path) -> Parts:
    """Read the arrays of `KEYS` from an .npz file, without unpickling.

    Raises:
        InputError: where an array is missing or the file is damaged.
    """
    with files.opened(path, "images", files.IMAGES_BYTES) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _check_unpacked(sum(member.file_size for member in archive.infolist()))
            file.seek(0)
            with np.load(file, allow_pickle=False) as table:
                arrays = {key: table[key] for key in KEYS if key in table}
        except Exception as error:  # damaged zip files raise nearly anything
            raise InputError(f"{path} cannot be read as an .npz of arrays ({error})") from None
    if lacking := [key for key in KEYS if key not in arrays]:
        raise InputError(f"{path} lacks {', '.join(lacking)}; needed: {', '.join(KEYS)}")
    x_train, y_train, x_test, y_test = (f"{key} of {path}" for key in KEYS)
    return (
        Part(arrays["x_train"], arrays["y_train"], x_train, y_train),
        Part(arrays["x_test"], arrays["y_test"], x_test, y_test),
    )


def idx(path: Path, dimensions: int) -> UInt8[np.ndarray, "..."]:
    """Read an IDX file of unsigned bytes, gzip-compressed or not.

    The format is that of MNIST (yann.lecun.com/exdb/mnist): two zero bytes, a type, the number of dimensions, each size
    as a big-endian 32-bit integer, then the values in C order.

    Args:
        path: Path of the file.
        dimensions: Number of dimensions that it must have.

    Raises:
        InputError: where the file is not such a file, or is truncated.
    """
    content = _plain(path)
    magic = bytes((0, 0, _UNSIGNED_BYTE, dimensions))
    if content[:4] != magic:
        raise InputError(
            f"{path} is not an IDX file of unsigned bytes in {dimensions} dimension(s): "
            f"it begins with {content[:4].hex()}, not {magic.hex()}"
        )
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise InputError(f"{path} ends within its header, after {len(content)} of {header} bytes")
    sizes = [int(size) for size in np.frombuffer(content, ">u4", dimensions, offset=4)]
    if len(content) != header + math.prod(sizes):
        raise InputError(f"{path} holds {len(content)} bytes; its header says {header + math.prod(sizes)}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def _plain(path: Path) -> bytes:
    """A file's content, decompressed where it is gzip. Its name does not decide: browsers may unpack downloads."""
    content = files.read_bytes(path, "images", files.IMAGES_BYTES)
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            plain = packed.read(files.IMAGES_BYTES + 1)
        _check_unpacked(len(plain))
    except _DAMAGED as error:
        raise InputError(f"{path} cannot be read: damaged gzip ({error})") from None
    return plain


class _Bounded(gzip.GzipFile):
    """A gzip file that raises ValueError once more bytes are unpacked than an image set may have."""

    def read(self, size: int | None = -1) -> bytes:
        _check_unpacked(self.tell())
        return super().read(size)


def _idx_set(paths: Sequence[Path]) -> Parts:
    """Train images, train labels, test images, test labels, as in MNIST."""
    train_x, train_y, test_x, test_y = paths
    return (
        Part(idx(train_x, 3), idx(train_y, 1), str(train_x), str(train_y)),
        Part(idx(test_x, 3), idx(test_y, 1), str(test_x), str(test_y)),
    )


class _Kind:
    """Replaces numpy.dtype in a pickle: keeps the type's name only."""

    def __init__(self, name: bytes, *_: Any):
        self.name = name

    def __setstate__(self, _: Any) -> None:
        """Byte order and flags, which single bytes do not need."""


class _Rows:
    """Replaces numpy.ndarray in a pickle: keeps shape, type and bytes as they were pickled."""

    def __init__(self, *_: Any):
        self.shape, self.kind, self.content = None, None, None

    def __setstate__(self, state: tuple[int, tuple[int, ...], _Kind, bool, bytes]) -> None:
        _, self.shape, self.kind, _, self.content = state


_UNPICKLED = {
    ("numpy.core.multiarray", "_reconstruct"): _Rows,
    ("numpy", "ndarray"): _Rows,
    ("numpy", "dtype"): _Kind,
}


class _OnlyArrays(pickle.Unpickler):
    """Unpickles dicts, lists, strings, numbers and descriptions of arrays, and refuses any other class.

    A pickle can call whatever it names, and the state of numpy's types can corrupt memory, so that arrays are replaced
    by the inert classes above.
    """

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _UNPICKLED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no image set needs") from None


def _unpickled(content: bytes, where: str) -> dict[bytes, Any]:
    """The dict of a CIFAR batch, whose keys are byte strings as Python 2 wrote them."""
    try:
        batch = _OnlyArrays(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # damaged pickles raise nearly anything
        raise InputError(f"{where} is refused as a pickle of arrays ({error})") from None
    if not isinstance(batch, dict):
        raise InputError(f"{where} holds a {type(batch).__name__}; needed: a dict with data and labels")
    return batch


def _cifar_batch(batch: dict[bytes, Any], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, from rows of 3072 bytes (red, green, blue plane), and labels (the fine ones, where there are two)."""
    rows, labels = batch.get(b"data"), batch.get(b"fine_labels", batch.get(b"labels"))
    if not isinstance(rows, _Rows) or not isinstance(labels, list) or not all(type(y) is int for y in labels):
        raise InputError(f"{where} lacks an array data or a list of integers labels (fine_labels)")
    if not isinstance(rows.kind, _Kind) or rows.kind.name != b"u1" or not isinstance(rows.content, bytes):
        raise InputError(f"{where} holds data of another type than uint8")
    if rows.shape != (len(rows.content) // 3072, 3072) or len(rows.content) % 3072:
        raise InputError(
            f"{where} holds {len(rows.content)} bytes of data in shape {rows.shape}; needed: shape (n, 3072)"
        )
    images = np.frombuffer(rows.content, np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    if len(labels) != len(images):
        raise InputError(f"{where} holds {len(labels)} labels for {len(images)} images")
    return images, np.array(labels)


def _cifar_set(paths: Sequence[Path]) -> Parts:
    """The "python version" archive of CIFAR-10 (data_batch_1 ..., test_batch) or CIFAR-100 (train, test)."""
    (path,) = paths
    batches: dict[str, bytes] = {}
    with files.opened(path, "images", files.IMAGES_BYTES) as packed, _Bounded(fileobj=packed) as plain:
        try:
            # One pass: reading members out of order would decompress the archive again for each.
            with tarfile.open(fileobj=plain, mode="r|") as members:
                for member in members:
                    name = PurePosixPath(member.name).name
                    if re.fullmatch(r"data_batch_\d+|test_batch|train|test", name) and member.isfile():
                        file = members.extractfile(member)
                        assert file is not None
                        batches[name] = file.read()
                while plain.read(1 << 20):
                    pass  # gzip compares its checksum only at the end of the file
        except _DAMAGED as error:
            raise InputError(f"{path} cannot be read as a .tar.gz ({error})") from None

    def part(names: list[str], what: str) -> Part:
        if not names:
            raise InputError(f"{path} holds no {what}")
        parts = [_cifar_batch(_unpickled(batches[name], f"{name} in {path}"), f"{name} in {path}") for name in names]
        images, labels = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
        return Part(images, labels, str(path), str(path))

    test = {"test_batch", "test"}
    return (
        part(sorted(batches.keys() - test), "data_batch_1 ... (CIFAR-10) or train (CIFAR-100)"),
        part(sorted(batches.keys() & test), "test_batch (CIFAR-10) or test (CIFAR-100)"),
    )


def _mat(path: Path) -> Part:
    """SVHN, format 2: X of shape (32, 32, 3, n) and y of shape (n, 1) from 1 to 10, where 10 is the digit 0."""
    from scipy.io import loadmat, whosmat

    with files.opened(path, "images", files.IMAGES_BYTES) as file:
        try:
            variables = [(shape, kind) for name, shape, kind in whosmat(file) if name in ("X", "y")]
            _check_unpacked(sum(math.prod(shape) * (1 if kind == "uint8" else 8) for shape, kind in variables))
            file.seek(0)
            table = loadmat(file, variable_names=["X", "y"])
        except Exception as error:  # damaged files raise nearly anything
            raise InputError(f"{path} cannot be read as a MATLAB file ({error})") from None
    lacking = [key for key in ("X", "y") if key not in table]
    if lacking:
        raise InputError(f"{path} lacks {', '.join(lacking)}; needed: X, y")
    images, labels = table["X"], table["y"]
    if images.ndim != 4 or labels.ndim != 2 or labels.shape[1] != 1 or labels.dtype.kind not in "iuf":
        raise InputError(f"{path} holds X of shape {images.shape}, y of {labels.shape}; needed: (32, 32, 3, n), (n, 1)")
    wrong = np.flatnonzero(~np.isin(labels, np.arange(1, 11)))
    if len(wrong):
        raise InputError(f"y of {path} holds {labels[wrong[0], 0]} at {wrong[0]}; allowed: 1 to 10")
    return Part(images.transpose(3, 0, 1, 2), labels[:, 0].astype(np.int32) % 10, f"X of {path}", f"y of {path}")


def _svhn_set(paths: Sequence[Path]) -> Parts:
    train, test = paths
    return _mat(train), _mat(test)


READERS: dict[Layout, Callable[[Sequence[Path]], Parts]] = {"idx": _idx_set, "cifar": _cifar_set, "svhn": _svhn_set}
"""Reader of each layout; takes the paths of a set's files in the order of its `Source.files`."""
