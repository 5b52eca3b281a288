"""Code words sent over a noisy channel: the task is to name, or to restore, the word that was sent."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from ohmgrad.data.task import Task, filled_up
from ohmgrad.errors import InputError
from ohmgrad.parts import Number, number

_LABELS = 2
"""Folded into the key of a batch, whose first two splits the channel takes."""
Answer = Literal["name", "restore"]


class Channel(eqx.Module):
    """A noisy channel: it flips values with probability `flips` and, independently, erases them (0) with `unreadable`.

    Either probability may be an array that broadcasts against the inputs.
    """

    flips: float | Float[Array, "*levels"] = 0.0
    unreadable: float | Float[Array, "*levels"] = 0.0

    def __call__(self, x: Float[Array, "*shape"], key: PRNGKeyArray) -> Float[Array, "*shape"]:
        flip_key, blank_key = jax.random.split(key)
        x = jnp.where(jax.random.uniform(flip_key, x.shape) < self.flips, -x, x)
        return jnp.where(jax.random.uniform(blank_key, x.shape) < self.unreadable, 0.0, x)


class Codebook(Task):
    """Name or restore code words of +1 and -1 that a noisy channel corrupted.

    Attributes:
        words: The code words, shape (words, dots).
        answer: "name": the target is one-hot over the words; "restore": it is the word itself.
        channel: The channel; it corrupts every sample anew in every epoch.
        copies: Samples of every word per epoch.
        wrong_labels: Share of training samples whose target is that of another word, drawn anew for every sample; only
            with answer "name". None: all targets are right.
    """

    words: Float[Array, "words dots"]
    answer: Answer = eqx.field(static=True)
    channel: Channel
    copies: int = eqx.field(static=True)
    wrong_labels: Number | None = number(None, "share of training samples with the label of another word", ge=0, lt=1)

    def __check_init__(self):
        check_labels(self.answer, self.wrong_labels is not None)

    @property
    def inputs(self) -> int:
        """Number of inputs of a network for this task: dots of a word."""
        return self.words.shape[1]

    @property
    def outputs(self) -> int:
        return self.words.shape[0] if self.answer == "name" else self.words.shape[1]

    @property
    def samples(self) -> int:
        """Samples in an epoch."""
        return self.words.shape[0] * self.copies

    def targets(self, index: Int[Array, "batch"]) -> Float[Array, "batch outputs"]:
        """Targets of the words with these indices: one-hot over the words, or the words themselves."""
        if self.answer == "name":
            return jax.nn.one_hot(index, self.words.shape[0])
        return self.words[index]

    def epoch(self, key: PRNGKeyArray, batch: int) -> tuple[Int[Array, "steps batch"], Key[Array, "steps"]]:
        """Indices of words, shuffled and cut into batches, and a key per batch; see `Task.epoch`."""
        order_key, noise_key = jax.random.split(key)
        order = jax.random.permutation(order_key, jnp.tile(jnp.arange(self.words.shape[0]), self.copies))
        order = filled_up(order, batch)
        return order, jax.random.split(noise_key, len(order))

    def batch(
        self, element: tuple[Int[Array, "batch"], PRNGKeyArray]
    ) -> tuple[Float[Array, "batch dots"], Float[Array, "batch outputs"]]:
        """Corrupted words and their targets, for one batch of `epoch`."""
        index, key = element
        return self.channel(self.words[index], key), self.targets(self._labels(index, key))

    def _labels(self, index: Int[Array, "batch"], key: PRNGKeyArray) -> Int[Array, "batch"]:
        """The words that samples are said to be: some of them, other words, each equally likely."""
        if self.wrong_labels is None:
            return index
        share_key, word_key = jax.random.split(jax.random.fold_in(key, _LABELS))
        words = len(self.words)
        others = (index + jax.random.randint(word_key, index.shape, 1, words)) % words
        return jnp.where(jax.random.uniform(share_key, index.shape) < self.wrong_labels, others, index)

    def test_set(self, key: PRNGKeyArray):
        """Words corrupted anew by the channel of the training, and their indices."""
        return self.test(self.channel, self.copies, key)

    def validation_set(self, key: PRNGKeyArray):
        """Words corrupted anew by the channel of the training, and their indices."""
        return self.test(self.channel, self.copies, key)

    def test(
        self, channel: Channel, copies: int, key: PRNGKeyArray
    ) -> tuple[Float[Array, "samples dots"], Int[Array, "samples"]]:
        """`copies` samples of every word, corrupted by a channel, and the index of the word of each."""
        index = jnp.repeat(jnp.arange(self.words.shape[0]), copies)
        return channel(self.words[index], key), index

    def right(self, output: Float[Array, "samples outputs"], index: Int[Array, "samples"]) -> Bool[Array, "samples"]:
        """Whether each output is right: the largest one is that of the word, or all dots have the right sign."""
        if self.answer == "name":
            return output.argmax(-1) == index
        return ((output > 0) == (self.words[index] > 0)).all(-1)


def check_labels(answer: Answer, wrong: bool) -> None:
    """Check that labels are wrong only where there are labels.

    Args:
        answer: What is answered.
        wrong: Whether some labels are wrong.

    Raises:
        InputError: where words are to be restored, which needs no labels.
    """
    if wrong and answer != "name":
        raise InputError(f"wrong_labels: words to {answer} have no labels; allowed: with answer name")


def best_decoder(
    words: Float[np.ndarray, "words dots"], x: Float[np.ndarray, "samples dots"], index: Int[np.ndarray, "samples"]
) -> Float[np.ndarray, "samples"]:
    """Expected accuracy of maximum-likelihood decoding, per sample.

    With equally likely words and independent flips of probability below 1/2, the likelihood of a word falls with its
    Hamming distance on the readable dots, so the nearest word is the most likely one.

    Args:
        words: The code words, +1 and -1.
        x: Corrupted samples; unreadable dots are 0.
        index: Index of the word of each sample.

    Returns:
        1 where the nearest word is the right one, 1 / n where it is one of n equally near, else 0.
    """
    agreement = x @ words.T
    nearest = agreement == agreement.max(1, keepdims=True)
    return nearest[np.arange(len(index)), index] / nearest.sum(1)
