"""Recipes: experiments as YAML, the schema that validates them, and the builder of objects from them.

`names` and `text` do not import JAX; everything else does, because the schema is derived from the parts.
"""

from typing import TYPE_CHECKING

import lazy_loader

from ohmgrad.recipes.library import names, text

if TYPE_CHECKING:
    from ohmgrad.recipes.device_ranges import automatic, ranges
    from ohmgrad.recipes.listing import fields
    from ohmgrad.recipes.loading import dump, load, load_text
    from ohmgrad.recipes.schema import Experiment

__all__ = ["Experiment", "automatic", "dump", "fields", "load", "load_text", "names", "ranges", "text"]
__getattr__, *_ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "device_ranges": ["automatic", "ranges"],
        "listing": ["fields"],
        "loading": ["dump", "load", "load_text"],
        "schema": ["Experiment"],
    },
)
