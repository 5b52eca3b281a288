"""Classification of labelled images as a task."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ohmgrad.data.images import Pixels
from ohmgrad.data.preparation import cropped, flipped, normalised, padded, scaled
from ohmgrad.data.task import Task, filled_up


class LabelledImages(Task):
    """Classify images of bytes, or signals (images of one row of numbers within [-1, 1]); targets are one-hot.

    Inputs of the network are padded with zeros, bytes are scaled to [0, 1], and normalised per channel where `mean` and
    `deviation` are given. Training images are also augmented.

    Attributes:
        train: Training images, bytes or float32, shape (samples, height, width, channels).
        train_class: Index of the class of each training image.
        test: Test images, as `train`.
        test_class: Index of the class of each test image.
        classes: Names of the classes.
        validation: Images held back from training, and their classes.
        mean: Mean of each channel, subtracted after scaling to [0, 1]; empty: no normalisation.
        deviation: Standard deviation of each channel, divided by.
        pad: Rows and columns of zeros on every side.
        crop: Largest random shift of training images, in pixels; 0: none.
        flip: Whether training images are mirrored left to right at random.
        seen_as: "vectors": inputs are flat; "maps": they keep height, width and channels, for convolutions.
    """

    train: Pixels[Array, "samples height width channels"]
    train_class: Int[Array, "samples"]
    test: Pixels[Array, "tests height width channels"]
    test_class: Int[Array, "tests"]
    classes: tuple[str, ...] = eqx.field(static=True)
    validation: tuple[Pixels[Array, "held height width channels"], Int[Array, "held"]] | None = None
    mean: tuple[float, ...] = eqx.field(static=True, default=())
    deviation: tuple[float, ...] = eqx.field(static=True, default=())
    pad: int = eqx.field(static=True, default=0)
    crop: int = eqx.field(static=True, default=0)
    flip: bool = eqx.field(static=True, default=False)
    seen_as: Literal["vectors", "maps"] = eqx.field(static=True, default="vectors")

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels of the network's input."""
        height, width, channels = self.train.shape[1:]
        return height + 2 * self.pad, width + 2 * self.pad, channels

    @property
    def inputs(self) -> int:
        """Number of inputs of a network for this task."""
        return int(np.prod(self.image))

    @property
    def outputs(self) -> int:
        return len(self.classes)

    @property
    def samples(self) -> int:
        return len(self.train)

    def epoch(self, key: PRNGKeyArray, batch: int):
        order_key, augment_key = jax.random.split(key)
        order = filled_up(jax.random.permutation(order_key, self.samples), batch)
        return order, jax.random.split(augment_key, len(order))

    def batch(self, element):
        index, key = element
        crop_key, flip_key = jax.random.split(key)
        images = padded(self.train[index], self.pad)
        images = cropped(images, crop_key, self.crop) if self.crop else images
        images = flipped(images, flip_key) if self.flip else images
        return self._prepared(images), jax.nn.one_hot(self.train_class[index], self.outputs)

    def test_set(self, key: PRNGKeyArray):
        """The test images, whatever the key."""
        return self.seen(self.test), self.test_class

    def validation_set(self, key: PRNGKeyArray):
        """The images held back from training, whatever the key; None if there are none."""
        if self.validation is None:
            return None
        images, classes = self.validation
        return self.seen(images), classes

    def tests(self, index: Int[Array, "batch"]) -> Float[Array, "batch ..."]:
        """The network's inputs for the test images with these indices."""
        return self.seen(self.test[index])

    def seen(self, images: Pixels[Array, "batch height width channels"]) -> Float[Array, "batch ..."]:
        """The network's inputs for images as in the set, without augmentation."""
        return self._prepared(padded(images, self.pad))

    def _prepared(self, images: Pixels[Array, "batch height width channels"]) -> Float[Array, "batch ..."]:
        images = scaled(images) if images.dtype == jnp.uint8 else images
        if self.mean:
            images = normalised(images, jnp.array(self.mean), jnp.array(self.deviation))
        return images if self.seen_as == "maps" else images.reshape(len(images), -1)

    def right(self, output, index):
        return output.argmax(-1) == index
