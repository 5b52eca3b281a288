"""The test samples: code words with every level of corruption, or the test set of a task."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Key, PRNGKeyArray

from ohmgrad import training
from ohmgrad.data import Channel, Codebook, best_decoder
from ohmgrad.data.task import Task
from ohmgrad.recipes.schema.experiment import Evaluation

Kind = tuple[str, float]
"""A kind of test and its level: ("flips", 0.1), ("unreadable", 0.1), ("test", 0) or ("validation", 0)."""
CORRUPTIONS = ("flips", "unreadable")
TEST: Kind = ("test", 0.0)
VALIDATION: Kind = ("validation", 0.0)


class Trial(NamedTuple):
    """Test samples of one kind, either drawn separately for every chip or shared by all chips.

    Attributes:
        kind: Kind and level of corruption.
        x: Inputs, (samples, ...), with a leading axis over chips if not shared.
        truth: Truth as `Task.right` takes it; leading axes as those of x.
        keys: One key per chip, for the read noise of the tested chip.
    """

    kind: Kind
    x: jax.Array
    truth: jax.Array
    keys: Key[jax.Array, "chips"]

    @property
    def shared(self) -> bool:
        """Whether all chips are tested on the same samples."""
        return self.truth.ndim == 1

    def best(self, words: np.ndarray) -> np.ndarray:
        """Correctness of the best decoder of code words, (chips, samples).

        Args:
            words: The code words, (words, dots).
        """
        x, truth = np.asarray(self.x), np.asarray(self.truth)
        return np.array([best_decoder(words, *chip) for chip in zip(x, truth, strict=True)])


Samples = tuple[jax.Array | np.ndarray, jax.Array | np.ndarray]
"""Inputs, and their truth as `Task.right` takes it."""


def trials(
    settings: Evaluation, task: Task, chip_keys: Key[jax.Array, "chips"], samples: Samples | None = None
) -> list[Trial]:
    """All tests of a task, or one test of the given samples.

    Args:
        settings: Section `evaluation` of the recipe.
        task: The task.
        chip_keys: One key per chip.
        samples: Test samples. None: the task's.
    """
    if samples is None and isinstance(task, Codebook):
        return _corrupted(settings, task, chip_keys)
    keys = _folded(chip_keys, training.TESTS)
    x, truth = _of_task(task.test_set, keys) if samples is None else samples
    return [Trial(TEST, jnp.asarray(x), jnp.asarray(truth), keys)]


def validation(
    settings: Evaluation, task: Task, chip_keys: Key[jax.Array, "chips"], samples: Samples | None = None
) -> Trial | None:
    """Samples for learning curves and tuning, separate from the tests; None if the task has none.

    Args:
        settings: Section `evaluation` of the recipe.
        task: The task: code words are newly drawn, of labelled images those held back are used.
        chip_keys: One key per chip.
        samples: Validation samples. None: the task's.
    """
    if samples is None and isinstance(task, Codebook):
        return _drawn(settings, task, chip_keys, [headline(settings, task)], training.VALIDATION)[0]
    keys = _folded(chip_keys, training.VALIDATION)
    if samples is None and jax.eval_shape(task.validation_set, keys[0]) is None:
        return None
    x, truth = _of_task(task.validation_set, keys) if samples is None else samples
    return Trial(VALIDATION, jnp.asarray(x), jnp.asarray(truth), keys)


def _folded(chip_keys: Key[jax.Array, "chips"], use: int) -> Key[jax.Array, "chips"]:
    return jax.vmap(lambda key: jax.random.fold_in(key, use))(chip_keys)


def _of_task(draw: Callable[[PRNGKeyArray], Any], keys: Key[jax.Array, "chips"]) -> Samples:
    """Samples drawn with each chip's key; where they do not depend on the key, once, without an axis over chips."""
    try:
        jax.eval_shape(jax.vmap(draw, out_axes=None), keys)
    except ValueError:  # they depend on the key
        return jax.vmap(draw)(keys)
    return draw(keys[0])


def _corrupted(settings: Evaluation, task: Codebook, chip_keys: Key[jax.Array, "chips"]) -> list[Trial]:
    """Tests of flipped dots, then of unreadable dots, at every level."""
    kinds = [(kind, level) for kind in CORRUPTIONS for level in settings.levels]
    return _drawn(settings, task, chip_keys, kinds, training.TESTS)


def _drawn(
    settings: Evaluation, task: Codebook, chip_keys: Key[jax.Array, "chips"], kinds: list[Kind], use: int
) -> list[Trial]:
    """Tests of code words drawn separately for every chip; `use` is folded into each chip's key."""
    flips, unreadable = (jnp.array([level if kind == one else 0.0 for kind, level in kinds]) for one in CORRUPTIONS)
    channels = Channel(flips, unreadable)

    def draw(key: PRNGKeyArray):
        draw_keys, noise_keys = jax.random.split(jax.random.fold_in(key, use), (2, len(kinds)))
        x, word = jax.vmap(lambda channel, key: task.test(channel, settings.copies, key))(channels, draw_keys)
        return x, word, noise_keys

    x, word, noise_keys = jax.jit(jax.vmap(draw, out_axes=1))(chip_keys)
    return [Trial(kind, x[i], word[i], noise_keys[i]) for i, kind in enumerate(kinds)]


def headline(settings: Evaluation, task: Task, samples: Samples | None = None) -> Kind:
    """The kind of the headline test, whose accuracy is reported first; arguments as in `trials`."""
    return ("flips", settings.headline_level) if samples is None and isinstance(task, Codebook) else TEST
