"""Image sets as arrays, from the user's folders or downloaded. Does not import JAX."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from jaxtyping import AbstractDtype, Float64, Int

from ohmgrad import files
from ohmgrad.data import archives, download
from ohmgrad.data.sources import NAMES, SOURCES, TEN_DIGITS, Source
from ohmgrad.errors import InputError, unknown
from ohmgrad.files import at_home

VARIABLE = "OHMGRAD_DATA"
DIGITS_TRAIN = 1437
"""Training images among scikit-learn's 1,797 digits: the first four fifths; the rest test. The split is ohmgrad's."""

if TYPE_CHECKING:
    Pixels = Annotated
else:

    class Pixels(AbstractDtype):
        """Bytes of images, or numbers of signals."""

        dtypes = ("uint8", "float32")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """An image set, or a set of signals: images of one row, of numbers within [-1, 1].

    Attributes:
        x_train: Training images of bytes (0 black, 255 white), shape (train, height, width, channels).
        y_train: Index of the class of each training image, shape (train,).
        x_test: Test images, as `x_train`.
        y_test: Index of the class of each test image.
        classes: Names of the classes.
    """

    x_train: Pixels[np.ndarray, "train height width channels"]
    y_train: Int[np.ndarray, "train"]
    x_test: Pixels[np.ndarray, "test height width channels"]
    y_test: Int[np.ndarray, "test"]
    classes: tuple[str, ...]

    @property
    def bounds(self) -> tuple[int, int]:
        """Lowest and highest value of a pixel."""
        return (0, 255) if self.x_train.dtype == np.uint8 else (-1, 1)

    def statistics(self) -> tuple[Float64[np.ndarray, "channels"], Float64[np.ndarray, "channels"]]:
        """Mean and standard deviation of each channel over the training images, bytes scaled to [0, 1]."""
        planes, scale = self.x_train.reshape(-1, self.x_train.shape[-1]).T, self.bounds[1]
        means, deviations = ([float(each(plane)) for plane in planes] for each in (np.mean, np.std))
        return np.array(means) / scale, np.array(deviations) / scale


def images(name: str, folder: Path | None = None) -> ImageSet:
    """Load an image set: from `folder`, $OHMGRAD_DATA or the user's cache, else downloaded into the cache.

    A folder may hold NAME.npz (arrays x_train, y_train, x_test, y_test) or the original files, directly or in a
    subfolder NAME.

    Args:
        name: mnist, fashion-mnist, kmnist, svhn, cifar-10, cifar-100 or digits (which comes with scikit-learn).
        folder: Folder to look in first.

    Raises:
        InputError: for an unknown name, a given folder that does not exist or holds only a part of the files, a damaged
            file, and where the set is in no folder and cannot be downloaded.
    """
    if name == "digits":
        return _digits()
    if name not in SOURCES:
        raise unknown("image set", name, NAMES)
    source = SOURCES[name]
    arrays = [archives.checked(part, source.shape, len(source.classes)) for part in _parts(name, source, folder)]
    return ImageSet(*arrays[0], *arrays[1], source.classes)


def held_back(samples: int, share: float) -> int:
    """Number of training samples that are held back for validation.

    Args:
        samples: Number of training samples.
        share: Share that is held back, from 0 to 1.

    Raises:
        InputError: where a share above 0 is less than one sample.
    """
    validation = int(share * samples)
    if share and not validation:
        raise InputError(f"data.validation: {share:g} of {samples} training samples is less than one")
    return validation


def cache() -> Path:
    """Folder of downloads: ohmgrad/data in $XDG_CACHE_HOME or ~/.cache."""
    return files.cache() / "data"


def _parts(name: str, source: Source, folder: Path | None) -> archives.Parts:
    """Training and test part of a set, from the first folder that holds it, else downloaded."""
    variable = os.environ.get(VARIABLE)
    named = [*([folder] if folder is not None else []), *([Path(variable)] if variable else [])]
    named = [at_home(place) for place in named]
    for place in named:
        if not place.is_dir():
            raise InputError(
                f"the data folder {place} does not exist; `data.folder` and {VARIABLE} name existing folders"
            )
    for place in (*named, cache()):
        for holder in (place / name, place):
            table = holder / f"{name}.npz"
            if table.is_file():
                return archives.npz(table)
            paths = _originals(source, holder)
            if len(paths) == len(source.files):
                _check_set(name, paths)
                return archives.READERS[source.layout](list(paths.values()))
            if paths and place in named:
                lacking = [file.name for file in source.files if file.name not in paths]
                raise InputError(f"{holder} holds a part of {name} only; it lacks {', '.join(lacking)}")
    return archives.READERS[source.layout](_downloaded(name, source, named))


def _originals(source: Source, holder: Path) -> dict[str, Path]:
    """Paths of the set's original files that a folder holds, by name and in order; IDX files may lack the .gz."""
    paths = {}
    for file in source.files:
        spellings = [file.name, file.name.removesuffix(".gz")] if source.layout == "idx" else [file.name]
        if present := [holder / spelling for spelling in spellings if (holder / spelling).is_file()]:
            paths[file.name] = present[0]
    return paths


def _check_set(name: str, paths: dict[str, Path]) -> None:
    """Raises InputError where a file is of another set: the MNIST family shares file names, but not checksums."""
    for other in SOURCES.keys() - {name}:
        for file in SOURCES[other].files:
            path = paths.get(file.name)
            if path is None or path.stat().st_size != file.size_bytes:
                continue
            if hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256:
                raise InputError(f"{path} is a file of {other}, not of {name}; give each set a folder named after it")


def _downloaded(name: str, source: Source, named: list[Path]) -> list[Path]:
    """Paths of the set's files in the cache; missing ones are downloaded first."""
    folder = cache() / name
    paths = _originals(source, folder)
    try:
        download.fetch(name, source.homes, [file for file in source.files if file.name not in paths], folder)
    except download.Unreachable as error:
        places = ", ".join(str(place) for place in (*named, cache()))
        raise InputError(
            f"{name} could not be downloaded ({error}) and is not in {places}; name a folder that holds {name}.npz or "
            f"the original files with `data.folder` or {VARIABLE}"
        ) from None
    return list(_originals(source, folder).values())


def _digits() -> ImageSet:
    """scikit-learn's digits, 8 x 8, with their 17 grey levels scaled to 0 to 255."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise InputError("image set 'digits' comes with scikit-learn: pip install scikit-learn") from None
    levels, labels = load_digits(return_X_y=True)
    x = np.rint(levels.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    y = np.asarray(labels, np.int32)
    return ImageSet(x[:DIGITS_TRAIN], y[:DIGITS_TRAIN], x[DIGITS_TRAIN:], y[DIGITS_TRAIN:], TEN_DIGITS)
