"""Sizes of a recipe's data, without loading images. A user-defined task is built to get its sizes."""

import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ohmgrad.data import Task, braille, patterns
from ohmgrad.data.batches import batches
from ohmgrad.data.images import DIGITS_TRAIN, held_back
from ohmgrad.data.sources import SOURCES, TEN_DIGITS
from ohmgrad.errors import InputError
from ohmgrad.parts import Settings
from ohmgrad.quantity import Range
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData
from ohmgrad.recipes.tasks import custom_task

_DIGITS = (8, 8, 1)
_PIXELS = Range(0.0, 0.1, 1.0)
"""Mean square of pixels in [0, 1], with bounds; nominal: that of MNIST."""


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
    if isinstance(data, ImageData):
        return _image_sizes(data)
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


def _image_sizes(data: ImageData) -> Sizes:
    if data.name == "digits":
        (height, width, channels), train, classes = _DIGITS, DIGITS_TRAIN, TEN_DIGITS
    else:
        source = SOURCES[data.name]
        (height, width, channels), train, classes = source.shape, source.train, source.classes
    if data.samples is not None and data.samples > train:
        raise InputError(f"data.samples: {data.samples} is above the {train} training images of {data.name}")
    image = height + 2 * data.pad, width + 2 * data.pad, channels
    samples = data.samples or train
    return Sizes(math.prod(image), len(classes), samples - held_back(samples, data.validation), image, _PIXELS)
