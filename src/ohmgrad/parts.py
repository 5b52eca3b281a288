"""Parts, of which experiments are built: each is one class, whose fields say their type, range, unit and meaning.

What decides the shape of compiled code (counts, kinds, truth values) is a `setting`, static; every number that an
experiment may vary is a `number`, which compiled code takes as data, so that parts of one structure share it. None in
the place of a number means that the effect is not there. A field is checked wherever its part is built, from Python or
from a recipe, whose schema `schema` makes of the same definitions; in a record of sources every number is a figure.
"""

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Union, get_args, get_origin

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializeAsAny,
    Tag,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from ohmgrad import files, records
from ohmgrad.errors import InputError
from ohmgrad.quantity import NonNegative, Positive, Quantity, Strict
from ohmgrad.records import AUTO, NUMBERS

Number = float | Float[Array, "..."]
"""A number of a part: given as a float, an array in compiled code."""

COUNT: Mapping[str, Any] = {"ge": 1, "le": 100_000}
"""Bounds of a count of neurons, kernels, sweeps or steps."""

_SPEC, _NOTHING = "spec", dataclasses.MISSING


class Spec(NamedTuple):
    """What a field says of itself beside its type."""

    meaning: str
    unit: str
    bounds: Mapping[str, Any]
    off: Any
    """What in a recipe means that the effect is not there, where something does."""
    named: Mapping[str, Any] | None
    """What a recipe may call the field's value by a name alone, if it does."""
    effect: str | None = None
    """The effect that is off where the value is None; a recipe has it among those switched off instead."""
    said_as: "type[Part] | None" = None
    """Of which kinds a recipe says one, where that is not yet the part: whoever makes the whole makes it of that."""
    auto: Any = _NOTHING
    """What the field is where a recipe says auto, where it may."""
    data: bool = False
    """Whether it is a number, which compiled code takes as data."""


def setting(
    default: Any = _NOTHING, meaning: str = "", unit: str = "", effect: str | None = None, **bounds: Any
) -> Any:
    """A field that decides the structure of compiled code: a count, a kind, a truth value.

    Args:
        default: Without it the field must be given.
        meaning: One line for people who write recipes.
        unit: Of the value, where it has one.
        effect: What is off where the value is None.
        bounds: ge, gt, le, lt of the value, or of each where it is a tuple; min_length, max_length.
    """
    return _field(default, Spec(meaning, unit, bounds, None, None, effect), static=True)


def number(
    default: Any = _NOTHING,
    meaning: str = "",
    unit: str = "",
    off: Any = None,
    auto: Any = _NOTHING,
    **bounds: Any,
) -> Any:
    """A field that compiled code takes as data.

    Args:
        default: Without it the field must be given.
        meaning: One line for people who write recipes.
        unit: Of the number.
        off: What in a recipe means that the effect is not there, so that the field is None: mostly 0.
        auto: What the field is where a recipe says auto: for good, or until a calibration has found it.
        bounds: As of `setting`.
    """
    return _field(default, Spec(meaning, unit, bounds, off, None, auto=auto, data=True), static=False)


def given() -> Any:
    """A field of the structure that the experiment gives, not the recipe: the size of a sample."""
    return eqx.field(static=True)


def part(
    default: Any = _NOTHING,
    meaning: str = "",
    named: Mapping[str, Any] | None = None,
    said_as: "type[Part] | None" = None,
) -> Any:
    """A field that holds another part, or None; a recipe calls it by one of `named`, where these are given, or says one
    of the kinds of `said_as`, of which whoever makes the whole makes it."""
    return _field(default, Spec(meaning, "", {}, None, named, said_as=said_as), static=False)


def _field(default: Any, spec: Spec, static: bool) -> Any:
    found = {} if default is _NOTHING else {"default": default}
    return eqx.field(static=static, metadata={_SPEC: spec}, **found)


class Part(eqx.Module):
    """Something that experiments are built of. Fields without a spec are state, or given by the experiment.

    Raises InputError, one sentence that names the field and what is allowed, for a value that is not.
    """

    def __post_init__(self):
        for name, adapter in _adapters(type(self)).items():
            value = getattr(self, name)
            if any(isinstance(each, jax.Array | np.ndarray) for each in _leaves(value)):
                continue
            try:
                checked = adapter.validate_python(value)
            except ValidationError as error:
                raise InputError(f"{type(self).__name__}.{name}: {records.fault(error)}") from None
            if type(checked) is not type(value):  # a whole number in the place of a number
                object.__setattr__(self, name, checked)

    @classmethod
    def kinds(cls) -> dict[str, type]:
        """The parts of this class that a recipe can name, by the `kind` that each says of itself."""
        found = {}
        for each in cls.__subclasses__():
            own = vars(each).get("kind")
            found |= ({} if own is None else {own: each}) | each.kinds()
        return found


def _leaves(value: Any) -> tuple[Any, ...]:
    """The members of a tuple, and of the tuples in it."""
    return tuple(leaf for each in value for leaf in _leaves(each)) if isinstance(value, tuple) else (value,)


def known(*values: Any) -> bool:
    """Whether all values are plain numbers, which can be compared, and none is the data of compiled code."""
    return all(isinstance(value, float | int) for value in values)


def specs(cls: type[Part]) -> dict[str, Spec]:
    """The fields of a part that a recipe may give, in their order."""
    return {f.name: f.metadata[_SPEC] for f in dataclasses.fields(cls) if _SPEC in f.metadata}


@cache
def _adapters(cls: type[Part]) -> dict[str, TypeAdapter]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {
        name: TypeAdapter(_bounded(_as_instance(_without_arrays(hints[name])), spec), config=_CONFIG)
        for name, spec in specs(cls).items()
    }


def _as_instance(annotation: Any) -> Any:
    """The type with every part in it taken as it is: each was checked when it was built."""
    return Union[tuple(_instance(each) if _is_part(each) else each for each in _members(annotation))]  # noqa: UP007


def _instance(cls: type[Part]) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise PydanticKnownError("is_instance_of", {"class": cls.__name__})
        return value

    return Annotated[Any, AfterValidator(check)]


_CONFIG = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


def _is_part(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, Part)


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for each in get_args(annotation) for member in _members(each))
    return (annotation,)


def _without_arrays(annotation: Any, figure: type[Quantity] | None = None, nested: bool = False) -> Any:
    """The type as a person would give it: without the arrays that compiled code puts in its place; with a `figure` for
    the number, if one is given, and for those of a tuple that may each be an array."""
    arrays = [each for each in _members(annotation) if inspect.isclass(each) and hasattr(each, "dtypes")]
    members = []
    for member in _members(annotation):
        if get_origin(member) is tuple:
            inner = (each if each is ... else _without_arrays(each, figure, True) for each in get_args(member))
            members.append(tuple[tuple(inner)])
        elif member not in arrays:
            members.append(figure if figure and member is float and (arrays or not nested) else member)
    return Union[tuple(members)]  # noqa: UP007 (of as many as there are)


def _bounded(annotation: Any, spec: Spec) -> Any:
    """The type with its bounds; those of a tuple are those of each number in it, but for its own length."""
    lengths = {k: v for k, v in spec.bounds.items() if k.endswith("length")}
    each = {k: v for k, v in spec.bounds.items() if k not in lengths}
    members = []
    for member in _members(annotation):
        member = _each_within(member, each)
        members.append(Annotated[member, Field(**lengths)] if lengths and member is not NoneType else member)
    return Union[tuple(members)]  # noqa: UP007


def _each_within(annotation: Any, bounds: dict[str, Any]) -> Any:
    if annotation is NoneType or annotation is ... or not bounds:
        return annotation
    if get_origin(annotation) is tuple:
        return tuple[tuple(_each_within(each, bounds) for each in get_args(annotation))]
    return _within(annotation, bounds)


def _within(annotation: Any, bounds: dict[str, Any]) -> Any:
    """A type within bounds; those of a figure are its nominal value's."""
    if not (inspect.isclass(annotation) and issubclass(annotation, Quantity)):
        return Annotated[annotation, Field(**bounds)]
    nominal = TypeAdapter(Annotated[float, Field(**bounds)])

    def check(figure: Quantity) -> Quantity:
        try:
            nominal.validate_python(figure.nominal)
        except ValidationError as error:
            (fault,) = error.errors()
            raise PydanticKnownError(fault["type"], fault.get("ctx")) from None  # pyright: ignore[reportArgumentType]
        return figure

    return Annotated[annotation, AfterValidator(check)]


class Said(Strict):
    """What a recipe says of a part."""

    part: ClassVar[type[Part]]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Fields are those of the part."""

    @model_validator(mode="after")
    def _go_together(self) -> "Said":
        """What the part itself checks, where a recipe says all that it takes to make one."""
        if _says_all(type(self).part):
            try_out(lambda: made(self))
        return self


def try_out(make: Callable[[], Any]) -> None:
    """Raises ValueError, which validations collect, where making a part raises InputError."""
    try:
        make()
    except InputError as error:
        raise ValueError(str(error)) from None


def _says_all(cls: type[Part]) -> bool:
    """Whether every field of a part that has to be given is one that a recipe says as it is."""
    required = [f for f in dataclasses.fields(cls) if f.default is _NOTHING and f.init]
    return all(_SPEC in f.metadata and f.metadata[_SPEC].said_as is None for f in required)


def schema(cls: type[Part], sourced: bool = False, **more: Any) -> type[Said]:
    """The model of what a recipe may say of a part, of which `made` makes one.

    Args:
        cls: The part; the model's `part`.
        sourced: Every number is a figure with its bounds and source, as in a record.
        more: Fields of the experiment's own beside those of the part: type and default.
    """
    return _schema(cls, sourced, tuple(more.items()))


@cache
def _schema(cls: type[Part], sourced: bool, more: tuple[tuple[str, Any], ...]) -> type[Said]:
    meaning = inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
    about = {"__base__": Said, "__doc__": meaning, "__module__": cls.__module__}
    model: Any = create_model(cls.__name__, **about | _fields(cls, sourced) | dict(more))
    model.part = cls
    return model


def _fields(cls: type[Part], sourced: bool) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    defaults = {f.name: f.default for f in dataclasses.fields(cls)}
    kind = vars(cls).get("kind")
    fields = {name: _said(hints[name], spec, defaults[name], sourced) for name, spec in specs(cls).items()}
    return fields if kind is None else {"kind": (Literal[kind], ...)} | fields


def _said(annotation: Any, spec: Spec, default: Any, sourced: bool) -> tuple[Any, Any]:
    """A field of a model: its type and default as a recipe has them, and its meaning."""
    annotation = _without_arrays(annotation, _figure(spec) if sourced and spec.data else None)
    if spec.named is not None:
        annotation = Literal[tuple(spec.named)]
        default = next((name for name, value in spec.named.items() if value == default), default)
    elif any(_is_part(each) for each in _members(annotation)):
        return _said_part(annotation, spec, default, sourced)
    if spec.off is not None or spec.effect or spec.auto is None:
        annotation = Union[tuple(each for each in _members(annotation) if each is not NoneType)]  # noqa: UP007
        default = AUTO if spec.auto is None and default is None else spec.off if default is None else default
    default = ... if default is _NOTHING else _listed(default)
    if isinstance(default, float) and _figure(spec) in _members(annotation):
        default = _figure(spec)(low=default, nominal=default, high=default, basis="assumption", source="not given")
    if spec.effect:
        annotation = Annotated[annotation, BeforeValidator(_there(spec))]
    annotation = _lists(_bounded(annotation, spec))
    return annotation if spec.auto is _NOTHING else _or_auto(annotation), Field(default, description=spec.meaning)


def _or_auto(annotation: Any) -> Any:
    """The type, or the word auto; told apart before they are read, so that a fault names one of them."""
    (numbers,) = (each for each in _members(annotation) if each is not NoneType)
    either = Annotated[
        Annotated[numbers, Tag(NUMBERS)] | Annotated[Literal["auto"], Tag(AUTO)],
        Discriminator(lambda given: AUTO if isinstance(given, str) else NUMBERS),
    ]
    return Union[either, None] if NoneType in _members(annotation) else either  # noqa: UP007


def _figure(spec: Spec) -> type[Quantity]:
    """What a number is in a record: of which sign, by its bounds."""
    if spec.bounds.get("gt", -1) >= 0:
        return Positive
    return NonNegative if spec.bounds.get("ge", -1) >= 0 else Quantity


def _there(spec: Spec) -> Any:
    """Refuses None and 0, which in a recipe do not switch the effect off."""

    def check(given: Any) -> Any:
        if given is None or given == 0:
            bounds = spec.bounds
            raise ValueError(f"allowed: {bounds['ge']} to {bounds['le']}, or hardware.without=[{spec.effect}]")
        return given

    return check


def _said_part(annotation: Any, spec: Spec, default: Any, sourced: bool) -> tuple[Any, Any]:
    """A part within a part: one of several kinds, or the only one."""
    members = _members(annotation)
    (cls,) = (each for each in members if each is not NoneType)
    cls = spec.said_as or cls
    found = kinds(cls, getattr(default, "kind", None), sourced) if cls.kinds() else schema(cls, sourced)
    if NoneType in members:
        found = found | None
    if default is _NOTHING or spec.said_as is not None:
        return found, Field(..., description=spec.meaning)
    if default is None:
        return found, Field(None, description=spec.meaning)
    return found, Field(default_factory=lambda: said(default, sourced), description=spec.meaning)


def kinds(cls: type[Part], default: str | None = None, sourced: bool = False, **more: Any) -> Any:
    """The type of a field of a recipe that is one of the kinds of a part, or a class of a user's own, whose kind is
    where Python finds it: package:Name. A mapping without a kind is the default's."""
    models = {kind: schema(each, sourced, **more) for kind, each in cls.kinds().items()}
    either: Any = Union[tuple(models.values())]  # noqa: UP007 # pyright: ignore[reportGeneralTypeIssues]
    union: Any = Annotated[either, Field(discriminator="kind")] if len(models) > 1 else either

    def find(given: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(given, Said):
            return given if issubclass(given.part, cls) else handler(given)
        if isinstance(given, dict) and default is not None:
            given = {"kind": default} | given
        kind = given.get("kind") if isinstance(given, dict) else None
        if not isinstance(kind, str) or kind in models:
            return handler(given)
        if ":" not in kind:
            allowed = ", ".join(map(repr, models))
            context = {"tag": kind, "expected_tags": f"{allowed}, or package:Name"}
            raise PydanticCustomError("union_tag_invalid", "unknown kind '{tag}'; allowed: {expected_tags}", context)
        model = schema(_imported(cls, kind), sourced, kind=(Literal[kind], ...), **more)
        try:
            return model.model_validate(given)
        except ValidationError as error:
            raise ValueError(records.sentence(model, error)) from None

    return Annotated[SerializeAsAny[union], WrapValidator(find)]


def _imported(cls: type[Part], path: str) -> type[Part]:
    """A class of a user's own, package:Name. Raises ValueError where there is none, or none of this part."""
    module, _, name = path.partition(":")
    try:
        home = importlib.import_module(module)
        found: Any = getattr(home, name, None)
    except Exception as error:  # whatever a user's module raises
        raise ValueError(f"{module} cannot be imported ({error})") from None
    if home.__file__ is not None:
        files.note(Path(home.__file__))
    if not (_is_part(found) and issubclass(found, cls)) or inspect.isabstract(found):
        raise ValueError(f"{module} has no {name} that is a {cls.__name__}; allowed: a class made of ohmgrad's")
    return found


def _lists(annotation: Any) -> Any:
    """The same with lists, which YAML has, for tuples."""
    members = []
    for member in _members(annotation):
        bare: Any = get_args(member)[0] if get_origin(member) is Annotated else member
        if get_origin(bare) is tuple:
            (inner, *others) = get_args(bare)
            found: Any = list[_lists(inner)]
            if ... not in others:
                found = Annotated[found, Field(min_length=1 + len(others), max_length=1 + len(others))]
            member = Annotated[(found, *member.__metadata__)] if bare is not member else found
        members.append(member)
    return Union[tuple(members)]  # noqa: UP007


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple) else value


def said(made: Part, sourced: bool = False) -> Said:
    """What a recipe, or a record, would say of a part that stands; of its defaults nothing."""
    model, defaults = schema(type(made), sourced), {f.name: f.default for f in dataclasses.fields(made)}
    fields = {} if "kind" not in model.model_fields else {"kind": type(made).kind}  # pyright: ignore
    for name, spec in specs(type(made)).items():
        value = getattr(made, name)
        if value == defaults[name]:
            continue
        if spec.named is not None:
            value = next(word for word, each in spec.named.items() if each == value)
        elif isinstance(value, Part):
            value = said(value, sourced)
        elif value is None:
            value = AUTO if spec.auto is None else spec.off
        fields[name] = _listed(value)
    return model.model_validate(fields)


def made(from_recipe: Said, **given: Any) -> Any:
    """The part that a recipe describes, or a record by its nominal values; the experiment gives what it does not say.

    Raises InputError, naming the field, where the fields do not go together.
    """
    cls, values = type(from_recipe).part, {}
    for name, spec in specs(cls).items():
        if name in given:
            continue
        value = _plain(getattr(from_recipe, name))
        if spec.named is not None:
            value = spec.named[value]
        elif isinstance(value, Said):
            value = made(value)
        elif spec.auto is not _NOTHING and value == AUTO:
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


def cast(number: Number, like: Array) -> Array:
    """A number in the precision of the signal that it meets."""
    return jnp.asarray(number, like.dtype)
