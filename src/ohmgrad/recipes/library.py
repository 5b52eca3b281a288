"""Texts of shipped recipes by name, and of user-defined ones by path. Does not import JAX."""

from ohmgrad.records import Library

_RECIPES = Library("ohmgrad.recipes", "recipe")
names, text = _RECIPES.names, _RECIPES.text
