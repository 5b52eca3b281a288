"""The types of a part's fields, rewritten: without arrays, within bounds, with lists for tuples."""

import inspect
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError

from ohmgrad.quantity import Quantity


def members(annotation: Any) -> tuple[Any, ...]:
    """What a union is made of, unions within it included; of another type the type itself."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for each in get_args(annotation) for member in members(each))
    return (annotation,)


def joined(types: Any) -> Any:
    """The union of these types."""
    return Union[tuple(types)]  # noqa: UP007 (of as many as there are)


def without_none(annotation: Any) -> Any:
    return joined(each for each in members(annotation) if each is not NoneType)


def without_arrays(annotation: Any, figure: type[Quantity] | None = None, nested: bool = False) -> Any:
    """The type as a person would give it: without the arrays that compiled code puts in its place.

    Args:
        annotation: Of a field.
        figure: What takes the place of a number that may be an array; None: the number stays.
        nested: Whether the type is that of a tuple's entries.
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
    """The type within bounds (ge, gt, le, lt); those of a tuple are those of each number in it, but for its length
    (min_length, max_length)."""
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
    """A single type within bounds; those of a figure are its nominal value's."""
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
    """The same with lists, which YAML has, for tuples."""
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
    """A value with lists for tuples."""
    return [listed(each) for each in value] if isinstance(value, tuple) else value
