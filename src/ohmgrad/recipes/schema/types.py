"""Ranges that several sections share."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from ohmgrad.records import AUTO, NUMBERS

Probability = Annotated[float, Field(ge=0, le=0.5)]
Share = Annotated[float, Field(ge=0, lt=1)]
Gain = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Siemens = Annotated[float, Field(ge=0, le=1)]
Ohms = Annotated[float, Field(ge=0, le=1e9)]
Amperes = Annotated[float, Field(ge=1e-12, le=10)]
Count = Annotated[int, Field(ge=1, le=100_000)]


def _side(value: Any) -> str:
    return AUTO if isinstance(value, str) else NUMBERS


_Auto = Annotated[Literal["auto"], Tag(AUTO)]
_SAID = Discriminator(_side)
SiemensOrAuto = Annotated[Annotated[Siemens, Tag(NUMBERS)] | _Auto, _SAID]
WeightsOrAuto = Annotated[Annotated[list[Weight], Tag(NUMBERS)] | _Auto, _SAID]
AmperesOrAuto = Annotated[Annotated[list[Amperes], Tag(NUMBERS)] | _Auto, _SAID]
GainOrAuto = Annotated[Annotated[float, Field(gt=0, le=1e6), Tag(NUMBERS)] | _Auto, _SAID]
RangesOrAuto = Annotated[Annotated[list[Annotated[float, Field(ge=1e-6, le=1e6)]], Tag(NUMBERS)] | _Auto, _SAID]
