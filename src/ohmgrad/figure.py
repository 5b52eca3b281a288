"""A number that carries its source: what every preset and every energy figure in ohmgrad is made of."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

Basis = Literal["published", "derived", "assumption"]


class Strict(BaseModel):
    """A checked, immutable record: unknown fields, wrong types, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Figure(Strict):
    """A quantity in SI units with its bounds and where it comes from.

    `basis` speaks of the nominal value; what the bounds are, the source says. It is "published" (read in the source),
    "derived" (arithmetic on published numbers, shown in the source text) or "assumption" (no published value is known;
    the bounds say how wrong it may be).
    """

    low: float
    nominal: float
    high: float
    basis: Basis
    source: str

    @model_validator(mode="after")
    def _ordered(self) -> "Figure":
        if not 0 <= self.low <= self.nominal <= self.high:
            raise ValueError(f"needs 0 <= low <= nominal <= high, not {self.low}, {self.nominal}, {self.high}")
        return self
