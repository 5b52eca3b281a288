"""The base class `Part`, its kinds of fields, and their validation."""

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
"""A number of a part: a float as given, an array inside compiled code."""

COUNT: Mapping[str, Any] = {"ge": 1, "le": 100_000}
"""Bounds of a count of neurons, kernels, sweeps or steps."""

NOTHING = dataclasses.MISSING
"""Marks a field without default."""
_SPEC = "spec"


class Spec(NamedTuple):
    """The declaration of a field, besides its type."""

    meaning: str
    unit: str
    bounds: Mapping[str, Any]
    off: Any = None
    """The value in a recipe that means that the effect is absent. None: there is no such value."""
    named: Mapping[str, Any] | None = None
    """Parts that a recipe may give by name only."""
    effect: str | None = None
    """Name of the hardware effect that is off if the field is None; a recipe switches it off by this name."""
    given_as: "type[Part] | None" = None
    """The part that a recipe gives instead, from which the field's part is made."""
    auto: Any = NOTHING
    """Value of the field if the recipe gives auto; `NOTHING`: auto is not allowed."""
    data: bool = False
    """Whether it is a `number`, an input of compiled code."""


def setting(default: Any = NOTHING, meaning: str = "", unit: str = "", effect: str | None = None, **bounds: Any) -> Any:
    """Declare a static field, which determines the structure of compiled code: a count, a kind, a boolean.

    Args:
        default: The default. If omitted, the field is required.
        meaning: One line for people who write recipes.
        unit: Unit of the value, if it has one.
        effect: Name of the hardware effect that is off if the value is None.
        bounds: ge, gt, le, lt of the value, or of each entry of a tuple; min_length, max_length.
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
    """Declare a numeric field, an input of compiled code.

    Args:
        default: The default. If omitted, the field is required.
        meaning: One line for people who write recipes.
        unit: Unit of the number.
        off: The value in a recipe, usually 0, that means that the effect is absent; the field is then None.
        auto: Value of the field if the recipe gives auto, either final or until calibration replaces it. If omitted,
            auto is not allowed.
        bounds: As in `setting`.
    """
    return _field(default, Spec(meaning, unit, bounds, off, auto=auto, data=True), static=False)


def given() -> Any:
    """Declare a static field set by the experiment rather than the recipe, such as the size of a sample."""
    return eqx.field(static=True)


def part(
    default: Any = NOTHING,
    meaning: str = "",
    named: Mapping[str, Any] | None = None,
    given_as: "type[Part] | None" = None,
) -> Any:
    """Declare a field that holds another part, or None.

    Args:
        default: The default. If omitted, the field is required.
        meaning: One line for people who write recipes.
        named: Parts that a recipe may give by name only.
        given_as: The part that a recipe gives instead, from which the caller of `build` makes this field's part.
    """
    return _field(default, Spec(meaning, "", {}, named=named, given_as=given_as), static=False)


def _field(default: Any, spec: Spec, static: bool) -> Any:
    defaults = {} if default is NOTHING else {"default": default}
    return eqx.field(static=static, metadata={_SPEC: spec}, **defaults)


class Part(eqx.Module):
    """Base class of all components of an experiment: an immutable equinox.Module with validated fields.

    Fields declared without `setting`, `number` or `part` are state, or set by the experiment; they are not validated.

    Raises:
        InputError: if a value is not allowed; the one-sentence message names the field and what is allowed.
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
            if type(checked) is not type(value):  # an int was given for a float
                object.__setattr__(self, name, checked)

    @classmethod
    def kinds(cls) -> dict[str, type]:
        """The subclasses shipped with ohmgrad that a recipe can name, by their `kind`."""
        found = {}
        for each in cls.__subclasses__():
            kind = vars(each).get("kind") if is_shipped(each) else None
            found |= ({} if kind is None else {kind: each}) | each.kinds()
        return found


def is_shipped(cls: type) -> bool:
    """Whether a class is shipped with ohmgrad, not user-defined."""
    return cls.__module__.partition(".")[0] == "ohmgrad"


def kind_of(cls: type) -> str:
    """The name of a class of parts in a recipe: its `kind` or, for a user-defined class, package:Name."""
    if is_shipped(cls):
        return vars(cls).get("kind", cls.__name__)
    return f"{cls.__module__}:{cls.__qualname__}"


def _leaves(value: Any) -> tuple[Any, ...]:
    """The entries of a tuple, nested tuples flattened."""
    return tuple(leaf for each in value for leaf in _leaves(each)) if isinstance(value, tuple) else (value,)


def known(*values: Any) -> bool:
    """Whether all values are Python numbers, which can be compared; False if one is None or traced by JAX."""
    return all(isinstance(value, float | int) for value in values)


def specs(cls: type[Part]) -> dict[str, Spec]:
    """Declarations of the fields that a recipe may give, by name, in order of definition."""
    return {f.name: f.metadata[_SPEC] for f in dataclasses.fields(cls) if _SPEC in f.metadata}


def can_be_auto(cls: type[Part]) -> list[str]:
    """Names of the fields that a recipe may set to auto."""
    return [name for name, spec in specs(cls).items() if spec.auto is not NOTHING]


@cache
def _adapters(cls: type[Part]) -> dict[str, TypeAdapter]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {
        name: TypeAdapter(bounded(_as_instance(without_arrays(hints[name])), spec.bounds), config=_CONFIG)
        for name, spec in specs(cls).items()
    }


def _as_instance(annotation: Any) -> Any:
    """The type with parts checked by isinstance only, since each was validated when it was built."""
    return joined(_instance(each) if is_part(each) else each for each in members(annotation))


def _instance(cls: type[Part]) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise ValueError(f"should be a {cls.__name__}")
        return value

    return Annotated[Any, AfterValidator(check)]


_CONFIG = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


def is_part(annotation: Any) -> bool:
    """Whether a type is a subclass of `Part`."""
    return inspect.isclass(annotation) and issubclass(annotation, Part)


def cast(number: Number, like: Array) -> Array:
    """The number as an array of the same dtype as `like`."""
    return jnp.asarray(number, like.dtype)
