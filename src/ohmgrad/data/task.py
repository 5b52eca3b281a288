"""What a task is to a training: batches in the order of an epoch, and which answers are right."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray, Shaped

from ohmgrad.data.batches import batches


class Task(eqx.Module):
    """Samples and what a network should say to them, as arrays that compiled code draws batches from."""

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
