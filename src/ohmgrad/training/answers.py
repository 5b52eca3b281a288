"""Testing many chips at once."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from ohmgrad.data import Channel, Codebook
from ohmgrad.data.task import Task, filled_up
from ohmgrad.rules import Rule
from ohmgrad.training.fabrication import TESTS, Chips, Variants
from ohmgrad.variants import PerChip, per_chip


class Answers(NamedTuple):
    """Answers of all chips in a test.

    Attributes:
        output: Outputs of the networks.
        right: Whether each answer is right.
    """

    output: Float[Array, "chips samples outputs"]
    right: Bool[Array, "chips samples"]


def answer(
    rule: Variants,
    task: Task | Sequence[Task],
    chips: Chips,
    x: Float[Array, "..."],
    index: Int[Array, "..."],
    chip_keys: Key[Array, "chips"],
) -> Answers:
    """Test all chips, with the same noisy verbs as in training.

    Args:
        rule: The rule: one for all chips, or one per chip.
        task: The task: one for all chips, or one per chip.
        chips: The chips.
        x: Inputs, of shape (samples, ...), or (chips, samples, ...) if every chip has its own.
        index: Index of the right answer to each sample, of shape (samples,) or (chips, samples), as x.
        chip_keys: One key per chip: randomness of reads.
    """
    number = len(chip_keys)
    return _answer(per_chip(rule, number), per_chip(task, number), chips, x, index, chip_keys)


@eqx.filter_jit
def _answer(rules: PerChip, tasks: PerChip, chips, x, index, chip_keys) -> Answers:
    def one_chip(chip, x, index, key, rule_numbers, task_numbers):
        rule, task = rules.of(rule_numbers), tasks.of(task_numbers)
        output = _outputs(rule, chip, x, key)
        return Answers(output, task.right(output, index))

    sample_axis = 0 if index.ndim == 2 else None
    axes = (0, sample_axis, sample_axis, 0, 0, 0)
    return jax.vmap(one_chip, axes)(chips, x, index, chip_keys, rules.each, tasks.each)


def predict(
    rule: Variants, chips: Chips, x: Float[Array, "samples ..."], chip_keys: Key[Array, "chips"]
) -> Float[Array, "chips samples outputs"]:
    """Outputs of all chips for the same samples.

    Args:
        rule: The rule: one for all chips, or one per chip.
        chips: The chips.
        x: Inputs.
        chip_keys: One key per chip: randomness of reads.
    """
    return _predict(per_chip(rule, len(chip_keys)), chips, x, chip_keys)


@eqx.filter_jit
def _predict(rules: PerChip, chips, x, chip_keys):
    def one_chip(chip, key, rule_numbers):
        return _outputs(rules.of(rule_numbers), chip, x, key)

    return jax.vmap(one_chip)(chips, chip_keys, rules.each)


def _outputs(rule: Rule, chip: Chips, x: Float[Array, "samples ..."], key: PRNGKeyArray):
    """Outputs of one chip, computed in parts of at most `_AT_ONCE` samples."""

    def one_part(inputs):
        x, key = inputs
        return rule.infer(chip, x, key).output

    parts = -(-len(x) // _AT_ONCE)
    padded = filled_up(x, -(-len(x) // parts))
    output = jax.lax.map(one_part, (padded, jax.random.split(key, parts)))
    return output.reshape(-1, output.shape[-1])[: len(x)]


_AT_ONCE = 1024
"""Largest number of samples tested at once, so that the activities of a large network fit in memory."""


def accuracy(
    rule: Rule, task: Codebook, chips: Chips, channel: Channel, chip_keys: Key[Array, "chips"], copies: int = 16
) -> np.ndarray:
    """Share of right answers of each chip, on code words sent through a noisy channel.

    Args:
        rule: The rule.
        task: The code words.
        chips: The chips.
        channel: The channel; every chip gets its own noise.
        chip_keys: One key per chip.
        copies: Number of noisy copies of each word.

    Returns:
        Accuracies, of shape (chips,).
    """
    draw_keys, noise_keys = jax.vmap(lambda key: jax.random.split(jax.random.fold_in(key, TESTS)), out_axes=1)(
        chip_keys
    )
    x, index = jax.vmap(lambda key: task.test(channel, copies, key))(draw_keys)
    return np.asarray(answer(rule, task, chips, x, index, noise_keys).right.mean(1))
