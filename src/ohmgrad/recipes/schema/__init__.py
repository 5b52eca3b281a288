"""The typed schema of a recipe, one file per section."""

from ohmgrad.recipes.schema.experiment import Experiment

__all__ = ["Experiment"]
