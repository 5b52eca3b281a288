"""Numbers with bounds and a source, of which all presets and energy figures are made, and ranges of them."""

import math
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["LEAST", "MOST", "Basis", "NonNegative", "Positive", "Quantity", "Range", "Strict", "nominal", "sized"]
Basis = Literal["published", "measured", "derived", "assumption", "memory"]
LEAST, MOST = 1e-60, 1e60
"""Smallest and largest value of a positive quantity, so that products of a few stay finite."""


def sized(value: float) -> bool:
    """Whether a value is 0, or between `LEAST` and `MOST`."""
    return value == 0 or LEAST <= value <= MOST


class Strict(BaseModel):
    """A validated, immutable record: unknown fields, wrong types, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Quantity(Strict):
    """A quantity in SI units with bounds and source. A plain number is read as published in the record's citation.

    Attributes:
        low: Lower bound.
        nominal: Nominal value.
        high: Upper bound.
        basis: Where the nominal value comes from: "published" (read in the source), "measured" (by the authors of
            ohmgrad; the source says by which command, on which machine, when), "derived" (arithmetic on published
            numbers, shown in the source), "assumption" (no published value is known; the bounds say how far off it may
            be) or "memory" (believed to be published, not checked).
        source: Source of the nominal value, and what the bounds are.
    """

    low: float
    nominal: float
    high: float
    basis: Basis
    source: str

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        if isinstance(given, int | float) and not isinstance(given, bool):
            return {"low": given, "nominal": given, "high": given, "basis": "published", "source": "as cited above"}
        return given

    @model_validator(mode="after")
    def _ordered(self) -> "Quantity":
        if not self.low <= self.nominal <= self.high:
            raise ValueError(f"needs low <= nominal <= high, not {self.low}, {self.nominal}, {self.high}")
        return self


class NonNegative(Quantity):
    """A quantity that is never negative."""

    @model_validator(mode="after")
    def _not_negative(self) -> "NonNegative":
        if self.low < 0:
            raise ValueError(f"needs 0 <= low <= nominal <= high, not {self.low}, {self.nominal}, {self.high}")
        return self


class Positive(NonNegative):
    """A positive quantity between `LEAST` and `MOST`."""

    @model_validator(mode="after")
    def _above_zero(self) -> "Positive":
        if self.low <= 0:
            raise ValueError(f"needs 0 < low <= nominal <= high, not {self.low}, {self.nominal}, {self.high}")
        for value in (self.low, self.nominal, self.high):
            if not sized(value):
                raise ValueError(f"{value:g} is out of range; allowed: {LEAST:g} to {MOST:g}")
        return self


class Range(NamedTuple):
    """Low, nominal and high of a non-negative value. Sums and products combine lows with lows and highs with highs."""

    low: float
    nominal: float
    high: float

    @staticmethod
    def of(value: "Quantity | Range | float") -> "Range":
        """The range of a quantity; for a plain number, low = nominal = high."""
        if isinstance(value, Range):
            return value
        if isinstance(value, Quantity):
            return Range(value.low, value.nominal, value.high)
        return Range(*(float(value),) * 3)

    def __add__(self, other: "Range | float") -> "Range":  # pyright: ignore[reportIncompatibleMethodOverride]
        return Range(*(a + b for a, b in zip(self, Range.of(other), strict=True)))

    def __mul__(self, other: "Range | float") -> "Range":  # pyright: ignore[reportIncompatibleMethodOverride]
        return Range(*(a * b for a, b in zip(self, Range.of(other), strict=True)))

    __radd__ = __add__
    __rmul__ = __mul__  # pyright: ignore[reportAssignmentType]

    def over(self, other: "Range") -> "Range":
        """The ratio: low / high, nominal / nominal, high / low; infinite where the divisor is 0."""
        return Range(*(a / b if b else float("inf") for a, b in zip(self, reversed(other), strict=True)))

    def as_json(self) -> dict[str, float | None]:
        """The bounds by name, for JSON; None for infinity, which JSON does not have."""
        return {bound: value if math.isfinite(value) else None for bound, value in self._asdict().items()}


def nominal(record: Strict) -> dict[str, Any]:
    """The fields of a record with every figure replaced by its nominal value."""
    return {name: _nominal(getattr(record, name)) for name in type(record).model_fields}


def _nominal(value: Any) -> Any:
    if isinstance(value, Quantity):
        return value.nominal
    if isinstance(value, list):
        return [_nominal(each) for each in value]
    return nominal(value) if isinstance(value, Strict) else value
