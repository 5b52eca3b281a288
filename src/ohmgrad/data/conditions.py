"""What makes training data harder: fewer samples, wrong labels, noise, missing pixels. Does not import JAX.

Each of them draws from a random stream of its own, of a fixed seed: the data are the same for every chip, and what is
wrong at one level is wrong at every higher level too.
"""

import numpy as np
from jaxtyping import Int

from ohmgrad.data.images import Pixels
from ohmgrad.errors import InputError

_LABELS, _NOISE, _MISSING = 1, 2, 3
"""Seeds of the streams; 0 is that of the samples held back."""
_BLOCK = 1024
"""Samples to which noise is added at a time, which bounds the memory for its numbers."""


def first_of_each(
    classes: Int[np.ndarray, "samples"], per_class: int, names: tuple[str, ...]
) -> Int[np.ndarray, "few"]:
    """Indices, in order, of the first samples of each class.

    Args:
        classes: Class of each sample.
        per_class: Number of samples of each class.
        names: Names of the classes.

    Raises:
        InputError: where a class has fewer samples.
    """
    of_each = [np.flatnonzero(classes == each) for each in range(len(names))]
    least = min(range(len(names)), key=lambda each: len(of_each[each]))
    if len(of_each[least]) < per_class:
        raise InputError(
            f"data.per_class: {per_class} is above the {len(of_each[least])} training samples of class "
            f"'{names[least]}'; allowed: 1 to {len(of_each[least])}"
        )
    return np.sort(np.concatenate([found[:per_class] for found in of_each]))


def mislabelled(classes: Int[np.ndarray, "samples"], share: float, number: int) -> Int[np.ndarray, "samples"]:
    """The classes with a share of them, to the nearest sample, replaced by another one, each equally likely.

    Args:
        classes: Class of each sample.
        share: Share that is wrong.
        number: Number of classes.
    """
    random = np.random.default_rng(_LABELS)
    wrong = random.permutation(len(classes))[: round(share * len(classes))]
    others = classes.copy()
    others[wrong] = (classes[wrong] + random.integers(1, number, len(classes))[wrong]) % number
    return others


def noisy(
    samples: Pixels[np.ndarray, "*shape"], deviation: float, bounds: tuple[int, int]
) -> Pixels[np.ndarray, "*shape"]:
    """The samples with Gaussian noise, clipped to the bounds; those of bytes are rounded.

    Args:
        samples: Images of bytes, or of numbers.
        deviation: Standard deviation, in units of the upper bound.
        bounds: Lowest and highest value.
    """
    random, changed = np.random.default_rng(_NOISE), np.empty_like(samples)
    for first in range(0, len(samples), _BLOCK):
        block = samples[first : first + _BLOCK]
        moved = block + np.float32(deviation * bounds[1]) * random.standard_normal(block.shape, np.float32)
        moved = np.rint(moved) if samples.dtype == np.uint8 else moved
        changed[first : first + _BLOCK] = np.clip(moved, *bounds)
    return changed


def erased(
    samples: Pixels[np.ndarray, "samples height width channels"], share: float
) -> Pixels[np.ndarray, "samples height width channels"]:
    """The samples with pixels set to 0 (in all channels), each with probability `share`."""
    missing = np.random.default_rng(_MISSING).random((*samples.shape[:3], 1), np.float32) < share
    return np.where(missing, samples.dtype.type(0), samples)
