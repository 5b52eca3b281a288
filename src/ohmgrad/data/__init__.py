"""Data sets as arrays: Braille words and users' own code words, corrupted by a channel of known best decoder."""

from ohmgrad.data.codebook import Channel, Codebook, best_decoder

__all__ = ["Channel", "Codebook", "best_decoder", "braille_words"]


def braille_words(
    words: list[str] | None = None,
    *,
    restore: bool = False,
    flips: float = 0.15,
    unreadable: float = 0.0,
    copies: int = 8,
) -> Codebook:
    """Braille words as a task: name the word behind corrupted dots, or restore its dots (the shipped 64 by default)."""
    import jax.numpy as jnp

    from ohmgrad.data import braille

    patterns = [braille.pattern(word) for word in (braille.shipped_words() if words is None else words)]
    return Codebook(
        words=jnp.array(patterns, jnp.float32),
        answer="restore" if restore else "name",
        channel=Channel(flips, unreadable),
        copies=copies,
    )
