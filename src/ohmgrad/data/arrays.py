"""Any arrays as a task."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ohmgrad.data.task import Task, filled_up


class ArrayTask(Task):
    """Samples and the class of each, in a new order every epoch; targets are one-hot.

    `x` holds numbers, best within [-1, 1], which is what a DAC drives: vectors, or images (height, width, channels) for
    kernels. `y` says which of `classes` each sample is, counted from 0.
    """

    x: Float[Array, "samples ..."]
    y: Int[Array, "samples"]
    classes: int = eqx.field(static=True)

    @property
    def inputs(self) -> int:
        """Numbers of a sample."""
        return self.x[0].size

    @property
    def image(self) -> tuple[int, ...]:
        """The shape of a sample: height, width and channels, where samples are images."""
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

    def right(self, output, index):
        """Where the largest output is that of the class, `index` being the classes of the samples."""
        return output.argmax(-1) == jnp.asarray(index)
