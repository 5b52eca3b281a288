"""What a preset file may say about a device: every figure in SI units, with bounds and source. Imports no JAX."""

import itertools
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ohmgrad import records
from ohmgrad.devices import presets
from ohmgrad.quantity import NonNegative, Positive, Quantity, Strict


def _figure(value: float) -> NonNegative:
    return NonNegative(low=value, nominal=value, high=value, basis="assumption", source="not given")


def _signed(value: float) -> Quantity:
    return Quantity(low=value, nominal=value, high=value, basis="assumption", source="not given")


class LinearStep(Strict):
    """Steps that change linearly with the conductance, in shares of the range per pulse; slope 1 is soft bounds."""

    kind: Literal["linear-step"]
    up: Positive = Field(description="share of the range that a pulse adds at the lowest conductance")
    down: NonNegative = Field(description="share of the range that a pulse takes at the highest conductance")
    up_slope: Quantity = Field(_signed(0.0), description="share of the step that is lost over the range")
    down_slope: Quantity = Field(_signed(0.0), description="share of the step that is lost over the range")

    @model_validator(mode="after")
    def _steps_on(self) -> "LinearStep":
        for name in ("up", "down"):
            step, slope = getattr(self, name).nominal, getattr(self, f"{name}_slope").nominal
            if step * slope >= 1 or slope >= 2:
                raise ValueError(f"{name} x {name}_slope must be below 1 and {name}_slope below 2")
        return self


class SoftBounds(Strict):
    """Steps that shrink linearly to nothing at the device's own bounds."""

    kind: Literal["soft-bounds"]
    up: Positive = Field(description="share of the range that a pulse adds at the lowest conductance")
    down: NonNegative = Field(description="share of the range that a pulse takes at the highest conductance")

    @model_validator(mode="after")
    def _steps_on(self) -> "SoftBounds":
        if max(self.up.nominal, self.down.nominal) >= 1:
            raise ValueError("up and down must be below 1: a step cannot take more than what is left")
        return self


class Exponential(Strict):
    """NeuroSim's LTP and LTD curves, by number of pulses over the range and nonlinearity label."""

    kind: Literal["neurosim"]
    up_pulses: Positive = Field(description="potentiating pulses from the lowest to the highest conductance")
    down_pulses: Positive = Field(description="depressing pulses back")
    up_label: Quantity = Field(description="nonlinearity label of LTP, -9 to 9")
    down_label: Quantity = Field(description="nonlinearity label of LTD, -9 to 9; negative: large steps first")

    @model_validator(mode="after")
    def _labels(self) -> "Exponential":
        for name in ("up_label", "down_label"):
            if abs(getattr(self, name).nominal) > 9:
                raise ValueError(f"{name} {getattr(self, name).nominal} is outside -9 to 9")
        return self


class ExponentialStep(Strict):
    """Steps up (1 - a exp(k x)) and down (1 - a exp(-k x)), x the position in the range."""

    kind: Literal["exponential-step"]
    up: Positive
    down: NonNegative
    up_amplitude: Quantity
    down_amplitude: Quantity
    up_exponent: Quantity
    down_exponent: Quantity

    @model_validator(mode="after")
    def _bent(self) -> "ExponentialStep":
        for name in ("up_exponent", "down_exponent"):
            if not 1e-3 <= abs(getattr(self, name).nominal) <= 30:
                raise ValueError(f"{name} must lie between 0.001 and 30 in amount; linear-step has no bend")
        return self


class PowerStep(Strict):
    """Steps up (1 - x)^p and down x^p, x the position in the range."""

    kind: Literal["power-step"]
    up: Positive
    down: NonNegative
    up_power: NonNegative
    down_power: NonNegative

    @model_validator(mode="after")
    def _powers(self) -> "PowerStep":
        if max(self.up_power.nominal, self.down_power.nominal) > 5:
            raise ValueError("up_power and down_power must not exceed 5")
        return self


class Table(Strict):
    """Measured conductances after 0, 1, 2, ... pulses: `up` rising from the lowest, `down` falling from the highest."""

    kind: Literal["table"]
    up_siemens: list[Annotated[float, Field(ge=0)]] = Field(min_length=2)
    down_siemens: list[Annotated[float, Field(ge=0)]] = Field(min_length=2)

    @model_validator(mode="after")
    def _monotone(self) -> "Table":
        for name, values in (("up_siemens", self.up_siemens), ("down_siemens", self.down_siemens[::-1])):
            if any(b <= a for a, b in itertools.pairwise(values)):
                raise ValueError(f"{name} must rise (down_siemens: fall) from pulse to pulse")
        return self


class Pulse(Strict):
    """One programming pulse of a polarity."""

    volts: Quantity
    seconds: Positive


class Compact(Strict):
    """A voltage-driven compact model under identical pulses, solved once and then read as a table."""

    kind: Literal["compact"]
    model: Literal["linear-ion-drift", "vteam", "yakopcic", "stanford-pku"]
    parameters: dict[str, float] = Field({}, description="of the model, where they differ from its published ones")
    pulses: Annotated[int, Field(ge=1, le=10_000)] = Field(description="pulses of each polarity in the table")
    up: Pulse = Field(description="potentiating pulse")
    down: Pulse = Field(description="depressing pulse")
    low_state: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="state from which pulses potentiate")
    high_state: Annotated[float, Field(ge=0, le=1)] = Field(1.0, description="state from which pulses depress")


Response = Annotated[
    LinearStep | SoftBounds | Exponential | ExponentialStep | PowerStep | Table | Compact, Field(discriminator="kind")
]


class Spread(Strict):
    """Device-to-device variation, as standard deviations."""

    g_min: NonNegative = Field(_figure(0.0), description="of the lowest conductance, in shares of the range")
    g_max: NonNegative = Field(_figure(0.0), description="of the highest conductance, in shares of the range")
    step: NonNegative = Field(
        _figure(0.0), description="of the size of the steps, in shares of their mean: 0.05 is 5 %"
    )
    imbalance: NonNegative = Field(_figure(0.0), description="of what up gains and down loses, relative")
    distribution: Literal["normal", "lognormal"] = Field("normal", description="of the size of the steps")

    @model_validator(mode="after")
    def _shares(self) -> "Spread":
        most = 1 if self.distribution == "normal" else 3
        if self.step.nominal > most:
            raise ValueError(
                f"step: {self.step.nominal:g} is above {most}, the most of a {self.distribution} spread; "
                f"allowed: 0 to {most}, in shares of the mean step (0.05 is 5 %)"
            )
        return self


class Flicker(Strict):
    """1/f read noise: sigma = G min(factor / g^power, ceiling) sqrt(ln((t + t_read) / (2 t_read))), g = G / G_max."""

    factor: NonNegative
    power: NonNegative
    ceiling: NonNegative
    read_seconds: Positive
    seconds: NonNegative = Field(description="time since the write")

    @model_validator(mode="after")
    def _after_the_read(self) -> "Flicker":
        if self.seconds.nominal < self.read_seconds.nominal:
            raise ValueError("seconds must not be less than read_seconds")
        return self


class Drift(Strict):
    """G (t / t0)^-nu; mean and deviation of nu are [slope, offset, floor, ceiling] in ln(G / G_max)."""

    kind: Literal["drift"]
    t0_seconds: Positive
    mean: list[float] = Field(min_length=4, max_length=4)
    deviation: list[float] = Field(min_length=4, max_length=4)

    @model_validator(mode="after")
    def _in_order(self) -> "Drift":
        for name in ("mean", "deviation"):
            _, _, floor, ceiling = getattr(self, name)
            if not 0 <= floor <= ceiling:
                raise ValueError(f"{name} is [slope, offset, floor, ceiling] with 0 <= floor <= ceiling")
        return self


class Retention(Strict):
    """Exponential loss toward a conductance at rest."""

    kind: Literal["retention"]
    lifetime_seconds: Positive
    rest_siemens: NonNegative = _figure(0.0)
    lifetime_spread: NonNegative = Field(_figure(0.0), description="of the logarithm of the lifetime")


Aging = Annotated[Drift | Retention, Field(discriminator="kind")]


class Faults(Strict):
    """Shares of devices stuck, and of open lines."""

    stuck_at_min: NonNegative = _figure(0.0)
    stuck_at_max: NonNegative = _figure(0.0)
    stuck_at_value: NonNegative = _figure(0.0)
    value_siemens: NonNegative = _figure(0.0)
    open_rows: NonNegative = _figure(0.0)
    open_columns: NonNegative = _figure(0.0)

    @model_validator(mode="after")
    def _shares(self) -> "Faults":
        stuck = self.stuck_at_min.nominal + self.stuck_at_max.nominal + self.stuck_at_value.nominal
        if self.value_siemens.nominal > 1:
            raise ValueError(f"value_siemens: {self.value_siemens.nominal} is above 1")
        if stuck > 1 or self.open_rows.nominal > 1 or self.open_columns.nominal > 1:
            raise ValueError("shares of faults must not exceed 1")
        return self


class Device(Strict):
    """One device: bounds, read, answer to pulses, scatter, time, faults.

    With `preset`, whatever is not given is as in that preset; groups of figures are completed field by field.
    """

    preset: str | None = Field(None, description="a shipped device, or the path of a preset file, to start from")
    title: str = Field(description="one line: material, stack, array")
    citation: str = Field(description="where the figures come from")
    g_min_siemens: NonNegative = Field(description="lowest conductance")
    g_max_siemens: Positive = Field(description="highest conductance")
    read_volts: Positive = Field(description="row voltage of an input of 1")
    response: Response = Field(description="mean answer to pulses")
    step_noise: NonNegative = Field(_figure(0.0), description="scatter of a pulse's step, in steps")
    pulse_noise_siemens: NonNegative = Field(_figure(0.0), description="scatter of a pulse whatever its step")
    unsettled_siemens: NonNegative = Field(
        _figure(0.0), description="noise of each write that reads see and later pulses do not build on"
    )
    write_error_siemens: NonNegative = Field(_figure(0.0), description="deviation of where a verified write lands")
    write_error: list[Quantity] = Field(
        [], description="instead: coefficients of that deviation over the target, lowest power first, SI"
    )
    verify_tolerance_siemens: NonNegative = Field(_figure(0.0), description="how far a cell may stray before a rewrite")
    levels: Annotated[int, Field(ge=2, le=1_000_000)] | None = Field(
        None, description="targets that a verified write tells apart"
    )
    read_noise_siemens: NonNegative = Field(_figure(0.0), description="white, from read to read")
    flicker: Flicker | None = Field(None, description="1/f read noise")
    cubic_per_square_volt: Quantity = Field(_signed(0.0), description="c of I = G (V + c V^3)")
    half_select: NonNegative = Field(_figure(0.0), description="share of a pulse that a half-selected device gets")
    one_sided: bool = Field(False, description="answers potentiating pulses only; depressed by a reset")
    aging: Aging | None = Field(None, description="drift or loss over time")
    spread: Spread = Field(Spread.model_validate({}), description="from device to device")
    faults: Faults = Field(Faults.model_validate({}), description="devices that do not work")
    endurance_pulses: Positive | None = Field(None, description="programming pulses that a device survives")
    up_pulse: Pulse | None = Field(None, description="voltage and width of a potentiating pulse")
    down_pulse: Pulse | None = Field(None, description="voltage and width of a depressing pulse")

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("preset"), str):
            return records.completed(given, presets.fields, "device preset")
        return given

    @model_validator(mode="after")
    def _range(self) -> "Device":
        if not self.g_min_siemens.nominal < self.g_max_siemens.nominal:
            raise ValueError(
                f"g_min_siemens: {self.g_min_siemens.nominal} is not below g_max_siemens {self.g_max_siemens.nominal}"
            )
        for name, most in (("g_max_siemens", 1.0), ("read_volts", 100.0), ("read_noise_siemens", 1.0)):
            if getattr(self, name).nominal > most:
                raise ValueError(f"{name}: {getattr(self, name).nominal} is above {most:g}; allowed: up to {most:g}")
        if self.g_max_siemens.nominal - self.g_min_siemens.nominal < 1e-12:
            raise ValueError("g_max_siemens: the range is below 1e-12 siemens; allowed: from 1e-12")
        if self.write_error and self.write_error_siemens.nominal:
            raise ValueError("write_error and write_error_siemens both given; allowed: one of them")
        return self
