"""Parts, of which experiments are built: each is one class, whose fields say their type, range, unit and meaning.

What decides the shape of compiled code (counts, kinds, truth values) is a `setting`, static; every number that an
experiment may vary is a `number`, which compiled code takes as data, so that parts of one structure share it. None in
the place of a number means that the effect is not there. A field is checked wherever its part is built, from Python or
from a recipe: `schema` and `kinds` make the models that check recipes from the same definitions, `build` makes the part
that such settings describe. A class of a user's own is found by its import path, or by an entry point (`custom`).
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
