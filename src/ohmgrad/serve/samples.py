"""How a model takes samples and names its answers, from the recipe of its run; no data set is loaded for it."""

import base64
import binascii
import io
import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.data import braille
from ohmgrad.data.labelled import LabelledImages
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.schema.data import BrailleData, CorruptedWords, ImageData, LabelledData
from ohmgrad.recipes.sizes import sizes
from ohmgrad.serve import protocol

Kind = Literal["dots", "image", "signal", "numbers"]
GIVEN = ("word", "dots", "image", "input")
"""Fields of a request that give a sample."""
_LARGEST_PICTURE = 2048
"""Largest width and height of a picture in pixels."""


class Samples(NamedTuple):
    """What samples of a model are, and what its outputs mean.

    Attributes:
        kind: Kind of sample.
        shape: Shape of a sample as it is given: dots, or height, width and channels with values from 0 to 1.
        classes: Name of each output; None: the output is the sample restored.
        task: Prepares images (padding, normalisation); None for other samples.
    """

    kind: Kind
    shape: tuple[int, ...]
    classes: tuple[str, ...] | None
    task: LabelledImages | None

    def check(self, samples: np.ndarray) -> None:
        """Check samples as they are given.

        Args:
            samples: Float32, (samples, *shape).

        Raises:
            InputError: if the shape differs, or a value is not finite or out of range.
        """
        if samples.shape[1:] != self.shape:
            wanted, found = (list(each) for each in (self.shape, samples.shape[1:]))
            raise InputError(f"input: a sample has shape {found}; allowed: {wanted}")
        if not np.isfinite(samples).all():
            raise InputError("input: a value is NaN or infinite; allowed: finite numbers")
        low, high = self.bounds
        if samples.size and (samples.min() < low or samples.max() > high):
            raise InputError(f"input: a value is out of range; allowed: {low:g} to {high:g}")

    def seen(self, samples: jax.Array) -> jax.Array:
        """The network's inputs for samples as they are given, (samples, *shape); for compiled code."""
        return samples if self.task is None else self.task.seen(samples)

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest value of a sample."""
        return {"image": (0.0, 1.0), "numbers": (-1e6, 1e6)}.get(self.kind, (-1.0, 1.0))

    def of_request(self, given: Mapping[str, Any]) -> np.ndarray:
        """The sample of a request.

        Args:
            given: Just one of the fields `GIVEN`: a word of letters, dots, an image (base64 of a picture file, or
                numbers from 0 to 255), or the numbers of the sample.

        Returns:
            The sample, of shape `shape`.

        Raises:
            InputError: if it is not a sample of this model.
        """
        (field,) = [name for name in GIVEN if given.get(name) is not None]
        if field not in self.takes:
            raise InputError(f"{field}: this model takes samples of kind {self.kind}; allowed: {self.takes}")
        value = given[field]
        if field == "word":
            return _word(value)
        if field == "image" and isinstance(value, str):
            return self.of_picture(_decoded(value))
        sample = _numbers(value, field, self.shape)
        return sample / 255 if field == "image" else sample

    @property
    def takes(self) -> list[str]:
        """Fields of a request by which a sample can be given."""
        if self.kind == "dots":
            return ["word", "dots"] if self.shape == (braille.CELLS * braille.DOTS_PER_CELL,) else ["dots"]
        return ["image", "input"] if self.kind == "image" else ["input"]

    def of_picture(self, content: bytes) -> np.ndarray:
        """The sample of a picture file (PNG or another common format), resized to the model's size.

        Raises:
            InputError: if it is no picture, or too large, or the model takes none.
        """
        if self.kind != "image":
            raise InputError(f"a picture: this model takes samples of kind {self.kind}; allowed: {self.takes}")
        from PIL import Image

        height, width, channels = self.shape
        try:
            picture = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "BMP", "GIF", "WEBP"))
            if max(picture.size) > _LARGEST_PICTURE:
                raise InputError(f"image: {picture.width} x {picture.height} pixels; allowed: {_LARGEST_PICTURE} each")
            converted = picture.convert("L" if channels == 1 else "RGB")
            if converted.size != (width, height):
                converted = converted.resize((width, height), Image.Resampling.LANCZOS)
        except InputError:
            raise
        except Exception as error:  # the decoders of damaged pictures raise anything
            raise InputError(f"image: not a picture ({type(error).__name__}); allowed: PNG, JPEG, BMP, GIF") from None
        return np.asarray(converted, np.float32).reshape(self.shape) / 255

    def named(self, output: np.ndarray) -> str | list[int]:
        """The answer that an output means: the name of the class, or the restored dots.

        Args:
            output: Output of the network for one sample.
        """
        if self.classes is not None:
            return self.classes[int(output.argmax())]
        return np.where(output > 0, 1, -1).tolist()


def samples(experiment: Experiment, summary: Mapping[str, Any]) -> Samples:
    """The samples of a finished run.

    Args:
        experiment: Its resolved recipe.
        summary: Its summary.

    Raises:
        InputError: if its images were normalised by an ohmgrad that did not keep their statistics, or its table of
            code words cannot be read.
    """
    data = experiment.data
    if isinstance(data, LabelledData):
        return _labelled(experiment, summary)
    size = sizes(experiment)
    if isinstance(data, CorruptedWords):
        classes = _words(data, size.outputs) if data.answer == "name" else None
        return Samples("dots", (size.inputs,), classes, None)
    shape = size.image if math.prod(size.image) else (size.inputs,)
    return Samples("numbers", shape, tuple(map(str, range(size.outputs))), None)


def _words(data: CorruptedWords, number: int) -> tuple[str, ...]:
    if isinstance(data, BrailleData):
        return tuple(data.words or braille.shipped_words())
    return tuple(f"pattern {row}" for row in range(1, number + 1))


def _labelled(experiment: Experiment, summary: Mapping[str, Any]) -> Samples:
    data, (height, width, channels) = experiment.data, sizes(experiment).image
    is_image = isinstance(data, ImageData)
    pad = data.pad if is_image else 0
    shape = (height - 2 * pad, width - 2 * pad, channels)
    statistics: dict[str, Any] = {"mean": (), "deviation": ()}
    if is_image and data.normalise:
        if "normalisation" not in summary:
            raise InputError(
                "this run's images are normalised, but it does not say by which mean and deviation (made by an earlier "
                "ohmgrad); remove its summary.json and continue it: it is tested again and says so"
            )
        statistics = {name: tuple(summary["normalisation"][name]) for name in statistics}
    none = jnp.zeros((0, *shape), jnp.float32), jnp.zeros(0, jnp.int32)
    classes = tuple(summary["classes"])
    seen_as = "maps" if "image" in experiment.network_class.of_the_task() else "vectors"
    task = LabelledImages(*none, *none, classes=classes, pad=pad, seen_as=seen_as, **statistics)
    return Samples("image" if is_image else "signal", shape, classes, task)


def _word(value: Any) -> np.ndarray:
    if not isinstance(value, str):
        raise InputError("word: not a text; allowed: a word of 3 to 10 letters a-z")
    try:
        return braille.pattern(value.strip().lower()).astype(np.float32)
    except InputError:
        raise InputError(f"word: '{value[:40]}' is not a word of 3 to 10 letters a-z") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("image: not base64; allowed: base64 of a picture file, or numbers from 0 to 255") from None


def _numbers(value: Any, field: str, shape: tuple[int, ...]) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):
            found = protocol.numbers(value).astype(np.float32)
    except ValueError:
        raise InputError(f"{field}: not numbers of one shape; allowed: {list(shape)}") from None
    if found.size != math.prod(shape):
        raise InputError(f"{field}: {found.size} numbers; allowed: {math.prod(shape)}, as {list(shape)}")
    return found.reshape(shape)
