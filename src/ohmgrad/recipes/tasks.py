"""Builds the task of a recipe from its section `data`."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from ohmgrad import parts
from ohmgrad.data import Channel, Codebook, Task, braille, conditions, images, patterns, signals
from ohmgrad.data.images import ImageSet, held_back
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.parts import Settings
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.schema.data import BrailleData, ImageData, LabelledData, PatternData


def task(experiment: Experiment) -> Task:
    """Build the task of a resolved recipe.

    Raises:
        InputError: if data are missing or unsuitable.
    """
    data = experiment.data
    if isinstance(data, LabelledData):
        return _labelled(data, "maps" if "image" in experiment.network_class.of_the_task() else "vectors")
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
        wrong_labels=settings.wrong_labels or None,
    )


def _labelled(settings: LabelledData, seen_as: Literal["vectors", "maps"]) -> LabelledImages:
    found, prepared = _images(settings) if isinstance(settings, ImageData) else (signals(settings.name), {})
    x, classes = _training_samples(settings, found)
    held = np.zeros(len(x), bool)
    held[np.random.default_rng(0).permutation(len(x))[: held_back(len(x), settings.validation)]] = True
    return LabelledImages(
        train=jnp.asarray(x[~held]),
        train_class=jnp.asarray(classes[~held], jnp.int32),
        test=jnp.asarray(found.x_test),
        test_class=jnp.asarray(found.y_test, jnp.int32),
        classes=found.classes,
        validation=(jnp.asarray(x[held]), jnp.asarray(classes[held], jnp.int32)) if settings.validation else None,
        seen_as=seen_as,
        **prepared,
    )


def _images(settings: ImageData) -> tuple[ImageSet, dict[str, Any]]:
    """The images of a recipe, and how they are prepared."""
    found = images(settings.name, None if settings.folder is None else Path(settings.folder))
    prepared: dict[str, Any] = {"pad": settings.pad, "crop": settings.crop, "flip": settings.flip}
    if settings.normalise:
        mean, deviation = (tuple(map(float, figure)) for figure in found.statistics())
        prepared |= {"mean": mean, "deviation": deviation}
    return found, prepared


def _training_samples(settings: LabelledData, found: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    """Training samples and their classes, as few, as wrongly labelled and as noisy as the recipe wants them."""
    taken(settings, len(found.x_train), len(found.classes))
    x, classes = found.x_train[: settings.samples], found.y_train[: settings.samples]
    if settings.per_class:
        few = conditions.first_of_each(classes, settings.per_class, found.classes)
        x, classes = x[few], classes[few]
    if settings.wrong_labels:
        classes = conditions.mislabelled(classes, settings.wrong_labels, len(found.classes))
    if settings.train_noise:
        x = conditions.noisy(x, settings.train_noise, found.bounds)
    if settings.train_missing:
        x = conditions.erased(x, settings.train_missing)
    return x, classes


def taken(settings: LabelledData, available: int, classes: int) -> int:
    """Number of training samples that a recipe takes, those held back for validation included.

    Args:
        settings: Section `data` of the recipe.
        available: Number of training samples of the set.
        classes: Number of its classes.

    Raises:
        InputError: if it wants more than there are.
    """
    samples = settings.samples or available
    if samples > available:
        raise InputError(
            f"data.samples: {samples} is above the {available} training {settings.kind} of {settings.name}"
        )
    if settings.per_class is None:
        return samples
    if settings.per_class * classes > samples:
        raise InputError(
            f"data.per_class: {settings.per_class} of each of {classes} classes is more than {samples} samples; "
            f"allowed: 1 to {samples // classes}"
        )
    return settings.per_class * classes
