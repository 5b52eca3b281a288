"""Schema of the recipe section `hardware`: the fields of `crossbar.Hardware`, and those that only recipes have."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from ohmgrad.crossbar import EFFECTS, Hardware
from ohmgrad.devices import Device
from ohmgrad.parts import schema
from ohmgrad.recipes.schema.types import AmperesOrAuto, Count, WeightsOrAuto

if TYPE_CHECKING:
    Effect = str
else:
    Effect = Literal[EFFECTS]


class HardwareSettings(schema(Hardware)):
    """The arrays, their wires, converters and write scheme, and the effects that are switched off."""

    device: Device = Field(default_factory=lambda: Device.model_validate({"preset": "taox-1t1r"}))
    array_pairs: Count = Field(2, description="tiles on the chip (with pairs: of two arrays), shared by all layers")
    weight_max: WeightsOrAuto = Field(
        "auto",
        description="per weight matrix, or one for all: what the full range of a device represents; "
        "auto: found by a calibration",
    )
    adc_full_scale_amperes: AmperesOrAuto = Field(
        "auto",
        description="per weight matrix, or one for all: current at which a fixed ADC clips; "
        "auto: found by a calibration",
    )
    without: list[Effect] = Field(default=[], description="effects switched off")
    only: list[Effect] | None = Field(None, description="instead: the effects left on, all others off")

    @model_validator(mode="after")
    def _one_switch(self) -> "HardwareSettings":
        if self.only is not None and self.without:
            raise ValueError("only and without both given; allowed: one of them")
        return self
