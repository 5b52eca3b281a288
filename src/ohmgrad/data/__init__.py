"""Tasks and data sets: code words sent over a noisy channel, labelled images and signals, and arrays of your own.

JAX is imported only when a name that needs it is used, so that recipes and the terminal can list data sets quickly.
"""

from typing import TYPE_CHECKING

import lazy_loader

from ohmgrad.data.images import ImageSet, images
from ohmgrad.data.signals import signals

if TYPE_CHECKING:
    from ohmgrad.data.arrays import ArrayTask
    from ohmgrad.data.codebook import Channel, Codebook, best_decoder
    from ohmgrad.data.labelled import LabelledImages
    from ohmgrad.data.task import Task

__all__ = [
    "ArrayTask",
    "Channel",
    "Codebook",
    "ImageSet",
    "LabelledImages",
    "Task",
    "best_decoder",
    "braille_words",
    "images",
    "signals",
]
__getattr__, *_ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "arrays": ["ArrayTask"],
        "codebook": ["Channel", "Codebook", "best_decoder"],
        "labelled": ["LabelledImages"],
        "task": ["Task"],
    },
)


def braille_words(
    words: list[str] | None = None,
    *,
    restore: bool = False,
    flips: float = 0.15,
    unreadable: float = 0.0,
    copies: int = 8,
    wrong_labels: float = 0.0,
) -> "Codebook":
    """The Braille task: name the word behind corrupted dots, or restore its dots.

    Args:
        words: Words of 3 to 10 letters a-z; by default the 64 shipped ones.
        restore: Whether the answer is all dots of the word, instead of its index one-hot.
        flips: Probability that a dot is flipped.
        unreadable: Probability that a dot is unreadable (0).
        copies: Corrupted copies of every word per epoch.
        wrong_labels: Share of training samples with the label of another word; 0 where dots are restored.

    Raises:
        InputError: where a word is not 3 to 10 letters a-z, and for wrong labels where there are none.
    """
    import jax.numpy as jnp

    from ohmgrad.data import braille
    from ohmgrad.data.codebook import Channel, Codebook

    patterns = [braille.pattern(word) for word in (braille.shipped_words() if words is None else words)]
    return Codebook(
        words=jnp.array(patterns, jnp.float32),
        answer="restore" if restore else "name",
        channel=Channel(flips, unreadable),
        copies=copies,
        wrong_labels=wrong_labels or None,
    )
