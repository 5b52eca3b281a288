"""The one exception for what a user gave us and we cannot use."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(Exception):
    """One clear sentence that names the field and the allowed values; the terminal prints it and exits with code 2."""


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that does not exist, with one that begins so, or the nearest."""
    names = sorted(known)
    begins = [each for each in names if name and each.startswith(name)]
    near = begins or get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else ""
    return InputError(f"unknown {kind} '{name}'; {hint} known: {', '.join(names)}".replace("  ", " "))
