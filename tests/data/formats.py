"""Writers of the formats that image sets come in, from their published descriptions and apart from our readers."""

import gzip
import io
import struct
import tarfile
from pathlib import Path

import numpy as np

IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""x_train, y_train, x_test, y_test."""


def arrays(*shape: int, train: int = 7, test: int = 5, classes: int = 10, seed: int = 0) -> Arrays:
    """Random images of that shape and labels for them."""
    random = np.random.default_rng(seed)
    return (
        random.integers(0, 256, (train, *shape), np.uint8),
        random.integers(0, classes, train, np.uint8),
        random.integers(0, 256, (test, *shape), np.uint8),
        random.integers(0, classes, test, np.uint8),
    )


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def npz(path: Path, held: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), held, strict=True)))


def idx(array: np.ndarray) -> bytes:
    """Two zero bytes, 0x08 for unsigned bytes, the number of dimensions, big-endian sizes, the values in C order."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + bytes(array.ravel().tolist())


def idx_files(held: Arrays) -> dict[str, bytes]:
    """The four compressed files of an MNIST-like set, by name."""
    return {name: gzip.compress(idx(array)) for name, array in zip(IDX_NAMES, held, strict=True)}


def tar_gz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return packed.getvalue()


def batch(images: np.ndarray, labels: np.ndarray, **other: list[int]) -> bytes:
    """A CIFAR batch as Python 2 pickled it (protocol 2): byte-string keys, planes of red, green and blue in rows.

    Opcode by opcode, because Python 3 writes byte strings and arrays in another way than the published archives.
    """

    def text(value: bytes) -> bytes:
        return b"U" + struct.pack("<B", len(value)) + value  # SHORT_BINSTRING

    def integer(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)  # BININT

    def numbers(values: list[int]) -> bytes:
        return b"](" + b"".join(map(integer, values)) + b"e"  # EMPTY_LIST MARK ... APPENDS

    rows = images.transpose(0, 3, 1, 2).tobytes()
    kind = b"cnumpy\ndtype\n(" + text(b"u1") + integer(0) + integer(1) + b"tR"  # GLOBAL MARK ... TUPLE REDUCE
    kind += b"(" + integer(3) + text(b"|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"  # ... BUILD
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + integer(0) + b"t" + text(b"b") + b"tR"
    array += b"(" + integer(1) + b"(" + integer(len(images)) + integer(3072) + b"t" + kind + b"\x89"  # NEWFALSE
    array += b"T" + struct.pack("<I", len(rows)) + rows + b"tb"  # BINSTRING
    held = {b"batch_label": text(b"a batch"), b"data": array}
    held |= {name.encode(): numbers(values) for name, values in ({"labels": labels.tolist()} | other).items()}
    return b"\x80\x02}(" + b"".join(text(key) + value for key, value in held.items()) + b"u."  # SETITEMS STOP


def cifar_10(held: Arrays, batches: int = 3) -> bytes:
    """CIFAR-10's archive, its batches in another order than their numbers, as in the real one."""
    x_train, y_train, x_test, y_test = held
    pieces = list(zip(np.array_split(x_train, batches), np.array_split(y_train, batches), strict=True))
    members = {f"data_batch_{k + 1}": batch(*pieces[k]) for k in reversed(range(batches))}
    members |= {"readme.html": b"<html>", "test_batch": batch(x_test, y_test)}
    return tar_gz({f"cifar-10-batches-py/{name}": content for name, content in members.items()})


def cifar_100(held: Arrays) -> bytes:
    """CIFAR-100's archive: coarse labels beside the fine ones."""
    x_train, y_train, x_test, y_test = held

    def member(x: np.ndarray, y: np.ndarray) -> bytes:
        return batch(x, y // 5, fine_labels=y.tolist()).replace(b"U\x06labels", b"U\x0dcoarse_labels")

    members = {"train": member(x_train, y_train), "test": member(x_test, y_test)}
    return tar_gz({f"cifar-100-python/{name}": content for name, content in members.items()})
