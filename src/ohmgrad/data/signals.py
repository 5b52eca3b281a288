"""Sets of labelled signals, which are images of one row. Does not import JAX.

MNIST-1D: Greydanus and Kobak, "Scaling down deep learning with MNIST-1D" (ICML 2024, arXiv:2011.14439), made by the
authors' package.
"""

import io
import random
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from ohmgrad import files
from ohmgrad.data import archives
from ohmgrad.data.images import ImageSet, cache
from ohmgrad.data.sources import TEN_DIGITS
from ohmgrad.errors import InputError, unknown

NAMES = ("mnist1d",)
SHAPE = (1, 40, 1)
"""Height, width and channels of a signal of MNIST-1D."""
TRAIN = 4000
"""Its training signals; 1,000 test."""


def signals(name: str = "mnist1d") -> ImageSet:
    """A set of signals, as images of one row of float32 within [-1, 1] in the place of bytes.

    MNIST-1D is computed by the package `mnist1d` with its default settings, without a download, and divided by the
    largest absolute value of its training signals (5.479). The result is kept in the user's cache folder.

    Args:
        name: mnist1d.

    Raises:
        InputError: for an unknown name, and where the package is not installed.
    """
    if name not in NAMES:
        raise unknown("signal set", name, NAMES)
    return _mnist1d()


@lru_cache(maxsize=1)
def _mnist1d() -> ImageSet:
    try:
        version = metadata.version("mnist1d")
    except metadata.PackageNotFoundError:
        raise InputError("signal set 'mnist1d' is made by its authors' package: pip install mnist1d") from None
    path = cache() / f"mnist1d-{version}.npz"
    return _kept(path) or _made(path)


def _kept(path: Path) -> ImageSet | None:
    """The signals that `_made` wrote; None if there are none, or the file is damaged."""
    with suppress(InputError, OSError):
        train, test = archives.npz(path)
        return ImageSet(train.images, train.labels, test.images, test.labels, TEN_DIGITS)
    return None


def _made(path: Path) -> ImageSet:
    """Make the signals and write them to a file, if it can be written."""
    from mnist1d.data import get_dataset_args, make_dataset

    with _own_random_numbers():
        made = make_dataset(get_dataset_args())
    scale = np.abs(made["x"]).max()
    x_train, x_test = ((made[key] / scale).astype(np.float32).reshape(-1, *SHAPE) for key in ("x", "x_test"))
    y_train, y_test = (made[key].astype(np.int32) for key in ("y", "y_test"))
    table = io.BytesIO()
    np.savez(table, **dict(zip(archives.KEYS, (x_train, y_train, x_test, y_test), strict=True)))
    with suppress(InputError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, table.getvalue())
    return ImageSet(x_train, y_train, x_test, y_test, TEN_DIGITS)


@contextmanager
def _own_random_numbers():
    """A context that leaves Python's and NumPy's global random numbers as they were: the package seeds them."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
