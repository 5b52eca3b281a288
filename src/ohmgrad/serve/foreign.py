"""Runs that are loaded while serving, because a request says so: nothing outside the repository, and no code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.runs.folder import RECIPE

_IMPORT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
"""How a recipe names a class of a user's own module."""


def check_inside(folder: Path, root: Path) -> None:
    """Check that a folder, and all in it, is inside a repository.

    Raises:
        InputError: if it is a link that leads out, or holds one.
    """
    top = root.resolve()
    for each in (folder, *folder.rglob("*")):
        try:
            inside = each.resolve().is_relative_to(top)
        except (OSError, RuntimeError):  # a circle of links
            inside = False
        if not inside:
            raise InputError(f"{folder}: {each.name} is a link out of the repository; allowed: files inside it")


def check_no_code(folder: Path) -> None:
    """Check that a run needs no modules of its user's own: its recipe would import them.

    Raises:
        InputError: if it does, or its recipe cannot be read.
    """
    path = folder / RECIPE
    fields = records.parse_fields(records.read(path, "recipe"), str(path))
    own = [text for text in _texts({**fields, "title": None}) if _IMPORT.fullmatch(text)]
    if own or fields.get("modules"):
        raise InputError(
            f"{path}: {own[0] if own else 'modules'} is a module of a user's own, and no code is run from the "
            "repository; allowed: name this run in serve.yaml"
        )


def _texts(value: Any) -> Iterator[str]:
    """All texts in the fields of a recipe."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
