"""Field types with bounds, shared by several sections."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from ohmgrad.parts import COUNT
from ohmgrad.records import AUTO, NUMBERS

Probability = Annotated[float, Field(ge=0, le=0.5)]
Share = Annotated[float, Field(ge=0, lt=1)]
Gain = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Amperes = Annotated[float, Field(ge=1e-12, le=10)]
Count = Annotated[int, Field(**COUNT)]


def _side(value: Any) -> str:
    return AUTO if isinstance(value, str) else NUMBERS


_Auto = Annotated[Literal["auto"], Tag(AUTO)]
_SIDE = Discriminator(_side)
WeightsOrAuto = Annotated[Annotated[list[Weight], Tag(NUMBERS)] | _Auto, _SIDE]
AmperesOrAuto = Annotated[Annotated[list[Amperes], Tag(NUMBERS)] | _Auto, _SIDE]
