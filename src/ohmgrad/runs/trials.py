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
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.schema.data import CorruptedWords

Kind = tuple[str, float]
"""A kind of test and its level: ("flips", 0.1), ("unreadable", 0.1), ("test", 0) or ("validation", 0)."""


CORRUPTIONS = ("flips", "unreadable")


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


def trials(experiment: Experiment, task: Task, chip_keys: Key[jax.Array, "chips"]) -> list[Trial]:
    """All tests of an experiment."""
    if isinstance(task, Codebook):
        return _corrupted(experiment, task, chip_keys)
    keys = jax.vmap(lambda key: jax.random.fold_in(key, training.TESTS))(chip_keys)
    if isinstance(task, LabelledImages):
        return [Trial(("test", 0.0), task.tests(jnp.arange(len(task.test))), task.test_class, keys)]
    x, truth = jax.vmap(task.test_set)(keys)
    shared = bool((x == x[:1]).all() and (truth == truth[:1]).all())  # a set that no key changes
    return [Trial(("test", 0.0), *((x[0], truth[0]) if shared else (x, truth)), keys)]


def validation(experiment: Experiment, task: Task, chip_keys: Key[jax.Array, "chips"]) -> Trial | None:
    """What a training may be watched and tuned by: words drawn apart from the tests', or images held back, if any."""
    if isinstance(task, Codebook):
        return _drawn(experiment, task, chip_keys, [headline(experiment)], training.VALIDATION)[0]
    if not isinstance(task, LabelledImages) or task.validation is None:
        return None
    images, classes = task.validation
    keys = jax.vmap(lambda key: jax.random.fold_in(key, training.VALIDATION))(chip_keys)
    return Trial(("validation", 0.0), task.seen(images), classes, keys)


def _corrupted(experiment: Experiment, task: Codebook, chip_keys: Key[jax.Array, "chips"]) -> list[Trial]:
    """Flipped, then unreadable dots, at every level of the recipe."""
    levels = experiment.evaluation.levels
    kinds = [(kind, level) for kind in CORRUPTIONS for level in levels]
    return _drawn(experiment, task, chip_keys, kinds, training.TESTS)


def _drawn(
    experiment: Experiment, task: Codebook, chip_keys: Key[jax.Array, "chips"], kinds: list[Kind], use: int
) -> list[Trial]:
    """Words drawn for every chip; `use` is what a chip's key is folded with."""
    flips, unreadable = (jnp.array([level if kind == one else 0.0 for kind, level in kinds]) for one in CORRUPTIONS)
    channels = Channel(flips, unreadable)

    def draw(key: PRNGKeyArray):
        draw_keys, noise_keys = jax.random.split(jax.random.fold_in(key, use), (2, len(kinds)))
        copies = experiment.evaluation.copies
        x, word = jax.vmap(lambda channel, key: task.test(channel, copies, key))(channels, draw_keys)
        return x, word, noise_keys

    x, word, noise_keys = jax.jit(jax.vmap(draw, out_axes=1))(chip_keys)
    return [Trial(kind, x[i], word[i], noise_keys[i]) for i, kind in enumerate(kinds)]


def headline(experiment: Experiment) -> Kind:
    """The test that the headline table shows."""
    words = isinstance(experiment.data, CorruptedWords)
    return ("flips", experiment.evaluation.headline_level) if words else ("test", 0.0)
