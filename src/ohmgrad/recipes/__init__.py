"""Named experiments as YAML, the schema that checks them, and the builder of objects from them.

The texts of recipes come without JAX; the schema, made of the parts that experiments are built of, brings it along.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ohmgrad.recipes.library import names, text

if TYPE_CHECKING:
    from ohmgrad.recipes.device_ranges import automatic, ranges
    from ohmgrad.recipes.fields import fields
    from ohmgrad.recipes.load import dump, load, load_text
    from ohmgrad.recipes.schema import Experiment

__all__ = ["Experiment", "automatic", "dump", "fields", "load", "load_text", "names", "ranges", "text"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    for home in ("device_ranges", "fields", "load", "schema"):
        module = importlib.import_module(f"{__name__}.{home}")
        # All of them, and after their modules: two of these are called as a function is.
        globals().update({each: getattr(module, each) for each in __all__ if callable(getattr(module, each, None))})
    return globals()[name]
