"""Recipes by name, shipped or a user's own, as text. Imports no JAX."""

from importlib.resources import files
from pathlib import Path

from ohmgrad import records
from ohmgrad.errors import unknown

_SHIPPED = files("ohmgrad.recipes").joinpath("shipped")


def names() -> list[str]:
    """The shipped recipes."""
    return sorted(Path(entry.name).stem for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def text(recipe: str) -> str:
    """The YAML of a shipped recipe by name, or of a user's by path.

    Raises InputError where there is none, with the nearest name.
    """
    if recipe in names():
        return _SHIPPED.joinpath(f"{recipe}.yaml").read_text()
    if recipe.endswith((".yaml", ".yml")):
        return records.read(Path(recipe), "recipe")
    raise unknown("recipe", recipe, names())
