"""The one exception for wrong input of a user."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["LONGEST", "InputError", "unknown"]
LONGEST = 300
"""Largest number of characters of a message."""


class InputError(Exception):
    """Wrong input: one sentence that names the field and what is allowed. The terminal prints it and exits with code 2.

    Parameters, and fields of recipes, are named in backquotes (`read_volts`, `data.folder`), which the terminal
    replaces by its options. The message is one line of at most `LONGEST` characters: control characters are escaped,
    and the middle of a longer one is left out.
    """

    def __init__(self, sentence: str):
        line = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in sentence)
        if len(line) > LONGEST:
            line = f"{line[: 2 * LONGEST // 3]} ... {line[5 - LONGEST // 3 :]}"
        super().__init__(line)


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for an unknown name, with a suggestion: a known name that begins with it, else the most similar one.

    Args:
        kind: What the name is of, in words.
        name: The unknown name.
        known: The known names.
    """
    names = sorted(known)
    begins = [each for each in names if name and each.startswith(name)]
    near = begins or get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else ""
    return InputError(f"unknown {kind} '{name}'; {hint} known: {', '.join(names)}".replace("  ", " "))
