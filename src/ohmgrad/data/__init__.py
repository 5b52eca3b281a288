"""Data sets as arrays: code words corrupted by a channel of known best decoder, and images with their preparation.

This module imports no JAX until a name that needs it is asked for, so that recipes and the terminal can know what sets
there are without it.
"""

from typing import TYPE_CHECKING, Any

from ohmgrad.data.images import ImageSet, images

if TYPE_CHECKING:
    from ohmgrad.data.codebook import Channel, Codebook, best_decoder

__all__ = ["Channel", "Codebook", "ImageSet", "best_decoder", "braille_words", "images"]


def __getattr__(name: str) -> Any:
    if name in ("Channel", "Codebook", "best_decoder"):
        from ohmgrad.data import codebook

        return getattr(codebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def braille_words(
    words: list[str] | None = None,
    *,
    restore: bool = False,
    flips: float = 0.15,
    unreadable: float = 0.0,
    copies: int = 8,
) -> "Codebook":
    """Braille words as a task: name the word behind corrupted dots, or restore its dots (the shipped 64 by default)."""
    import jax.numpy as jnp

    from ohmgrad.data import braille
    from ohmgrad.data.codebook import Channel, Codebook

    patterns = [braille.pattern(word) for word in (braille.shipped_words() if words is None else words)]
    return Codebook(
        words=jnp.array(patterns, jnp.float32),
        answer="restore" if restore else "name",
        channel=Channel(flips, unreadable),
        copies=copies,
    )
