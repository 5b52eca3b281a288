"""The interface of a task: batches of samples and targets, and which answers are right."""

import abc
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray, Shaped

from ohmgrad.data.batches import batches
from ohmgrad.parts import Part


class Task(Part):
    """A task for a network. Subclass it for one of your own; its arrays are data of the compiled epoch.

    A recipe can name a task of a user's own and give the fields that it declares (`parts.setting`, `parts.number`).
    """

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of a sample as the network takes it."""
        x, _ = jax.eval_shape(lambda key: self.first_batch(key, 1), jax.random.key(0))
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
        return self.first_batch(key, self.samples)[0], index[0]

    def validation_set(self, key: PRNGKeyArray) -> tuple[Float[Array, "samples ..."], Int[Array, "samples"]] | None:
        """Samples for learning curves and tuning, apart from training and test: as `test_set`. None: the task has none.

        Args:
            key: Randomness of tasks that draw their samples anew; another key than that of a test.
        """
        return None

    def first_batch(self, key: PRNGKeyArray, batch: int) -> tuple[Array, Array]:
        """Inputs and targets of the first batch of an epoch.

        Args:
            key: Randomness of the epoch.
            batch: Samples in a batch.
        """
        return self.batch(jax.tree.map(lambda leaf: leaf[0], self.epoch(key, batch)))

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Number of outputs of a network for this task."""

    @property
    @abc.abstractmethod
    def samples(self) -> int:
        """Number of samples in an epoch."""

    @abc.abstractmethod
    def epoch(self, key: PRNGKeyArray, batch: int) -> tuple[Int[Array, "steps batch"], Key[Array, "steps"]]:
        """Draw the order of an epoch.

        Args:
            key: Randomness of the epoch.
            batch: Samples in a batch.

        Returns:
            Indices of the samples of each batch, and a key per batch, for example for augmentation.
        """

    @abc.abstractmethod
    def batch(
        self, element: tuple[Int[Array, "batch"], PRNGKeyArray]
    ) -> tuple[Float[Array, "batch ..."], Float[Array, "batch outputs"]]:
        """Inputs and targets of one batch.

        Args:
            element: Indices and key of the batch, as `epoch` returns them for every batch.
        """

    @abc.abstractmethod
    def right(self, output: Float[Array, "samples outputs"], index: Int[Array, "samples"]) -> Bool[Array, "samples"]:
        """Whether each answer is right.

        Args:
            output: The network's outputs.
            index: The truth about each sample, for example its class.
        """


def filled_up(samples: Shaped[Array, "samples *each"], batch: int) -> Shaped[Array, "steps batch *each"]:
    """Cut samples into batches; an incomplete last batch is filled up from the first samples."""
    return jnp.resize(samples, (batches(len(samples), batch), batch, *samples.shape[1:]))
