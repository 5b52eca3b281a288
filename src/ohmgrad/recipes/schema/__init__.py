"""The typed schema of recipes."""

from ohmgrad.recipes.schema.experiment import Experiment

__all__ = ["Experiment"]
