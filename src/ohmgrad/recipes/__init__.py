"""Recipes: experiments as YAML, the schema that validates them, and the builder of objects from them.

`names` and `text` do not import JAX; everything else does, because the schema is derived from the parts.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ohmgrad.recipes.library import names, text

if TYPE_CHECKING:
    from ohmgrad.recipes.device_ranges import automatic, ranges
    from ohmgrad.recipes.listing import fields
    from ohmgrad.recipes.loading import dump, load, load_text
    from ohmgrad.recipes.schema import Experiment

__all__ = ["Experiment", "automatic", "dump", "fields", "load", "load_text", "names", "ranges", "text"]
_HOMES = {
    **dict.fromkeys(("automatic", "ranges"), "device_ranges"),
    **dict.fromkeys(("dump", "load", "load_text"), "loading"),
    "fields": "listing",
    "Experiment": "schema",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"ohmgrad.recipes.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
