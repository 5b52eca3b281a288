"""What trained chips are tested on: corrupted code words at every level, or the test images of a set."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Key, PRNGKeyArray

from ohmgrad import training
from ohmgrad.data import Channel, Codebook, best_decoder
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.data.task import Task
from ohmgrad.recipes.schema.experiment import Evaluation

Kind = tuple[str, float]
"""A kind of test and its level: ("flips", 0.1), ("unreadable", 0.1), ("test", 0) or ("validation", 0)."""
CORRUPTIONS = ("flips", "unreadable")
TEST: Kind = ("test", 0.0)


class Trial(NamedTuple):
    """Samples of one kind and level, and what they are: drawn apart for every chip, or the same for all."""

    kind: Kind
    x: jax.Array
    truth: jax.Array
    keys: Key[jax.Array, "chips"]
    """One per chip, for the noise of the chip that is tested."""

    @property
    def shared(self) -> bool:
        """Whether all chips are tested on the same samples."""
        return self.truth.ndim == 1

    def best(self, words: np.ndarray) -> np.ndarray:
        """How right the best decoder of code words is, by chip and sample."""
        x, truth = np.asarray(self.x), np.asarray(self.truth)
        return np.array([best_decoder(words, *chip) for chip in zip(x, truth, strict=True)])


Samples = tuple[jax.Array | np.ndarray, jax.Array | np.ndarray]
"""Inputs, and what each is, as `Task.right` takes it."""


def trials(
    settings: Evaluation, task: Task, chip_keys: Key[jax.Array, "chips"], samples: Samples | None = None
) -> list[Trial]:
    """All tests of a task, or the one on given samples."""
    if samples is None and isinstance(task, Codebook):
        return _corrupted(settings, task, chip_keys)
    if samples is None and isinstance(task, LabelledImages):
        samples = task.tests(jnp.arange(len(task.test))), task.test_class
    if samples is None:
        keys = jax.vmap(lambda key: jax.random.fold_in(key, training.TESTS))(chip_keys)
        x, truth = jax.vmap(task.test_set)(keys)
        shared = bool((x == x[:1]).all() and (truth == truth[:1]).all())  # a set that no key changes
        return [Trial(TEST, *((x[0], truth[0]) if shared else (x, truth)), keys)]
    return [_given(TEST, samples, chip_keys, training.TESTS)]


def validation(
    settings: Evaluation, task: Task, chip_keys: Key[jax.Array, "chips"], samples: Samples | None = None
) -> Trial | None:
    """What a training may be watched and tuned by: words drawn apart from the tests', or samples held back, if any."""
    if samples is None and isinstance(task, Codebook):
        return _drawn(settings, task, chip_keys, [headline(settings, task)], training.VALIDATION)[0]
    if samples is None and isinstance(task, LabelledImages) and task.validation is not None:
        images, classes = task.validation
        samples = task.seen(images), classes
    return None if samples is None else _given(("validation", 0.0), samples, chip_keys, training.VALIDATION)


def _given(kind: Kind, samples: Samples, chip_keys: Key[jax.Array, "chips"], use: int) -> Trial:
    """Samples that all chips share; `use` is what a chip's key is folded with."""
    keys = jax.vmap(lambda key: jax.random.fold_in(key, use))(chip_keys)
    x, truth = map(jnp.asarray, samples)
    return Trial(kind, x, truth, keys)


def _corrupted(settings: Evaluation, task: Codebook, chip_keys: Key[jax.Array, "chips"]) -> list[Trial]:
    """Flipped, then unreadable dots, at every level."""
    kinds = [(kind, level) for kind in CORRUPTIONS for level in settings.levels]
    return _drawn(settings, task, chip_keys, kinds, training.TESTS)


def _drawn(
    settings: Evaluation, task: Codebook, chip_keys: Key[jax.Array, "chips"], kinds: list[Kind], use: int
) -> list[Trial]:
    """Words drawn for every chip; `use` is what a chip's key is folded with."""
    flips, unreadable = (jnp.array([level if kind == one else 0.0 for kind, level in kinds]) for one in CORRUPTIONS)
    channels = Channel(flips, unreadable)

    def draw(key: PRNGKeyArray):
        draw_keys, noise_keys = jax.random.split(jax.random.fold_in(key, use), (2, len(kinds)))
        x, word = jax.vmap(lambda channel, key: task.test(channel, settings.copies, key))(channels, draw_keys)
        return x, word, noise_keys

    x, word, noise_keys = jax.jit(jax.vmap(draw, out_axes=1))(chip_keys)
    return [Trial(kind, x[i], word[i], noise_keys[i]) for i, kind in enumerate(kinds)]


def headline(settings: Evaluation, task: Task, samples: Samples | None = None) -> Kind:
    """The test that the headline table shows."""
    return ("flips", settings.headline_level) if samples is None and isinstance(task, Codebook) else TEST
