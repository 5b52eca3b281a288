"""Oracle: the Unicode character database, and the decades by which Braille letters are built."""

import unicodedata

import numpy as np
import pytest

from ohmgrad.data import braille
from ohmgrad.errors import InputError


def named_dots(character: str) -> set[int]:
    """Dot numbers from the character's Unicode name, such as BRAILLE PATTERN DOTS-145."""
    name = unicodedata.name(character)
    return set() if name.endswith("BLANK") else {int(digit) for digit in name.removeprefix("BRAILLE PATTERN DOTS-")}


@pytest.mark.parametrize("letter", braille.LETTERS)
def test_dots_of_a_letter_are_those_of_its_unicode_name(letter):
    raised = {dot for dot, value in enumerate(braille.dots(letter), start=1) if value == 1}
    assert raised == named_dots(braille.LETTERS[letter])


def test_letters_follow_the_decades_of_braille():
    dots = {letter: named_dots(cell) for letter, cell in braille.LETTERS.items()}
    assert [dots[letter] for letter in "abc"] == [{1}, {1, 2}, {1, 4}]
    for first, second in zip("abcdefghij", "klmnopqrst", strict=True):
        assert dots[second] == dots[first] | {3}
    for first, third in zip("abcde", "uvxyz", strict=True):
        assert dots[third] == dots[first] | {3, 6}
    assert dots["w"] == dots["j"] | {6}


def test_cells_turns_a_pattern_back_into_the_unicode_string():
    assert braille.cells(braille.pattern("ohm")) == "⠕⠓⠍" + "⠀" * 7


def test_shipped_words_are_sixty_four_different_words_of_every_length_from_three_to_ten():
    words = braille.shipped_words()
    assert len(set(words)) == len(words) == 64
    assert sorted({len(word) for word in words}) == list(range(3, 11))
    assert len({tuple(braille.pattern(word)) for word in words}) == 64


@pytest.mark.parametrize("word", ["ab", "abcdefghijk", "Ohm", "naïve", "a-b"])
def test_a_word_that_ten_cells_cannot_hold_is_named(word):
    with pytest.raises(InputError, match=rf"data\.words: '{word}'"):
        braille.pattern(word)


def test_pattern_is_plus_and_minus_one():
    assert set(np.unique(braille.pattern("memristors"))) == {-1, 1}
