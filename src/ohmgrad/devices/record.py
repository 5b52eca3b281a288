"""The schema of a preset file: every figure of a device in SI units, with bounds and source."""

from typing import Any

from pydantic import Field, model_validator

import ohmgrad.devices.response_models  # noqa: F401 (kinds of responses)
from ohmgrad import records
from ohmgrad.devices import presets
from ohmgrad.devices import pulse as pulses
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.response import LinearStep, Response
from ohmgrad.errors import InputError
from ohmgrad.parts import build, schema, try_out
from ohmgrad.quantity import NonNegative, Positive, Strict


class Pulse(schema(pulses.Pulse, sourced=True)):
    """One rectangular programming pulse, as a preset file has it: figures with bounds and source."""


class Cited(Strict):
    """Title and citation of a device."""

    preset: str | None = Field(None, description="a shipped device, or the path of a preset file, to start from")
    title: str = Field(description="one line: material, stack, array")
    citation: str = Field(description="where the figures come from")


class Device(schema(Memristor, sourced=True), Cited):
    """One device as a preset file describes it: bounds, response to pulses, noise, aging, variation, faults.

    With `preset`, fields that are not given are taken from that preset; nested groups are merged field by field.

    `devices.load` raises InputError where a field is unknown, missing or out of range, or fields contradict each other.
    """

    write_error_siemens: NonNegative = Field(
        NonNegative(low=0.0, nominal=0.0, high=0.0, basis="assumption", source="not given"),
        description="instead of write_error: standard deviation of a verified write, the same at every target",
    )
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
    def _go_together(self) -> "Device":
        try_out(lambda: self._with(LinearStep(1.0, 1.0)))
        if self.write_error and self.write_error_siemens.nominal:
            raise ValueError("write_error and write_error_siemens both given; allowed: one of them")
        return self

    def memristor(self) -> Memristor:
        """Build the device with the nominal value of every figure.

        Raises:
            InputError: where a pulse at mid-range does not change the conductance.
        """
        given = (self.g_min_siemens, self.g_max_siemens, self.read_volts)
        built = self._with(build(self.response).response(*(figure.nominal for figure in given)))
        if not built.step_siemens > 0:
            raise InputError("response: a pulse at mid-range moves nothing; allowed: steps above 0 there")
        return built

    def _with(self, response: Response) -> Memristor:
        if error := self.write_error_siemens.nominal:
            return build(self, response=response, write_error=(error,))
        return build(self, response=response)
