"""Transformations of the type annotations of fields: without arrays, with bounds, with lists instead of tuples."""

import inspect
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError

from ohmgrad.quantity import Quantity


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, nested unions flattened; for another type, the type itself."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for each in get_args(annotation) for member in members(each))
    return (annotation,)


def joined(types: Any) -> Any:
    """The union of these types."""
    return Union[tuple(types)]  # noqa: UP007 (any number of types)


def without_none(annotation: Any) -> Any:
    """The type without None."""
    return joined(each for each in members(annotation) if each is not NoneType)


def without_arrays(annotation: Any, figure: type[Quantity] | None = None, nested: bool = False) -> Any:
    """The type as given by a user: without the arrays that it holds inside compiled code.

    Args:
        annotation: Type of a field.
        figure: Type that replaces a number that may be an array. None: numbers are not replaced.
        nested: Whether the annotation is the type of a tuple's entries.
    """
    arrays = [each for each in members(annotation) if inspect.isclass(each) and hasattr(each, "dtypes")]
    kept = []
    for member in members(annotation):
        if get_origin(member) is tuple:
            inner = (each if each is ... else without_arrays(each, figure, True) for each in get_args(member))
            kept.append(tuple[tuple(inner)])
        elif member not in arrays:
            kept.append(figure if figure and member is float and (arrays or not nested) else member)
    return joined(kept)


def bounded(annotation: Any, bounds: Any) -> Any:
    """The type with bounds. Bounds of a tuple apply to each number in it, except those of its length.

    Args:
        annotation: Type of a field.
        bounds: ge, gt, le, lt, min_length, max_length.
    """
    lengths = {k: v for k, v in bounds.items() if k.endswith("length")}
    each = {k: v for k, v in bounds.items() if k not in lengths}
    found = []
    for member in members(annotation):
        member = _each_bounded(member, each)
        found.append(Annotated[member, Field(**lengths)] if lengths and member is not NoneType else member)
    return joined(found)


def _each_bounded(annotation: Any, bounds: dict[str, Any]) -> Any:
    if annotation is NoneType or annotation is ... or not bounds:
        return annotation
    if get_origin(annotation) is tuple:
        return tuple[tuple(_each_bounded(each, bounds) for each in get_args(annotation))]
    return _bounded(annotation, bounds)


def _bounded(annotation: Any, bounds: dict[str, Any]) -> Any:
    """A single type with bounds; bounds of a `Quantity` apply to its nominal value."""
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


def with_lists(annotation: Any) -> Any:
    """The type with lists instead of tuples, for YAML."""
    found = []
    for member in members(annotation):
        bare: Any = get_args(member)[0] if get_origin(member) is Annotated else member
        if get_origin(bare) is tuple:
            (inner, *others) = get_args(bare)
            entries: Any = list[with_lists(inner)]
            if ... not in others:
                entries = Annotated[entries, Field(min_length=1 + len(others), max_length=1 + len(others))]
            member = Annotated[(entries, *member.__metadata__)] if bare is not member else entries
        found.append(member)
    return joined(found)


def listed(value: Any) -> Any:
    """The value with lists instead of tuples."""
    return [listed(each) for each in value] if isinstance(value, tuple) else value
