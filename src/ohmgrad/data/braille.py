"""Six-dot Braille: letters from the Unicode Braille block, words as patterns of raised (+1) and flat (-1) dots."""

from importlib.resources import files

import numpy as np

from ohmgrad.errors import InputError

CELLS = 10
DOTS_PER_CELL = 6
BLOCK = 0x2800
"""First code point of the Unicode block "Braille Patterns": bit k - 1 of the offset is dot k."""
LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵", strict=True))


def shipped_words() -> list[str]:
    """The shipped words: 64 English words of 3 to 10 letters, eight of each length."""
    return files("ohmgrad.data").joinpath("words.txt").read_text().split()


def dots(letter: str) -> np.ndarray:
    """The Braille cell of a letter a-z or a space: values of dots 1 to 6, +1 raised, -1 flat."""
    mask = ord(LETTERS[letter]) - BLOCK if letter != " " else 0
    return np.array([1 if mask >> k & 1 else -1 for k in range(DOTS_PER_CELL)], np.int8)


def pattern(word: str) -> np.ndarray:
    """A word as ten Braille cells, left-aligned and padded with blank cells: 60 values of +1 and -1, cell by cell.

    Raises:
        InputError: where the word is not 3 to 10 letters a-z.
    """
    if not (3 <= len(word) <= CELLS and all(letter in LETTERS for letter in word)):
        raise InputError(f"data.words: '{word}' is not a word of 3 to {CELLS} letters a-z")
    return np.concatenate([dots(letter) for letter in word.ljust(CELLS)])


def cells(values: np.ndarray) -> str:
    """A pattern of 60 values as ten Unicode Braille characters; a dot is raised where its value is positive."""
    raised = np.asarray(values).reshape(-1, DOTS_PER_CELL) > 0
    return "".join(chr(BLOCK + sum(1 << k for k, up in enumerate(cell) if up)) for cell in raised)
