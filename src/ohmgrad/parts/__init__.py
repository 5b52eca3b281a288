"""Parts: the components of experiments. Each is a class whose fields declare type, range, unit and meaning.

A `setting` (count, kind, boolean) is static: it determines the structure of compiled code. A `number` is an input of
compiled code, so parts that differ only in numbers share compiled code. None instead of a number means that the effect
is absent. Fields are validated whenever a part is built, in Python or from a recipe. `schema` and `kinds` derive the
Pydantic models that validate recipes from the same definitions, and `build` makes a part from such a model.
User-defined classes are found by import path or entry point (`custom`).
"""

from ohmgrad.parts.fields import (
    COUNT,
    Number,
    Part,
    can_be_auto,
    cast,
    given,
    is_shipped,
    kind_of,
    known,
    number,
    part,
    setting,
    specs,
)
from ohmgrad.parts.settings import Settings, build, kinds, or_custom, schema, settings_of, try_out

__all__ = [
    "COUNT",
    "Number",
    "Part",
    "Settings",
    "build",
    "can_be_auto",
    "cast",
    "given",
    "is_shipped",
    "kind_of",
    "kinds",
    "known",
    "number",
    "or_custom",
    "part",
    "schema",
    "setting",
    "settings_of",
    "specs",
    "try_out",
]
