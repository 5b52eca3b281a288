"""Parts, of which experiments are built: each is one class, whose fields say their type, range, unit and meaning.

What decides the shape of compiled code (counts, kinds, truth values) is a `setting`, static; every number that an
experiment may vary is a `number`, which compiled code takes as data, so that parts of one structure share it. None in
the place of a number means that the effect is not there. A field is checked wherever its part is built, from Python or
from a recipe, whose schema `schema` makes of the same definitions.
"""

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    TypeAdapter,
    ValidationError,
    create_model,
)

from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.quantity import Strict
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
    off: float | None
    """The number of a recipe that means that the effect is not there, where there is one."""
    named: Mapping[str, Any] | None
    """What a recipe may call the field's value by a name alone, if it does."""
    effect: str | None = None
    """The effect that is off where the value is None; a recipe has it among those switched off instead."""
    auto: Any = _NOTHING
    """What the field is where a recipe says auto, where it may."""


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
    off: float | None = None,
    auto: Any = _NOTHING,
    **bounds: Any,
) -> Any:
    """A field that compiled code takes as data.

    Args:
        default: Without it the field must be given.
        meaning: One line for people who write recipes.
        unit: Of the number.
        off: The number of a recipe that means that the effect is not there, so that the field is None.
        auto: What the field is where a recipe says auto: for good, or until a calibration has found it.
        bounds: As of `setting`.
    """
    return _field(default, Spec(meaning, unit, bounds, off, None, None, auto), static=False)


def given() -> Any:
    """A field of the structure that the experiment gives, not the recipe: the size of a sample."""
    return eqx.field(static=True)


def part(default: Any = _NOTHING, meaning: str = "", named: Mapping[str, Any] | None = None) -> Any:
    """A field that holds another part, or None; a recipe calls it by one of `named`, where these are given."""
    return _field(default, Spec(meaning, "", {}, None, named), static=False)


def _field(default: Any, spec: Spec, static: bool) -> Any:
    found = {} if default is _NOTHING else {"default": default}
    return eqx.field(static=static, metadata={_SPEC: spec}, **found)


SomePart = TypeVar("SomePart", bound="Part")


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


def specs(cls: type[Part]) -> dict[str, Spec]:
    """The fields of a part that a recipe may give, in their order."""
    return {f.name: f.metadata[_SPEC] for f in dataclasses.fields(cls) if _SPEC in f.metadata}


@cache
def _adapters(cls: type[Part]) -> dict[str, TypeAdapter]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {
        name: TypeAdapter(_bounded(_instances(_without_arrays(hints[name])), spec), config=_CONFIG)
        for name, spec in specs(cls).items()
    }


_CONFIG = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


def _is_part(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, Part)


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for each in get_args(annotation) for member in _members(each))
    return (annotation,)


def _without_arrays(annotation: Any) -> Any:
    """The type as a person would give it: without the arrays that compiled code puts in its place."""
    if get_origin(annotation) is tuple:
        return tuple[tuple(_without_arrays(each) if each is not ... else each for each in get_args(annotation))]
    members = _members(annotation)
    if len(members) == 1:
        return annotation
    kept = [_without_arrays(each) for each in members if not (inspect.isclass(each) and hasattr(each, "dtypes"))]
    return Union[tuple(kept)]  # noqa: UP007 (of as many as there are)


def _instances(annotation: Any) -> Any:
    """The type with every part asked for as an object of its class, whose fields were checked when it was built."""
    members = [_instance_of(each) if _is_part(each) else each for each in _members(annotation)]
    return Union[tuple(members)]  # noqa: UP007


def _instance_of(cls: type) -> Any:
    def check(given: Any) -> Any:
        if not isinstance(given, cls):
            raise ValueError(f"should be a {cls.__name__}")
        return given

    return Annotated[Any, PlainValidator(check)]


def _bounded(annotation: Any, spec: Spec) -> Any:
    """The type with its bounds; those of a tuple are those of each number in it, but for its own length."""
    lengths = {k: v for k, v in spec.bounds.items() if k.endswith("length")}
    each = {k: v for k, v in spec.bounds.items() if k not in lengths}
    members = []
    for member in _members(annotation):
        member = _each_bounded(member, each)
        members.append(Annotated[member, Field(**lengths)] if lengths and member is not NoneType else member)
    return Union[tuple(members)]  # noqa: UP007


def _each_bounded(annotation: Any, bounds: Mapping[str, Any]) -> Any:
    if annotation is NoneType or annotation is ... or not bounds:
        return annotation
    if get_origin(annotation) is tuple:
        return tuple[tuple(_each_bounded(each, bounds) for each in get_args(annotation))]
    return Annotated[annotation, Field(**bounds)]


def schema(cls: type[Part], **more: Any) -> type[Strict]:
    """The model of what a recipe may say of a part: `more` fields of the experiment's own beside those of the part."""
    return _schema(cls, tuple(more.items()))


@cache
def _schema(cls: type[Part], more: tuple[tuple[str, Any], ...]) -> type[Strict]:
    meaning = inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
    about = {"__base__": Strict, "__doc__": meaning, "__module__": cls.__module__}
    model: Any = create_model(cls.__name__, **about | _fields(cls) | dict(more))
    return model


def _fields(cls: type[Part]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    defaults = {f.name: f.default for f in dataclasses.fields(cls)}
    kind = vars(cls).get("kind")
    fields = {name: _said(hints[name], spec, defaults[name]) for name, spec in specs(cls).items()}
    return fields if kind is None else {"kind": (Literal[kind], ...)} | fields


def _said(annotation: Any, spec: Spec, default: Any) -> tuple[Any, Any]:
    """A field of a model: its type and default as a recipe has them, and its meaning."""
    annotation = _without_arrays(annotation)
    if spec.named is not None:
        annotation = Literal[tuple(spec.named)]
        default = next((name for name, value in spec.named.items() if value == default), default)
    elif any(_is_part(each) for each in _members(annotation)):
        return _said_part(annotation, spec, default)
    if spec.off is not None or spec.effect or spec.auto is None:
        annotation = Union[tuple(each for each in _members(annotation) if each is not NoneType)]  # noqa: UP007
        default = AUTO if spec.auto is None and default is None else spec.off if default is None else default
    if spec.effect:
        annotation = Annotated[annotation, BeforeValidator(_there(spec))]
    default = ... if default is _NOTHING else _listed(default)
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


def _there(spec: Spec) -> Any:
    """Refuses None and 0, which in a recipe do not switch the effect off."""

    def check(given: Any) -> Any:
        if given is None or given == 0:
            bounds = spec.bounds
            raise ValueError(f"allowed: {bounds['ge']} to {bounds['le']}, or hardware.without=[{spec.effect}]")
        return given

    return check


def _said_part(annotation: Any, spec: Spec, default: Any) -> tuple[Any, Any]:
    """A part within a part: one of several kinds, or the only one."""
    members = _members(annotation)
    (cls,) = (each for each in members if each is not NoneType)
    found = kinds(cls, getattr(default, "kind", None)) if cls.kinds() else schema(cls)
    if NoneType in members:
        found = found | None
    if default is _NOTHING:
        return found, Field(..., description=spec.meaning)
    if default is None:
        return found, Field(None, description=spec.meaning)
    return found, Field(default_factory=lambda: said(default), description=spec.meaning)


def kinds(cls: type[Part], default: str | None = None, **more: Any) -> Any:
    """The type of a field of a recipe that is one of the kinds of a part; a mapping without a kind is the default's."""
    models = tuple(schema(each, **more) for each in cls.kinds().values())
    either: Any = Union[models]  # noqa: UP007 # pyright: ignore[reportGeneralTypeIssues]
    union = Annotated[either, Field(discriminator="kind")] if len(models) > 1 else either

    def with_kind(given: Any) -> Any:
        return {"kind": default} | given if isinstance(given, dict) and default is not None else given

    return Annotated[union, BeforeValidator(with_kind)] if default else union


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


def _tupled(value: Any) -> Any:
    return tuple(_tupled(each) for each in value) if isinstance(value, list) else value


def said(made: Part) -> Strict:
    """What a recipe would say of a part that stands."""
    model = schema(type(made))
    fields = {} if "kind" not in model.model_fields else {"kind": type(made).kind}  # pyright: ignore
    for name, spec in specs(type(made)).items():
        value = getattr(made, name)
        if spec.named is not None:
            value = next(word for word, each in spec.named.items() if each == value)
        elif isinstance(value, Part):
            value = said(value)
        elif value is None:
            value = AUTO if spec.auto is None else spec.off
        fields[name] = _listed(value)
    return model.model_validate(fields)


def made(cls: type[SomePart], from_recipe: Strict, **given: Any) -> SomePart:
    """The part, of this class or of one of its kinds, that a recipe describes.

    Args:
        cls: What it is to be.
        from_recipe: What a recipe says of it: of the model of `schema`, or of one with at least its fields.
        given: What the experiment gives and a recipe does not say.

    Raises:
        InputError: naming the field, where the fields do not go together.
    """
    cls = cls.kinds()[from_recipe.kind] if hasattr(from_recipe, "kind") else cls  # pyright: ignore
    hints = typing.get_type_hints(cls)
    values = {name: _value(hints[name], spec, getattr(from_recipe, name)) for name, spec in specs(cls).items()}
    return cls(**values, **given)


def _value(annotation: Any, spec: Spec, from_recipe: Any) -> Any:
    """What a field holds, from what a recipe says of it."""
    if spec.named is not None:
        return spec.named[from_recipe]
    if isinstance(from_recipe, Strict):
        return made(next(each for each in _members(annotation) if _is_part(each)), from_recipe)
    if from_recipe == AUTO and spec.auto is not _NOTHING:
        return spec.auto
    return None if spec.off is not None and from_recipe == spec.off else _tupled(from_recipe)


def cast(number: Number, like: Array) -> Array:
    """A number in the precision of the signal that it meets."""
    return jnp.asarray(number, like.dtype)
