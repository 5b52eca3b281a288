"""Texts of shipped recipes by name, and of user-defined ones by path. Does not import JAX."""

from importlib.resources import files
from pathlib import Path

from ohmgrad import records
from ohmgrad.errors import unknown

_SHIPPED = files("ohmgrad.recipes").joinpath("shipped")


def names() -> list[str]:
    """Names of the shipped recipes, sorted."""
    return sorted(Path(entry.name).stem for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def text(recipe: str) -> str:
    """The YAML text of a recipe.

    Args:
        recipe: Name of a shipped recipe, or path of a .yaml or .yml file.

    Raises:
        InputError: if there is no such recipe; the message suggests the nearest name.
    """
    if recipe in names():
        return _SHIPPED.joinpath(f"{recipe}.yaml").read_text()
    if recipe.endswith((".yaml", ".yml")):
        return records.read(Path(recipe), "recipe")
    raise unknown("recipe", recipe, names())
