"""What a task is to a training: batches in the order of an epoch, and which answers are right."""

import abc
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray, Shaped

from ohmgrad.data.batches import batches
from ohmgrad.parts import Part


class Task(Part):
    """Samples and what a network should say to them, as arrays that compiled code draws batches from.

    A recipe can name a task of a user's own and give the fields that it declares (`parts.setting`, `parts.number`).
    """

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of a sample as the network takes it."""
        x, _ = jax.eval_shape(lambda key: self._first_batch(key, 1), jax.random.key(0))
        return x.shape[1:]

    @property
    def inputs(self) -> int:
        """Numbers of a sample."""
        return math.prod(self.sample)

    def test_set(self, key: PRNGKeyArray) -> tuple[Float[Array, "samples ..."], Int[Array, "samples"]]:
        """What chips are tested on: samples, and what each is (`right`).

        Unless a task has others, they are drawn as those of an epoch are, with a key that no training has.
        """
        index, _ = self.epoch(key, self.samples)
        return self._first_batch(key, self.samples)[0], index[0]

    def _first_batch(self, key: PRNGKeyArray, batch: int) -> tuple[Array, Array]:
        return self.batch(jax.tree.map(lambda leaf: leaf[0], self.epoch(key, batch)))

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Numbers in an answer."""

    @property
    @abc.abstractmethod
    def samples(self) -> int:
        """Samples in an epoch."""

    @abc.abstractmethod
    def epoch(self, key: PRNGKeyArray, batch: int) -> tuple[Int[Array, "steps batch"], Key[Array, "steps"]]:
        """The order of an epoch and a key per batch."""

    @abc.abstractmethod
    def batch(
        self, element: tuple[Int[Array, "batch"], PRNGKeyArray]
    ) -> tuple[Float[Array, "batch ..."], Float[Array, "batch outputs"]]:
        """Inputs and targets, for one element of `epoch`."""

    @abc.abstractmethod
    def right(self, output: Float[Array, "samples outputs"], index: Int[Array, "samples"]) -> Bool[Array, "samples"]:
        """Which answers are right, `index` being what each sample is."""


def filled_up(samples: Shaped[Array, "samples *each"], batch: int) -> Shaped[Array, "steps batch *each"]:
    """Samples cut into batches; the last is filled up from the start."""
    return jnp.resize(samples, (batches(len(samples), batch), batch, *samples.shape[1:]))
