"""How large a recipe's data are, from the recipe alone: no image is loaded. A task of a user's own is built."""

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
"""Mean square of pixels: 0.1 is MNIST's."""


class Sizes(NamedTuple):
    """Of a recipe's data: numbers in a sample and in an answer, samples in an epoch, the image's sides, and the mean
    square of a sample's numbers."""

    inputs: int
    outputs: int
    samples: int
    image: tuple[int, int, int] = (0, 0, 0)
    mean_square: Range = Range(0.0, 1.0, 1.0)


def sizes(experiment: Experiment) -> Sizes:
    """Raises InputError where the recipe's table of patterns cannot be read, or its own task not be built."""
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
    # Dots are 1 or -1, or, unreadable, 0.
    square = Range(0.0, 1 - data.train_unreadable, 1.0)
    return Sizes(dots, words if data.answer == "name" else dots, words * data.copies, mean_square=square)


def steps(experiment: Experiment, samples: int | None = None) -> int:
    """Batches of the training, the last of an epoch filled up; of as many `samples` an epoch as the data have,
    unless it is given."""
    return experiment.training.epochs * batches(samples or sizes(experiment).samples, experiment.training.batch)


def _custom_sizes(task: Task) -> Sizes:
    shape = task.sample
    height, width, channels = shape if len(shape) == 3 else (0, 0, 0)
    return Sizes(task.inputs, task.outputs, task.samples, (height, width, channels))


def _table(path: Path) -> tuple[int, int]:
    """Shape of a table of patterns, which is read once and again only where the file has changed since."""
    try:
        changed = path.stat().st_mtime_ns, path.stat().st_size
    except (OSError, ValueError):
        changed = 0, 0  # reading it says what is wrong
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
