"""Named experiments as YAML, the schema that checks them, and the builder of objects from them.

This module imports no JAX; `ohmgrad.recipes.build` does.
"""

from ohmgrad.recipes.device_ranges import automatic, ranges
from ohmgrad.recipes.fields import fields
from ohmgrad.recipes.load import dump, load, load_text, names, text
from ohmgrad.recipes.schema import Experiment

__all__ = ["Experiment", "automatic", "dump", "fields", "load", "load_text", "names", "ranges", "text"]
