"""The interface of a task: batches of samples and targets, and which answers are right."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray, Shaped

from ohmgrad.data.batches import batches


class Task(eqx.Module):
    """A task for a network. Subclass it for one of your own; its arrays are data of the compiled epoch."""

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
