"""What a recipe may say of its arrays."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ohmgrad.devices import Device
from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.types import AmperesOrAuto, Count, Ohms, Rate, SiemensOrAuto, WeightsOrAuto

Effect = Literal[
    "dac",
    "adc",
    "read_noise",
    "bent_current",
    "wires",
    "write_error",
    "write_granularity",
    "uneven_steps",
    "pulse_scatter",
    "device_spread",
    "faults",
    "aging",
    "half_select",
    "conductance_bounds",
]


class PairMapping(Strict):
    """A weight as the difference of two devices on two arrays."""

    kind: Literal["pair"]
    offset_siemens: SiemensOrAuto = Field(
        "auto",
        description="conductance of both devices at weight zero, above the lowest; auto: half the range, one-sided: 0",
    )


class SingleMapping(Strict):
    """A weight as one device against the middle of its range."""

    kind: Literal["single"]
    on_wire: bool = Field(True, description="subtract the middle by a column of reference devices; false: in digital")


class DirectMapping(Strict):
    """A weight as the conductance of one device, never negative: for resistive networks."""

    kind: Literal["direct"]


class SlicesMapping(Strict):
    """A weight as digits, each on a pair of devices."""

    kind: Literal["slices"]
    count: Annotated[int, Field(ge=1, le=8)] = Field(2, description="digits of a weight")
    base: Annotated[int, Field(ge=2, le=256)] = Field(4, description="values of a digit")

    @model_validator(mode="after")
    def _in_a_float(self) -> "SlicesMapping":
        if self.base**self.count > 2**24:
            raise ValueError(f"base^count is {self.base**self.count}; allowed: up to 2^24, the precision of float32")
        return self


class DacSettings(Strict):
    """Input converters."""

    bits: Annotated[int, Field(ge=2, le=12)] = Field(8, description="resolution in bits, with the sign")
    range: Literal["fixed", "vector"] = Field("fixed", description="full scale: 1, or each vector's largest entry")
    inl_lsb: Annotated[float, Field(ge=0, le=8)] = Field(0.0, description="largest integral nonlinearity, in steps")
    bit_serial: bool = Field(False, description="apply one bit of all inputs at a time")

    @field_validator("bits", mode="before")
    @classmethod
    def _some(cls, bits: Any) -> Any:
        return _some_bits(bits, "dac", "2 to 12")


class AdcSettings(Strict):
    """Output converters."""

    bits: Annotated[int, Field(ge=4, le=12)] = Field(8, description="resolution in bits, with the sign")
    range: Literal["fixed", "calibrated", "vector"] = Field(
        "fixed", description="full scale: as given, the largest current of a calibration, or that of each vector"
    )
    inl_lsb: Annotated[float, Field(ge=0, le=8)] = Field(0.0, description="largest integral nonlinearity, in steps")
    bound_management: bool = Field(False, description="read again with halved inputs while a current clips")

    @field_validator("bits", mode="before")
    @classmethod
    def _some(cls, bits: Any) -> Any:
        return _some_bits(bits, "adc", "4 to 12")


def _some_bits(bits: Any, converter: str, allowed: str) -> Any:
    if bits is None or bits == 0:
        raise ValueError(
            f"no bits convert nothing; allowed: {allowed}, or hardware.without=[{converter}] for exact ones"
        )
    return bits


class WireSettings(Strict):
    """Resistance of the lines of an array."""

    row_ohms: Ohms = Field(description="resistance of a row between devices")
    column_ohms: Ohms = Field(description="resistance of a column between devices")
    driver_ohms: Ohms = Field(0.0, description="output resistance of a row's driver")
    sense_ohms: Ohms = Field(0.0, description="input resistance of a column's sense amplifier")
    row_ends: Literal["one", "both"] = Field("one", description="ends of a row that are driven")
    column_ends: Literal["one", "both"] = Field("one", description="ends of a column that are sensed")


class SinglePulseWrite(Strict):
    """At most one pulse per device and write, fired so often that the mean change is right."""

    kind: Literal["single-pulse"]


class WriteVerifyWrite(Strict):
    """Programming to a target, with verification."""

    kind: Literal["write-verify"]
    pulse_budget: Count | None = Field(
        None, description="most pulses per programming, simulated; none: published write error"
    )


class PulseTrainsWrite(Strict):
    """Stochastic pulse trains on rows and columns; devices count coincidences."""

    kind: Literal["pulse-trains"]
    length: Annotated[int, Field(ge=1, le=1000)] = Field(31, description="time slots of a pulse train")


class PulseCountWrite(Strict):
    """The nearest whole number of pulses."""

    kind: Literal["pulse-count"]


class ManhattanWrite(Strict):
    """One pulse by the sign of the wanted change."""

    kind: Literal["manhattan"]


class ErrorAwareWrite(Strict):
    """Small changes mostly left out, at random; the rest written and verified."""

    kind: Literal["error-aware"]
    threshold_errors: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="threshold, in standard deviations of a verified write"
    )


class MixedPrecisionWrite(Strict):
    """Changes added up in digital, pulses for whole steps."""

    kind: Literal["mixed-precision"]
    threshold_steps: Annotated[float, Field(ge=1, le=1000)] = Field(
        1.0, description="mean steps of accumulated update at which a device is pulsed"
    )


class TikiTakaWrite(Strict):
    """Tiki-Taka v2: fast array, digital low-pass, slow array."""

    kind: Literal["tiki-taka"]
    every: Count = Field(1, description="writes between transfers of a row")
    fast_rate: Rate = Field(1.0, description="factor of updates on the fast array")
    transfer_rate: Rate = Field(1.0, description="factor of what a transfer adds to the digital buffer")
    length: Annotated[int, Field(ge=1, le=1000)] = Field(31, description="time slots of a pulse train")


Write = Annotated[
    SinglePulseWrite
    | WriteVerifyWrite
    | PulseTrainsWrite
    | PulseCountWrite
    | ManhattanWrite
    | ErrorAwareWrite
    | MixedPrecisionWrite
    | TikiTakaWrite,
    Field(discriminator="kind"),
]


class HardwareSettings(Strict):
    """The arrays, their wires and converters, how they are written, and which of their effects are switched off."""

    device: Device = Field(default_factory=lambda: Device.model_validate({"preset": "taox-1t1r"}))
    rows: Count = Field(64, description="rows of an array")
    columns: Count = Field(64, description="columns of an array")
    array_pairs: Count = Field(2, description="tiles on the chip (with pairs: of two arrays), shared by all layers")
    mapping: Annotated[PairMapping | SingleMapping | SlicesMapping | DirectMapping, Field(discriminator="kind")] = (
        Field(default_factory=lambda: PairMapping.model_validate({"kind": "pair"}))
    )
    weight_max: WeightsOrAuto = Field(
        "auto",
        description="per weight matrix: the weight that the whole range stands for; auto: found by a calibration",
    )
    dac: DacSettings = Field(default_factory=lambda: DacSettings.model_validate({}))
    adc: AdcSettings = Field(default_factory=lambda: AdcSettings.model_validate({}))
    adc_full_scale_amperes: AmperesOrAuto = Field(
        "auto", description="per weight matrix: current at which a fixed ADC clips; auto: found by a calibration"
    )
    wires: WireSettings | None = Field(None, description="resistance of lines; none: 0")
    access_ohms: Ohms = Field(0.0, description="resistance of the access transistor in series with each device")
    passive: bool = Field(False, description="no access transistors: writes half-select")
    write: Write = Field(default_factory=lambda: SinglePulseWrite(kind="single-pulse"))
    without: list[Effect] = Field(default=[], description="effects switched off")
    only: list[Effect] | None = Field(None, description="instead: the effects left on, all others off")

    @model_validator(mode="before")
    @classmethod
    def _default_kinds(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for name, kind in (("mapping", "pair"), ("write", "single-pulse")):
                if isinstance(given.get(name), dict):
                    given = given | {name: {"kind": kind} | given[name]}
        return given

    @model_validator(mode="after")
    def _one_switch(self) -> "HardwareSettings":
        if self.only is not None and self.without:
            raise ValueError("only and without both given; allowed: one of them")
        return self

    @model_validator(mode="after")
    def _room_for_the_offset(self) -> "HardwareSettings":
        if isinstance(self.mapping, PairMapping) and self.offset_siemens > (room := self._half_range):
            raise ValueError(
                f"mapping.offset_siemens: {self.offset_siemens} is above half the range of the device; "
                f"allowed: up to {room:.3g}, or auto"
            )
        return self

    @property
    def _half_range(self) -> float:
        return (self.device.g_max_siemens.nominal - self.device.g_min_siemens.nominal) / 2

    @property
    def offset_siemens(self) -> float:
        """Of the devices of a pair at weight zero, above their lowest conductance; of other mappings 0."""
        if not isinstance(self.mapping, PairMapping):
            return 0.0
        if self.mapping.offset_siemens != "auto":
            return self.mapping.offset_siemens
        return 0.0 if self.device.one_sided else self._half_range
