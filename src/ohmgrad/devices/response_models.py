"""What is known of a device's answer to pulses in other words than a response: whole steps, labels, measured points, a
circuit person's model. Each makes the response that follows from it."""

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
    """Steps that change linearly with the conductance, in shares of the range per pulse; slope 1 is soft bounds.

    The response is exact at every whole number of pulses.

    Raises InputError for a step that takes more than what is left.
    """

    kind: ClassVar[str] = "linear-step"
    up: float = number(meaning="share of the range that a pulse adds at the lowest conductance", gt=0)
    down: float = number(meaning="share of the range that a pulse takes at the highest conductance", ge=0)
    up_slope: float | None = number(None, "share of the step that is lost over the range", off=0.0)
    down_slope: float | None = number(None, "share of the step that is lost over the range", off=0.0)

    def __check_init__(self):
        for name, step, slope in (("up", self.up, self.up_slope), ("down", self.down, self.down_slope)):
            if slope is not None and (step * slope >= 1 or slope >= 2):
                raise InputError(f"{name} x {name}_slope must be below 1 and {name}_slope below 2")

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        up, down = (
            step * _speedup(step * (slope or 0.0))
            for step, slope in ((self.up, self.up_slope), (self.down, self.down_slope))
        )
        moves = (self.up_slope == 1, self.down_slope == 1)
        return LinearStep(up, down, self.up_slope, self.down_slope, moves)


class SoftBounds(ResponseModel):
    """Steps that shrink linearly to nothing at the device's own bounds.

    Raises InputError for a step that takes more than what is left.
    """

    kind: ClassVar[str] = "soft-bounds"
    up: float = number(meaning="share of the range that a pulse adds at the lowest conductance", gt=0)
    down: float = number(meaning="share of the range that a pulse takes at the highest conductance", ge=0)

    def __check_init__(self):
        if max(self.up, self.down) >= 1:
            raise InputError("up and down must be below 1: a step cannot take more than what is left")

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        return WholeSteps(self.up, self.down, 1.0, 1.0).response()


class Neurosim(ResponseModel):
    """NeuroSim's LTP and LTD curves, by number of pulses over the range and nonlinearity label.

    G = B (1 - exp(-P / A)) + G_min over the given pulses, bent by the labels: Chen, Peng & Yu, IEEE TCAD 37, 3067
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
        # The depressing curve is the same function of the pulse position, run backwards from its upper end.
        down, down_slope = _exponential(self.down_pulses, -self.down_label)
        return LinearStep(up, down, up_slope, down_slope)


class MeasuredTable(ResponseModel):
    """Measured conductances after 0, 1, 2, ... pulses: `up` rising from the lowest, `down` falling from the highest.

    Raises InputError where one does not.
    """

    kind: ClassVar[str] = "table"
    up_siemens: tuple[float, ...] = setting(meaning="after 0, 1, 2, ... potentiating pulses", ge=0, min_length=2)
    down_siemens: tuple[float, ...] = setting(meaning="after 0, 1, 2, ... depressing pulses", ge=0, min_length=2)

    def __check_init__(self):
        for name, values in (("up_siemens", self.up_siemens), ("down_siemens", self.down_siemens[::-1])):
            if any(b <= a for a, b in itertools.pairwise(values)):
                raise InputError(f"{name} must rise (down_siemens: fall) from pulse to pulse")

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        return _table(self.up_siemens, self.down_siemens, low_siemens, high_siemens)


class Compact(ResponseModel):
    """A voltage-driven compact model under identical pulses, solved once and then read as a table."""

    kind: ClassVar[str] = "compact"
    model: Literal["linear-ion-drift", "vteam", "yakopcic", "stanford-pku"] = setting(meaning="which")
    pulses: int = setting(meaning="pulses of each polarity in the table", ge=1, le=10_000)
    up: Pulse = part(meaning="potentiating pulse")
    down: Pulse = part(meaning="depressing pulse")
    parameters: dict[str, float] | None = setting(None, "of the model, where they differ from its published ones")
    low_state: float = setting(0.0, "state from which pulses potentiate", ge=0, le=1)
    high_state: float = setting(1.0, "state from which pulses depress", ge=0, le=1)

    def response(self, low_siemens=0.0, high_siemens=1.0, read_volts=0.2):
        from ohmgrad.devices import compact  # here, because it brings a solver of differential equations along

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
        found = compact.pulse_map(model(**parameters), self.up, self.down, self.pulses, read_volts, states)
        if not found.ok:
            raise InputError(f"response: {found.message}")
        return _table(found.up_siemens, found.down_siemens, low_siemens, high_siemens)


def _table(up: tuple[float, ...], down: tuple[float, ...], low: float, high: float) -> Table:
    """From siemens to positions between the bounds."""
    return Table(1.0, 1.0, *(tuple((g - low) / (high - low) for g in siemens) for siemens in (up, down)))


def _speedup(contraction: float) -> float:
    """How much faster a flow must start than its first step, so that a pulse shrinks the distance by `contraction`."""
    return -math.log1p(-contraction) / contraction if abs(contraction) > 1e-9 else 1.0


def label_bend(label: float) -> float:
    """The constant A, per pulse count, of a nonlinearity label: |label| up to 10.1.

    The label is the largest distance of the normalised curve from the straight line, measured at right angles, in units
    of 0.07: the closed form behind NeuroSim's table of 900 values, which it reproduces to the printed digits.
    """
    wanted = 0.07 * math.sqrt(2) * abs(label)

    def bulge(a: float) -> float:
        ends = -math.expm1(-1 / a)
        top = -a * math.log(a * ends)
        return -math.expm1(-top / a) / ends - top

    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if bulge(middle) > wanted else (low, middle)
    return math.copysign(math.sqrt(low * high), label)


def _exponential(pulses: float, label: float) -> tuple[float, float | None]:
    """Speed at the start and slope of a normalised exponential curve over so many pulses."""
    if abs(label) < 1e-4:
        return 1 / pulses, None
    a = label_bend(label)
    slope = -math.expm1(-1 / a)
    return 1 / (a * pulses * slope), slope
