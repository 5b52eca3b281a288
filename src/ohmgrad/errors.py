"""The one exception for what a user gave us and we cannot use."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["LONGEST", "InputError", "unknown"]
LONGEST = 300
"""Characters of a sentence, whatever was given."""


class InputError(Exception):
    """One clear sentence that names the field and the allowed values; the terminal prints it and exits with code 2.

    It names parameters, and a recipe's fields, in backquotes (`read_volts`, `data.folder`); the terminal puts the
    options that set them in their place.
    It is one line of at most `LONGEST` characters: control characters are escaped, and of what is longer the middle is
    left out.
    """

    def __init__(self, sentence: str):
        line = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in sentence)
        if len(line) > LONGEST:
            line = f"{line[: 2 * LONGEST // 3]} ... {line[5 - LONGEST // 3 :]}"
        super().__init__(line)


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that does not exist, with one that begins so, or the nearest."""
    names = sorted(known)
    begins = [each for each in names if name and each.startswith(name)]
    near = begins or get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else ""
    return InputError(f"unknown {kind} '{name}'; {hint} known: {', '.join(names)}".replace("  ", " "))
