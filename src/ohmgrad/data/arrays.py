"""Classification of arrays of your own as a task."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ohmgrad.data.task import Task, filled_up


class ArrayTask(Task):
    """Classify samples given as arrays. Samples are shuffled every epoch; targets are one-hot.

    Attributes:
        x: Samples, shape (samples, inputs), or (samples, height, width, channels) for convolutions. Within [-1, 1],
            the range of a DAC.
        y: Class of each sample, from 0 to classes - 1, shape (samples,).
        classes: Number of classes.
    """

    x: Float[Array, "samples ..."]
    y: Int[Array, "samples"]
    classes: int = eqx.field(static=True)

    @property
    def inputs(self) -> int:
        """Number of values of a sample."""
        return self.x[0].size

    @property
    def image(self) -> tuple[int, ...]:
        """Shape of a sample: (height, width, channels) where samples are images."""
        return self.x.shape[1:]

    @property
    def outputs(self):
        return self.classes

    @property
    def samples(self):
        return len(self.y)

    def epoch(self, key, batch):
        order = filled_up(jax.random.permutation(key, self.samples), batch)
        return order, jax.random.split(key, len(order))

    def batch(self, element):
        index, _ = element
        return self.x[index], jax.nn.one_hot(self.y[index], self.classes)

    def test_set(self, key):
        """All samples, and their classes: a training set says how well it was learned, not how well others are."""
        return self.x, self.y

    def right(self, output, index):
        """Whether the largest output is that of the class `index` of each sample."""
        return output.argmax(-1) == jnp.asarray(index)
