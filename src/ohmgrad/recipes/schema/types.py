"""Ranges that several sections share."""

from typing import Annotated

from pydantic import Field

Probability = Annotated[float, Field(ge=0, le=0.5)]
Share = Annotated[float, Field(ge=0, lt=1)]
Gain = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Siemens = Annotated[float, Field(ge=0, le=1)]
Ohms = Annotated[float, Field(ge=0, le=1e9)]
Amperes = Annotated[float, Field(ge=1e-12, le=10)]
Count = Annotated[int, Field(ge=1, le=10_000)]
