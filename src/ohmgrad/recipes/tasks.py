"""Builds the task of a recipe from its section `data`."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from ohmgrad import parts
from ohmgrad.data import Channel, Codebook, Task, braille, images, patterns
from ohmgrad.data.images import held_back
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.parts import Settings
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, PatternData


def task(experiment: Experiment) -> Task:
    """Build the task of a resolved recipe.

    Raises:
        InputError: if data are missing or unsuitable.
    """
    data = experiment.data
    if isinstance(data, ImageData):
        return _images(data, "maps" if "image" in experiment.network_class.of_the_task() else "vectors")
    return custom_task(data) if isinstance(data, Settings) else _words(data)


def custom_task(settings: Settings) -> Task:
    """Build a user-defined task; equal settings return the cached task."""
    return _custom_task(_Same(settings))


class _Same(NamedTuple):
    """Cache key of settings; equal for equal settings."""

    settings: Settings

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.settings == other.settings

    def __hash__(self) -> int:
        return hash((type(self.settings), self.settings.model_dump_json()))


@lru_cache(maxsize=1)
def _custom_task(same: _Same) -> Task:
    return parts.build(same.settings)


def _words(settings: BrailleData | PatternData) -> Codebook:
    if isinstance(settings, BrailleData):
        words = settings.words or braille.shipped_words()
        if len(set(words)) < len(words):
            raise InputError("data.words holds the same word twice")
        table = [braille.pattern(word) for word in words]
    else:
        table = patterns.load(Path(settings.file))
    return Codebook(
        words=jnp.array(table, jnp.float32),
        answer=settings.answer,
        channel=Channel(settings.train_flips, settings.train_unreadable),
        copies=settings.copies,
    )


def _images(settings: ImageData, seen_as: Literal["vectors", "maps"]) -> LabelledImages:
    found = images(settings.name, None if settings.folder is None else Path(settings.folder))
    samples = len(found.x_train) if settings.samples is None else settings.samples
    if samples > len(found.x_train):
        raise InputError(
            f"data.samples: {samples} is above the {len(found.x_train)} training images of {settings.name}"
        )
    held = np.zeros(samples, bool)
    held[np.random.default_rng(0).permutation(samples)[: held_back(samples, settings.validation)]] = True
    x, classes = found.x_train[:samples], found.y_train[:samples]
    mean, deviation = (tuple(map(float, figure)) for figure in found.statistics()) if settings.normalise else ((), ())
    return LabelledImages(
        train=jnp.asarray(x[~held]),
        train_class=jnp.asarray(classes[~held], jnp.int32),
        test=jnp.asarray(found.x_test),
        test_class=jnp.asarray(found.y_test, jnp.int32),
        classes=found.classes,
        validation=(jnp.asarray(x[held]), jnp.asarray(classes[held], jnp.int32)) if settings.validation else None,
        mean=mean,
        deviation=deviation,
        pad=settings.pad,
        crop=settings.crop,
        flip=settings.flip,
        seen_as=seen_as,
    )
