"""A human-readable list of all fields of recipes."""

from itertools import chain
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ohmgrad.parts import Settings, is_shipped
from ohmgrad.parts.custom import installed
from ohmgrad.quantity import NonNegative, Quantity
from ohmgrad.recipes.schema import Experiment
from ohmgrad.records import open_kinds


class Field(NamedTuple):
    """One field: dotted name, allowed values, default as in YAML (None: required or none), meaning."""

    field: str
    allowed: str
    default: str | None
    meaning: str


def fields(experiment: Experiment | None = None) -> list[Field]:
    """All fields, in the order of the schema, with the members of a union one after another.

    Args:
        experiment: A recipe whose user-defined parts are listed as well, or None.
    """
    return _fields(Experiment, "") + ([] if experiment is None else _of_custom(experiment, ""))


def _of_custom(record: BaseModel, prefix: str) -> list[Field]:
    """The fields of the user-defined classes in a recipe or section."""
    rows = []
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, Settings) and not is_shipped(value.part):
            rows += _fields(type(value), f"{prefix}{name}<{value.kind}>.")
        if isinstance(value, BaseModel):
            rows += _of_custom(value, f"{prefix}{name}.")
    return rows


def _fields(model: type[BaseModel], prefix: str) -> list[Field]:
    rows = []
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        parts = [part for part in _members(info.annotation) if _is_group(part)]
        given = None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})
        kinds = {part: get_args(part.model_fields["kind"].annotation) for part in parts if "kind" in part.model_fields}
        if kinds:
            default = None if given is None else getattr(given, "kind", None)
            choices = " | ".join([*chain(*kinds.values()), *_other_kinds(info)])
            rows.append(Field(f"{path}.kind", choices, default, info.description or ""))
        for part in parts:
            rows += _fields(part, f"{path}<{kinds[part][0]}>." if part in kinds else f"{path}.")
        if not parts and name != "kind":
            default = None if given is None else _default(given)
            rows.append(Field(path, _allowed(info), default, info.description or ""))
    return rows


def _default(value: Any) -> str:
    return (
        f"{value.nominal:g}"
        if isinstance(value, Quantity)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, Quantity)


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, nested unions flattened."""
    inner = get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation
    if get_origin(inner) in (Union, UnionType):
        return tuple(member for part in get_args(inner) for member in _members(part))
    return (annotation,)


def _allowed(info: FieldInfo) -> str:
    """Allowed values of a field: choices, or type and bounds."""
    words = [_word(member) for member in _members(info.annotation) if member is not type(None)]
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, bound)}"
        for rule in _rules(info)
        for bound, sign in signs.items()
        if hasattr(rule, bound)
    ]
    return ", ".join([" | ".join([" or ".join(words), *_other_kinds(info)]), *bounds])


def _other_kinds(info: FieldInfo) -> list[str]:
    """Further kinds allowed in a field: entry points of installed packages, and any import path."""
    return [
        kind for each in open_kinds(info.annotation, *info.metadata) for kind in (*installed(each.base), "package:Name")
    ]


def _rules(info: FieldInfo) -> list[Any]:
    """The bounds of a field, or of the entries of its list."""
    rules = list(info.metadata)
    for member in _members(info.annotation):
        inner = get_args(member)[0] if hasattr(member, "__metadata__") else member
        for entry in get_args(inner) if get_origin(inner) is list else (member,):
            for rule in getattr(entry, "__metadata__", ()):
                rules += getattr(rule, "metadata", None) or [rule]
    return rules


def _word(annotation: Any) -> str:
    if hasattr(annotation, "__metadata__"):
        return _word(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is list:
        return f"list of {_word(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return f"{_word(get_args(annotation)[1])} by name"
    if isinstance(annotation, type) and issubclass(annotation, Quantity):
        return "number >= 0" if issubclass(annotation, NonNegative) else "number"
    return {float: "number", int: "whole number", str: "text", bool: "true | false"}[annotation]
