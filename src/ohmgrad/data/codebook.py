"""Code words sent over a noisy channel: the task of naming, or restoring, the word that was sent."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from ohmgrad.data.task import Task, filled_up

Answer = Literal["name", "restore"]


class Channel(eqx.Module):
    """Noise on dots: each is flipped with probability `flips` and, independently, unreadable (0) with `unreadable`."""

    flips: float | Float[Array, "*levels"] = 0.0
    unreadable: float | Float[Array, "*levels"] = 0.0

    def __call__(self, x: Float[Array, "*shape"], key: PRNGKeyArray) -> Float[Array, "*shape"]:
        flip_key, blank_key = jax.random.split(key)
        x = jnp.where(jax.random.uniform(flip_key, x.shape) < self.flips, -x, x)
        return jnp.where(jax.random.uniform(blank_key, x.shape) < self.unreadable, 0.0, x)


class Codebook(Task):
    """Words of +1/-1 dots; a network sees a corrupted one and names it (one-hot) or restores it (all dots).

    `words` has shape (words, dots). An epoch holds `copies` corrupted copies of every word, drawn afresh each time.
    """

    words: Float[Array, "words dots"]
    answer: Answer = eqx.field(static=True)
    channel: Channel
    copies: int = eqx.field(static=True)

    @property
    def inputs(self) -> int:
        return self.words.shape[1]

    @property
    def outputs(self) -> int:
        return self.words.shape[0] if self.answer == "name" else self.words.shape[1]

    @property
    def samples(self) -> int:
        """Samples in an epoch."""
        return self.words.shape[0] * self.copies

    def targets(self, index: Int[Array, "batch"]) -> Float[Array, "batch outputs"]:
        """What the output should be: one-hot over the words, or the word itself."""
        if self.answer == "name":
            return jax.nn.one_hot(index, self.words.shape[0])
        return self.words[index]

    def epoch(self, key: PRNGKeyArray, batch: int) -> tuple[Int[Array, "steps batch"], Key[Array, "steps"]]:
        """The order of the words and a key per batch; the last batch is filled up from the start of the order."""
        order_key, noise_key = jax.random.split(key)
        order = jax.random.permutation(order_key, jnp.tile(jnp.arange(self.words.shape[0]), self.copies))
        order = filled_up(order, batch)
        return order, jax.random.split(noise_key, len(order))

    def batch(
        self, element: tuple[Int[Array, "batch"], PRNGKeyArray]
    ) -> tuple[Float[Array, "batch dots"], Float[Array, "batch outputs"]]:
        """Corrupted words and their targets, for one element of `epoch`."""
        index, key = element
        return self.channel(self.words[index], key), self.targets(index)

    def test(
        self, channel: Channel, copies: int, key: PRNGKeyArray
    ) -> tuple[Float[Array, "samples dots"], Int[Array, "samples"]]:
        """`copies` corrupted copies of every word and which word each was."""
        index = jnp.repeat(jnp.arange(self.words.shape[0]), copies)
        return channel(self.words[index], key), index

    def right(self, output: Float[Array, "samples outputs"], index: Int[Array, "samples"]) -> Bool[Array, "samples"]:
        """Which outputs are right: the largest one names the word, or every single dot has the right sign."""
        if self.answer == "name":
            return output.argmax(-1) == index
        return ((output > 0) == (self.words[index] > 0)).all(-1)


def best_decoder(
    words: Float[np.ndarray, "words dots"], x: Float[np.ndarray, "samples dots"], index: Int[np.ndarray, "samples"]
) -> Float[np.ndarray, "samples"]:
    """How right the nearest code word is for each sample, 0 to 1: the best decoder of independent flips below 1/2.

    Words that are equally near share the answer, unreadable dots (0) count for no word. With equally likely words and
    independent dots the likelihood of a word falls with its Hamming distance on the readable dots, so the nearest word
    is the maximum-likelihood one.
    """
    agreement = x @ words.T
    nearest = agreement == agreement.max(1, keepdims=True)
    return nearest[np.arange(len(index)), index] / nearest.sum(1)
