"""Pydantic models of parts in recipes, derived from the part classes, and parts built from such models."""

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
    """Base class of the models of parts in recipes. `part` is the class that the model describes."""

    part: ClassVar[type[Part]]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A field of the model: the fields are those of the part."""

    @model_validator(mode="after")
    def _go_together(self) -> "Settings":
        """Run the checks of the part itself, if the recipe gives all required fields."""
        if _says_all(type(self).part):
            try_out(lambda: build(self))
        return self


def try_out(make: Callable[[], Any]) -> None:
    """Call a function that makes a part; turn InputError into ValueError, which Pydantic collects.

    Raises:
        ValueError: if the function raises InputError.
    """
    try:
        make()
    except InputError as error:
        raise ValueError(str(error)) from None


def _says_all(cls: type[Part]) -> bool:
    """Whether a recipe gives all required fields of a part, and none of them in another form (`given_as`)."""
    described = {name for name, spec in specs(cls).items() if spec.given_as is None}
    return all(f.name in described for f in dataclasses.fields(cls) if f.default is NOTHING and f.init)


def schema(cls: type[Part], sourced: bool = False, **more: Any) -> type[Settings]:
    """The Pydantic model that validates a part in a recipe; `build` makes the part from an instance of it.

    Args:
        cls: The class of the part.
        sourced: Whether every number is a `Quantity` with bounds and source, as in a device record.
        more: Additional fields, which are not fields of the part: (type, default).
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
    """A field of a model: its type in a recipe, and a pydantic Field with default and description."""
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
    """The type or the word auto; discriminated first, so that an error message names only one of them."""
    (numbers,) = (each for each in members(annotation) if each is not NoneType)
    either = Annotated[
        Annotated[numbers, Tag(NUMBERS)] | Annotated[Literal["auto"], Tag(AUTO)],
        Discriminator(lambda given: AUTO if isinstance(given, str) else NUMBERS),
    ]
    return joined([either, NoneType]) if NoneType in members(annotation) else either


def _figure(spec: Spec) -> type[Quantity]:
    """The class of a number in a record (Quantity, NonNegative or Positive), by its bounds."""
    if spec.bounds.get("gt", -1) >= 0:
        return Positive
    return NonNegative if spec.bounds.get("ge", -1) >= 0 else Quantity


def _never_off(spec: Spec) -> Any:
    """A validator that rejects None and 0, which do not switch the effect off in a recipe."""

    def check(given: Any) -> Any:
        if given is None or given == 0:
            bounds = spec.bounds
            raise ValueError(f"allowed: {bounds['ge']} to {bounds['le']}, or hardware.without=[{spec.effect}]")
        return given

    return check


def _part(annotation: Any, spec: Spec, default: Any, sourced: bool) -> tuple[Any, Any]:
    """A field that holds a part: one of several kinds, or a single class."""
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
    """A field that holds a part given by name, or a user-defined one."""
    (cls,) = members(annotation)
    found = or_custom(Literal[tuple(named)], cls, named)
    if default is NOTHING:
        return found, Field(..., description=meaning)
    return found, Field(default_factory=lambda: _name_or_settings(default, named), description=meaning)


def _name_or_settings(part: Part, named: Mapping[str, Part]) -> str | Settings:
    return next((name for name, each in named.items() if each == part), None) or settings_of(part)


def kinds(cls: type[Part], default: str | None = None, sourced: bool = False, **more: Any) -> Any:
    """The type of a recipe field that holds one of the kinds of a part, or a user-defined class (`custom`).

    Args:
        cls: The base class of the kinds.
        default: The kind of a mapping without `kind`. None: `kind` is required.
        sourced: As in `schema`.
        more: As in `schema`, for every kind.
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
    """The type of a recipe field that holds a shipped part or a user-defined one (`custom`).

    Args:
        shipped: The type of shipped parts: models with a `kind`, or names.
        cls: The required base class of user-defined classes.
        known: The kinds, or names, of shipped parts.
        default: As in `kinds`.
        sourced: As in `schema`.
        more: As in `schema`, for user-defined classes.
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
    """The same function, but returning None if the class cannot be imported; used to list fields."""

    def found(kind: str) -> type[Settings] | None:
        with suppress(ValueError):
            return find(kind)
        return None

    return found


def _validated(model: type[Settings], kind: str, given: Any) -> Settings:
    """Validate the settings of a user-defined class; error locations include its kind, as for members of a union."""
    try:
        return model.model_validate(given if isinstance(given, dict) else {"kind": kind})
    except ValidationError as error:
        faults = [
            InitErrorDetails(type=each["type"], loc=(kind, *each["loc"]), input=each["input"], ctx=each.get("ctx", {}))
            for each in error.errors()
        ]
        raise ValidationError.from_exception_data(error.title, faults) from None


def settings_of(part: Part, sourced: bool = False) -> Settings:
    """The model of a part, as a recipe or record would give it, without fields at their defaults.

    Args:
        part: The part.
        sourced: As in `schema`.
    """
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
    """Build the part described by settings; quantities are replaced by their nominal values.

    Args:
        settings: A validated model of the part.
        given: Fields set by the experiment; they override those of the settings.

    Raises:
        InputError: if the fields are incompatible; the message names a field.
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
    """The value with nominal numbers instead of quantities, and tuples instead of lists."""
    if isinstance(value, list):
        return tuple(map(_plain, value))
    return value.nominal if isinstance(value, Quantity) else value
