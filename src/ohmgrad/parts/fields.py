"""What a part is: its fields, and how each is checked wherever the part is built."""

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationError

from ohmgrad import records
from ohmgrad.errors import InputError
from ohmgrad.parts.annotations import bounded, joined, members, without_arrays

Number = float | Float[Array, "..."]
"""A number of a part: given as a float, an array in compiled code."""

COUNT: Mapping[str, Any] = {"ge": 1, "le": 100_000}
"""Bounds of a count of neurons, kernels, sweeps or steps."""

NOTHING = dataclasses.MISSING
"""No default."""
_SPEC = "spec"


class Spec(NamedTuple):
    """What a field says of itself beside its type."""

    meaning: str
    unit: str
    bounds: Mapping[str, Any]
    off: Any = None
    """What a recipe writes where the effect is not there; None: it has no such word."""
    named: Mapping[str, Any] | None = None
    """The parts that a recipe may call by a name alone."""
    effect: str | None = None
    """The effect of hardware that is off where the field is None; a recipe switches it off by this name."""
    given_as: "type[Part] | None" = None
    """The part that a recipe describes instead, from which the field's part is made."""
    auto: Any = NOTHING
    """What the field is where a recipe says auto, where it may."""
    data: bool = False
    """Whether it is a number, which compiled code takes as data."""


def setting(default: Any = NOTHING, meaning: str = "", unit: str = "", effect: str | None = None, **bounds: Any) -> Any:
    """A field that decides the structure of compiled code: a count, a kind, a truth value.

    Args:
        default: Without it the field must be given.
        meaning: One line for people who write recipes.
        unit: Of the value, where it has one.
        effect: What is off where the value is None.
        bounds: ge, gt, le, lt of the value, or of each where it is a tuple; min_length, max_length.
    """
    return _field(default, Spec(meaning, unit, bounds, effect=effect), static=True)


def number(
    default: Any = NOTHING,
    meaning: str = "",
    unit: str = "",
    off: Any = None,
    auto: Any = NOTHING,
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
    return _field(default, Spec(meaning, unit, bounds, off, auto=auto, data=True), static=False)


def given() -> Any:
    """A field of the structure that the experiment gives, not the recipe: the size of a sample."""
    return eqx.field(static=True)


def part(
    default: Any = NOTHING,
    meaning: str = "",
    named: Mapping[str, Any] | None = None,
    given_as: "type[Part] | None" = None,
) -> Any:
    """A field that holds another part, or None.

    Args:
        default: Without it the field must be given.
        meaning: One line for people who write recipes.
        named: The parts that a recipe calls by a name alone.
        given_as: The part that a recipe describes instead; whoever builds the whole makes this field's part from it.
    """
    return _field(default, Spec(meaning, "", {}, named=named, given_as=given_as), static=False)


def _field(default: Any, spec: Spec, static: bool) -> Any:
    defaults = {} if default is NOTHING else {"default": default}
    return eqx.field(static=static, metadata={_SPEC: spec}, **defaults)


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
        """The parts of this class that come with ohmgrad and that a recipe can name, by their `kind`."""
        found = {}
        for each in cls.__subclasses__():
            kind = vars(each).get("kind") if is_shipped(each) else None
            found |= ({} if kind is None else {kind: each}) | each.kinds()
        return found


def is_shipped(cls: type) -> bool:
    """Whether a class comes with ohmgrad."""
    return cls.__module__.partition(".")[0] == "ohmgrad"


def kind_of(cls: type) -> str:
    """What a recipe calls a class of parts: its kind, or, for one of a user's own, package:Name."""
    if is_shipped(cls):
        return vars(cls).get("kind", cls.__name__)
    return f"{cls.__module__}:{cls.__qualname__}"


def _leaves(value: Any) -> tuple[Any, ...]:
    """The members of a tuple, and of the tuples in it."""
    return tuple(leaf for each in value for leaf in _leaves(each)) if isinstance(value, tuple) else (value,)


def known(*values: Any) -> bool:
    """Whether all values are plain numbers, which can be compared, and none is the data of compiled code."""
    return all(isinstance(value, float | int) for value in values)


def specs(cls: type[Part]) -> dict[str, Spec]:
    """The fields of a part that a recipe may give, in their order."""
    return {f.name: f.metadata[_SPEC] for f in dataclasses.fields(cls) if _SPEC in f.metadata}


def can_be_auto(cls: type[Part]) -> list[str]:
    """The fields of a part that a recipe may leave to a calibration."""
    return [name for name, spec in specs(cls).items() if spec.auto is not NOTHING]


@cache
def _adapters(cls: type[Part]) -> dict[str, TypeAdapter]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {
        name: TypeAdapter(bounded(_as_instance(without_arrays(hints[name])), spec.bounds), config=_CONFIG)
        for name, spec in specs(cls).items()
    }


def _as_instance(annotation: Any) -> Any:
    """The type with every part in it taken as it is: each was checked when it was built."""
    return joined(_instance(each) if is_part(each) else each for each in members(annotation))


def _instance(cls: type[Part]) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise ValueError(f"should be a {cls.__name__}")
        return value

    return Annotated[Any, AfterValidator(check)]


_CONFIG = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


def is_part(annotation: Any) -> bool:
    """Whether a type is a class of parts."""
    return inspect.isclass(annotation) and issubclass(annotation, Part)


def cast(number: Number, like: Array) -> Array:
    """A number in the precision of the signal that it meets."""
    return jnp.asarray(number, like.dtype)
