"""Models that check the settings of parts in recipes, made from the parts themselves, and parts built from settings."""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializeAsAny,
    Tag,
    ValidationError,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticKnownError

from ohmgrad.errors import InputError
from ohmgrad.parts import custom
from ohmgrad.parts.annotations import bounded, joined, listed, members, with_lists, without_arrays, without_none
from ohmgrad.parts.fields import NOTHING, Part, Spec, is_part, is_shipped, kind_of, specs
from ohmgrad.quantity import NonNegative, Positive, Quantity, Strict
from ohmgrad.records import AUTO, NUMBERS, OpenKinds


class Settings(Strict):
    """What a recipe says of a part."""

    part: ClassVar[type[Part]]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Fields are those of the part."""

    @model_validator(mode="after")
    def _go_together(self) -> "Settings":
        """What the part itself checks, where a recipe says all that it takes to build one."""
        if _says_all(type(self).part):
            try_out(lambda: build(self))
        return self


def try_out(make: Callable[[], Any]) -> None:
    """Raises ValueError, which validations collect, where making a part raises InputError."""
    try:
        make()
    except InputError as error:
        raise ValueError(str(error)) from None


def _says_all(cls: type[Part]) -> bool:
    """Whether every field of a part that has to be given is one that a recipe says as it is."""
    described = {name for name, spec in specs(cls).items() if spec.given_as is None}
    return all(f.name in described for f in dataclasses.fields(cls) if f.default is NOTHING and f.init)


def schema(cls: type[Part], sourced: bool = False, **more: Any) -> type[Settings]:
    """The model of what a recipe may say of a part, of which `build` makes one.

    Args:
        cls: The part; the model's `part`.
        sourced: Every number is a figure with its bounds and source, as in a record.
        more: Fields that the experiment adds to those of the part: type and default.
    """
    return _schema(cls, vars(cls).get("kind"), sourced, tuple(more.items()))


@cache
def _schema(cls: type[Part], kind: str | None, sourced: bool, more: tuple[tuple[str, Any], ...]) -> type[Settings]:
    meaning = inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
    about = {"__base__": Settings, "__doc__": meaning, "__module__": cls.__module__}
    named: dict[str, Any] = {} if kind is None else {"kind": (Literal[kind], ...)}
    model: Any = create_model(cls.__name__, **about | named | _fields(cls, sourced) | dict(more))
    model.part = cls
    return model


def _fields(cls: type[Part], sourced: bool) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    defaults = {f.name: f.default for f in dataclasses.fields(cls)}
    return {name: _field(hints[name], spec, defaults[name], sourced) for name, spec in specs(cls).items()}


def _field(annotation: Any, spec: Spec, default: Any, sourced: bool) -> tuple[Any, Any]:
    """A field of a model: its type and default as a recipe has them, and its meaning."""
    figure = _figure(spec)
    annotation = without_arrays(annotation, figure if sourced and spec.data else None)
    if spec.named is not None:
        return _named(annotation, spec.named, spec.meaning, default)
    if any(is_part(each) for each in members(annotation)):
        return _part(annotation, spec, default, sourced)
    if spec.off is not None or spec.effect or spec.auto is None:
        annotation = without_none(annotation)
        default = AUTO if spec.auto is None and default is None else spec.off if default is None else default
    default = ... if default is NOTHING else listed(default)
    if isinstance(default, float) and figure in members(annotation):
        default = figure(low=default, nominal=default, high=default, basis="assumption", source="not given")
    if spec.effect:
        annotation = Annotated[annotation, BeforeValidator(_never_off(spec))]
    annotation = with_lists(bounded(annotation, spec.bounds))
    return annotation if spec.auto is NOTHING else _or_auto(annotation), Field(default, description=spec.meaning)


def _or_auto(annotation: Any) -> Any:
    """The type, or the word auto; distinguished before they are read, so that a fault names one of them."""
    (numbers,) = (each for each in members(annotation) if each is not NoneType)
    either = Annotated[
        Annotated[numbers, Tag(NUMBERS)] | Annotated[Literal["auto"], Tag(AUTO)],
        Discriminator(lambda given: AUTO if isinstance(given, str) else NUMBERS),
    ]
    return joined([either, NoneType]) if NoneType in members(annotation) else either


def _figure(spec: Spec) -> type[Quantity]:
    """What a number is in a record: of which sign, by its bounds."""
    if spec.bounds.get("gt", -1) >= 0:
        return Positive
    return NonNegative if spec.bounds.get("ge", -1) >= 0 else Quantity


def _never_off(spec: Spec) -> Any:
    """Refuses None and 0, which in a recipe do not switch the effect off."""

    def check(given: Any) -> Any:
        if given is None or given == 0:
            bounds = spec.bounds
            raise ValueError(f"allowed: {bounds['ge']} to {bounds['le']}, or hardware.without=[{spec.effect}]")
        return given

    return check


def _part(annotation: Any, spec: Spec, default: Any, sourced: bool) -> tuple[Any, Any]:
    """A part within a part: one of several kinds, or the only one."""
    inner = members(annotation)
    (cls,) = (each for each in inner if each is not NoneType)
    cls = spec.given_as or cls
    found = kinds(cls, getattr(default, "kind", None), sourced) if cls.kinds() else schema(cls, sourced)
    if NoneType in inner:
        found = found | None
    if default is NOTHING or spec.given_as is not None:
        return found, Field(..., description=spec.meaning)
    if default is None:
        return found, Field(None, description=spec.meaning)
    return found, Field(default_factory=lambda: settings_of(default, sourced), description=spec.meaning)


def _named(annotation: Any, named: Mapping[str, Part], meaning: str, default: Any) -> tuple[Any, Any]:
    """A part that is called by its name, or one of a user's own."""
    (cls,) = members(annotation)
    found = or_custom(Literal[tuple(named)], cls, named)
    if default is NOTHING:
        return found, Field(..., description=meaning)
    return found, Field(default_factory=lambda: _name_or_settings(default, named), description=meaning)


def _name_or_settings(part: Part, named: Mapping[str, Part]) -> str | Settings:
    return next((name for name, each in named.items() if each == part), None) or settings_of(part)


def kinds(cls: type[Part], default: str | None = None, sourced: bool = False, **more: Any) -> Any:
    """The type of a field of a recipe that is one of the kinds of a part, or a class of a user's own (`custom`).

    Args:
        cls: The part.
        default: The kind of a mapping that names none.
        sourced: As of `schema`.
        more: As of `schema`, of every kind.
    """
    models = {kind: schema(each, sourced, **more) for kind, each in cls.kinds().items()}
    either: Any = joined(models.values())
    union: Any = Annotated[either, Field(discriminator="kind")] if len(models) > 1 else either
    return or_custom(union, cls, models, default, sourced, **more)


def or_custom(
    shipped: Any,
    cls: type[Part],
    known: Collection[str],
    default: str | None = None,
    sourced: bool = False,
    **more: Any,
) -> Any:
    """A type that takes what ohmgrad brings, and classes of a user's own (`custom`).

    Args:
        shipped: The type of what ohmgrad brings: records with a kind, or names.
        cls: What classes of a user's own are made of.
        known: The kinds, or names, of what ohmgrad brings.
        default: As of `kinds`.
        sourced: As of `schema`.
        more: As of `schema`, of classes of a user's own.
    """

    def find(kind: str) -> type[Settings] | None:
        found = custom.find(cls, kind)
        return None if found is None else _schema(found, kind, sourced, tuple(more.items()))

    def check(given: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(given, Settings):
            return given if issubclass(given.part, cls) else handler(given)
        if isinstance(given, dict) and default is not None:
            given = {"kind": default} | given
        kind = given.get("kind") if isinstance(given, dict) else given
        if not isinstance(kind, str) or kind in known:
            return handler(given)
        model = find(kind)
        if model is None and isinstance(given, dict):
            allowed = ", ".join([*map(repr, [*known, *custom.installed(cls)]), "or package:Name"])
            raise PydanticKnownError(
                "union_tag_invalid", {"discriminator": "kind", "tag": kind, "expected_tags": allowed}
            )
        return handler(given) if model is None else _validated(model, kind, given)

    return Annotated[SerializeAsAny[shipped], WrapValidator(check), OpenKinds(cls, _or_none(find))]


def _or_none(find: Callable[[str], type[Settings] | None]) -> Callable[[str], type[Settings] | None]:
    """The same, None where there is no such class: for who only wants to know its fields."""

    def found(kind: str) -> type[Settings] | None:
        with suppress(ValueError):
            return find(kind)
        return None

    return found


def _validated(model: type[Settings], kind: str, given: Any) -> Settings:
    """Settings of a class of a user's own; its faults lie below its kind, as those of the members of a union do."""
    try:
        return model.model_validate(given if isinstance(given, dict) else {"kind": kind})
    except ValidationError as error:
        faults = [
            InitErrorDetails(type=each["type"], loc=(kind, *each["loc"]), input=each["input"], ctx=each.get("ctx", {}))
            for each in error.errors()
        ]
        raise ValidationError.from_exception_data(error.title, faults) from None


def settings_of(part: Part, sourced: bool = False) -> Settings:
    """What a recipe, or a record, would say of a part; of its defaults nothing."""
    cls = type(part)
    defaults = {f.name: f.default for f in dataclasses.fields(cls)}
    kind = vars(cls).get("kind") if is_shipped(cls) else kind_of(cls)
    fields = {} if kind is None else {"kind": kind}
    for name, spec in specs(cls).items():
        value = getattr(part, name)
        if value == defaults[name]:
            continue
        if spec.named is not None:
            value = _name_or_settings(value, spec.named)
        elif isinstance(value, Part):
            value = settings_of(value, sourced)
        elif value is None:
            value = AUTO if spec.auto is None else spec.off
        fields[name] = listed(value)
    return _schema(cls, kind, sourced, ()).model_validate(fields)


def build(settings: Settings, **given: Any) -> Any:
    """The part that a recipe describes, or a record by its nominal values.

    Args:
        settings: As the model of the part has checked them.
        given: What the experiment gives, or instead of what the recipe says.

    Raises:
        InputError: naming the field, where the fields do not go together.
    """
    cls, values = type(settings).part, {}
    for name, spec in specs(cls).items():
        if name in given:
            continue
        value = _plain(getattr(settings, name))
        if isinstance(value, Settings):
            value = build(value)
        elif spec.named is not None:
            value = spec.named[value]
        elif spec.auto is not NOTHING and value == AUTO:
            value = spec.auto
        elif spec.off is not None and value == spec.off:
            value = None
        values[name] = value
    return cls(**values, **given)


def _plain(value: Any) -> Any:
    """Numbers for figures, tuples for lists."""
    if isinstance(value, list):
        return tuple(map(_plain, value))
    return value.nominal if isinstance(value, Quantity) else value
