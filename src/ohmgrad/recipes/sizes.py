"""Sizes of a recipe's data, without loading images. A user-defined task is built to get its sizes."""

import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ohmgrad.data import Task, braille, patterns
from ohmgrad.data.batches import batches
from ohmgrad.data.images import DIGITS_TRAIN, held_back
from ohmgrad.data.signals import SHAPE, TRAIN
from ohmgrad.data.sources import SOURCES, TEN_DIGITS
from ohmgrad.parts import Settings
from ohmgrad.quantity import Range
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, LabelledData, PatternData
from ohmgrad.recipes.tasks import custom_task, taken

_DIGITS = (8, 8, 1)
_PIXELS, _SIGNALS = 0.1, 0.033
"""Mean square of pixels in [0, 1], that of MNIST, and of signals in [-1, 1], that of MNIST-1D."""


class Sizes(NamedTuple):
    """Sizes of a recipe's data.

    Attributes:
        inputs: Numbers per sample.
        outputs: Numbers per answer.
        samples: Samples per epoch.
        image: Height, width and channels of an image; zeros for other samples.
        mean_square: Mean square of the numbers of a sample, with bounds.
    """

    inputs: int
    outputs: int
    samples: int
    image: tuple[int, int, int] = (0, 0, 0)
    mean_square: Range = Range(0.0, 1.0, 1.0)


def sizes(experiment: Experiment) -> Sizes:
    """The sizes of a recipe's data.

    Raises:
        InputError: if a table of patterns cannot be read, a user-defined task cannot be built, or more samples are
            requested than the data have.
    """
    data = experiment.data
    if isinstance(data, LabelledData):
        return _labelled_sizes(data)
    if isinstance(data, Settings):
        return _custom_sizes(custom_task(data))
    if isinstance(data, PatternData):
        words, dots = _table(Path(data.file))
    else:
        assert isinstance(data, BrailleData)
        words, dots = len(data.words or braille.shipped_words()), braille.CELLS * braille.DOTS_PER_CELL
    # Dots are 1 or -1; unreadable ones are 0.
    square = Range(0.0, 1 - data.train_unreadable, 1.0)
    return Sizes(dots, words if data.answer == "name" else dots, words * data.copies, mean_square=square)


def steps(experiment: Experiment, samples: int | None = None) -> int:
    """Number of batches of a training.

    Args:
        experiment: The recipe.
        samples: Samples per epoch. None: those of the recipe's data.
    """
    return experiment.training.epochs * batches(samples or sizes(experiment).samples, experiment.training.batch)


def _custom_sizes(task: Task) -> Sizes:
    shape = task.sample
    height, width, channels = shape if len(shape) == 3 else (0, 0, 0)
    return Sizes(task.inputs, task.outputs, task.samples, (height, width, channels))


def _table(path: Path) -> tuple[int, int]:
    """Shape of a table of patterns; the file is read again only if it has changed."""
    try:
        changed = path.stat().st_mtime_ns, path.stat().st_size
    except (OSError, ValueError):
        changed = 0, 0  # reading it raises the error
    return _read_table(path, *changed)


@lru_cache(maxsize=8)
def _read_table(path: Path, changed_at: int, size: int) -> tuple[int, int]:
    words, dots = patterns.load(path).shape
    return words, dots


def _labelled_sizes(data: LabelledData) -> Sizes:
    (height, width, channels), train, classes = _known(data)
    margin, square = (data.pad, _PIXELS) if isinstance(data, ImageData) else (0, _SIGNALS)
    image = height + 2 * margin, width + 2 * margin, channels
    samples = taken(data, train, classes)
    square = min(1.0, (square + data.train_noise**2) * (1 - data.train_missing))
    left = samples - held_back(samples, data.validation)
    return Sizes(math.prod(image), classes, left, image, Range(0.0, square, 1.0))


def _known(data: LabelledData) -> tuple[tuple[int, int, int], int, int]:
    """Shape of a sample, number of training samples, and number of classes of a set."""
    if not isinstance(data, ImageData):
        return SHAPE, TRAIN, len(TEN_DIGITS)
    if data.name == "digits":
        return _DIGITS, DIGITS_TRAIN, len(TEN_DIGITS)
    source = SOURCES[data.name]
    return source.shape, source.train, len(source.classes)
