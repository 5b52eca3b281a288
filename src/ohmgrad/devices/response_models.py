"""Published ways to describe a device's pulse response, each converted to a `Response`: steps of whole pulses, soft
bounds, NeuroSim's labels, measured points, and voltage-driven compact models."""

import dataclasses
import itertools
import math
from typing import ClassVar, Literal

from ohmgrad.devices.curves import Table
from ohmgrad.devices.pulse import Pulse
from ohmgrad.devices.response import LinearStep, ResponseModel
from ohmgrad.errors import InputError, unknown
from ohmgrad.parts import number, part, setting


class WholeSteps(ResponseModel):
    """Steps of whole pulses that change linearly with the conductance; a slope of 1 is soft bounds.

    The conductance after every whole number of pulses is exact.

    Raises:
        InputError: where a step would be larger than the distance to the asymptote, or a slope is 2 or more.
    """

    kind: ClassVar[str] = "linear-step"
    up: float = number(meaning="step of a potentiating pulse at the lowest conductance, in shares of the range", gt=0)
    down: float = number(meaning="step of a depressing pulse at the highest conductance, in shares of the range", ge=0)
    up_slope: float | None = number(None, "share of the potentiating step that is lost over the range", off=0.0)
    down_slope: float | None = number(None, "share of the depressing step that is lost over the range", off=0.0)

    def __check_init__(self):
        for name, step, slope in (("up", self.up, self.up_slope), ("down", self.down, self.down_slope)):
            if slope is not None and (step * slope >= 1 or slope >= 2):
                raise InputError(f"{name} x {name}_slope must be below 1 and {name}_slope below 2")

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        up, down = (
            step * _initial_speed(step * (slope or 0.0))
            for step, slope in ((self.up, self.up_slope), (self.down, self.down_slope))
        )
        soft = (self.up_slope == 1, self.down_slope == 1)
        return LinearStep(up, down, self.up_slope, self.down_slope, soft)


class SoftBounds(ResponseModel):
    """Steps that shrink linearly to zero at each device's individual bounds.

    Raises:
        InputError: for steps of 1 or more.
    """

    kind: ClassVar[str] = "soft-bounds"
    up: float = number(meaning="step of a potentiating pulse at the lowest conductance, in shares of the range", gt=0)
    down: float = number(meaning="step of a depressing pulse at the highest conductance, in shares of the range", ge=0)

    def __check_init__(self):
        if max(self.up, self.down) >= 1:
            raise InputError("up and down must be below 1: a step cannot be larger than the distance to the bound")

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        return WholeSteps(self.up, self.down, 1.0, 1.0).response()


class Neurosim(ResponseModel):
    """NeuroSim's LTP and LTD curves, given by the number of pulses over the range and nonlinearity labels.

    G = B (1 - exp(-P / A)) + G_min after P pulses, where A follows from the label: Chen, Peng & Yu, IEEE TCAD 37, 3067
    (2018). The sign of a label is the sign of A, as in NeuroSim's tables: a positive LTP label and a negative LTD label
    both mean steps that are large at first and then shrink.
    """

    kind: ClassVar[str] = "neurosim"
    up_pulses: float = number(meaning="potentiating pulses from the lowest to the highest conductance", gt=0)
    down_pulses: float = number(meaning="depressing pulses back", gt=0)
    up_label: float = number(meaning="nonlinearity label of LTP, -9 to 9", ge=-9, le=9)
    down_label: float = number(meaning="nonlinearity label of LTD; negative: large steps first", ge=-9, le=9)

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        up, up_slope = _exponential(self.up_pulses, self.up_label)
        # The LTD curve is the same function of the pulse number, followed backwards from its upper end.
        down, down_slope = _exponential(self.down_pulses, -self.down_label)
        return LinearStep(up, down, up_slope, down_slope)


class MeasuredTable(ResponseModel):
    """Measured conductances after 0, 1, 2, ... pulses, interpolated linearly between the points.

    Raises:
        InputError: where `up_siemens` does not rise, or `down_siemens` does not fall, from pulse to pulse.
    """

    kind: ClassVar[str] = "table"
    up_siemens: tuple[float, ...] = setting(
        meaning="rising conductances after 0, 1, 2, ... potentiating pulses", ge=0, min_length=2
    )
    down_siemens: tuple[float, ...] = setting(
        meaning="falling conductances after 0, 1, 2, ... depressing pulses", ge=0, min_length=2
    )

    def __check_init__(self):
        for name, values in (("up_siemens", self.up_siemens), ("down_siemens", self.down_siemens[::-1])):
            if any(b <= a for a, b in itertools.pairwise(values)):
                raise InputError(f"{name} must rise (down_siemens: fall) from pulse to pulse")

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        return _table(self.up_siemens, self.down_siemens, low_siemens, high_siemens)


class Compact(ResponseModel):
    """A voltage-driven compact model under identical pulses: solved once, its conductances then used as a table.

    `response` raises InputError for a parameter that the model does not have, where pulses do not move the device, and
    where the solver fails.
    """

    kind: ClassVar[str] = "compact"
    model: Literal["linear-ion-drift", "vteam", "yakopcic", "stanford-pku"] = setting(meaning="name of the model")
    pulses: int = setting(meaning="pulses of each polarity in the table", ge=1, le=10_000)
    up: Pulse = part(meaning="potentiating pulse")
    down: Pulse = part(meaning="depressing pulse")
    parameters: dict[str, float] | None = setting(
        None, "parameters of the model that differ from the published defaults"
    )
    low_state: float = setting(0.0, "state before the first potentiating pulse", ge=0, le=1)
    high_state: float = setting(1.0, "state before the first depressing pulse", ge=0, le=1)

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        from ohmgrad.devices import compact  # imported here because it needs a solver of differential equations

        models = {
            "linear-ion-drift": compact.LinearIonDrift,
            "vteam": compact.Vteam,
            "yakopcic": compact.Yakopcic,
            "stanford-pku": compact.StanfordPku,
        }
        model, parameters = models[self.model], self.parameters or {}
        known = [field.name for field in dataclasses.fields(model) if field.type in (float, "float")]
        for name in parameters:
            if name not in known:
                raise unknown(f"parameter of {self.model} in response.parameters", name, known)
        states = (self.low_state, self.high_state)
        curves = compact.pulse_map(model(**parameters), self.up, self.down, self.pulses, read_volts, states)
        if not curves.ok:
            raise InputError(f"response: {curves.message}")
        return _table(curves.up_siemens, curves.down_siemens, low_siemens, high_siemens)


def _table(up: tuple[float, ...], down: tuple[float, ...], low: float, high: float) -> Table:
    """A table of positions between the bounds, from conductances in siemens."""
    return Table(1.0, 1.0, *(tuple((g - low) / (high - low) for g in siemens) for siemens in (up, down)))


def _initial_speed(contraction: float) -> float:
    """Initial speed of a flow divided by its first step, where a pulse reduces the distance to the asymptote by the
    share `contraction`."""
    return -math.log1p(-contraction) / contraction if abs(contraction) > 1e-9 else 1.0


def label_bend(label: float) -> float:
    """NeuroSim's constant A, divided by the number of pulses, of a nonlinearity label.

    The label is the largest perpendicular distance of the normalised curve from the straight line, in units of 0.07:
    the closed form behind NeuroSim's table of 900 values, which it reproduces to the printed digits.

    Args:
        label: The nonlinearity label, from -10.1 to 10.1.
    """
    target = 0.07 * math.sqrt(2) * abs(label)

    def bulge(a: float) -> float:
        ends = -math.expm1(-1 / a)
        top = -a * math.log(a * ends)
        return -math.expm1(-top / a) / ends - top

    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if bulge(middle) > target else (low, middle)
    return math.copysign(math.sqrt(low * high), label)


def _exponential(pulses: float, label: float) -> tuple[float, float | None]:
    """Initial speed and slope (see `LinearStep`) of a normalised exponential curve over a number of pulses."""
    if abs(label) < 1e-4:
        return 1 / pulses, None
    a = label_bend(label)
    slope = -math.expm1(-1 / a)
    return 1 / (a * pulses * slope), slope
