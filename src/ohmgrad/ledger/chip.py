"""Crossbar chips as data: figures with sources, and the components whose actions they price."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ohmgrad import records
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError, unknown
from ohmgrad.ledger import product
from ohmgrad.ledger.adc import FLOOR_JOULES, at_floor, survey_joules
from ohmgrad.quantity import NonNegative, Positive, Strict

ARRAY = ("arrays", "line_cells", "dac_bits", "adc_bits", "dac_steps")
"""Names in formulas for the arrays: their number, cells on a line, bits of converters, steps of a DAC."""
DEVICE = ("read_volts", "up_volts", "up_seconds", "down_volts", "down_seconds")
"""Names in formulas for the device: its read voltage and its pulses (the chip's `pulse_volts` and `pulse_seconds` where
the device's file has none)."""
_FOLDER = files("ohmgrad.ledger").joinpath("chips")


class Table(Strict):
    """Energy of a conversion, by the bits of the converter."""

    kind: Literal["table"]
    joules: dict[int, Positive] = Field(min_length=1)


class Survey(Strict):
    """Energy of a conversion of any resolution, from the survey of published converters (`ledger.survey_joules`)."""

    kind: Literal["survey"]
    samples_per_second: Positive


class Component(Strict):
    """A component of a chip: what it does, how often, and what that takes.

    `count`, `joules`, `seconds` and `square_metres` are formulas: products of numbers and names. Names are fields of
    `Counts`, those of `ARRAY` and `DEVICE`, figures of the chip, `adc_joules`, and `seconds`: the time of all
    components before this one.
    """

    name: str
    action: str
    count: str
    joules: str | None = None
    seconds: str | None = None
    square_metres: str | None = None

    @field_validator("count", "joules", "seconds", "square_metres")
    @classmethod
    def _is_a_product(cls, formula: str | None) -> str | None:
        if formula is not None:
            product.factors(formula)
        return formula


class Size(Strict):
    """Rows and columns of an array."""

    rows: int = Field(ge=1)
    columns: int = Field(ge=1)


class Chip(Strict):
    """A crossbar chip: the figures and formulas that price it.

    With `preset`, what is not given is taken from that chip: each figure by itself, the list of components as one.

    Attributes:
        preset: Name of a shipped chip, or path of a chip file, to start from.
        title: Name of the chip.
        citation: Where the figures come from.
        own_arrays: Size of the arrays that the chip was built with; None: any size.
        left_out: Parts of the chip that no component prices.
        adc: Energy of a conversion.
        figures: Figures that formulas use, by name.
        components: Components, in the order of the bill.

    `ledger.chip` raises InputError where a figure is missing, or a formula uses an unknown name.
    """

    preset: str | None = None
    title: str
    citation: str | None = None
    own_arrays: Size | None = None
    left_out: str | None = None
    adc: Annotated[Table | Survey, Field(discriminator="kind")]
    figures: dict[str, Positive]
    components: list[Component] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: Any) -> Any:
        return records.completed(given, _fields, "chip preset") if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _formulas_are_known(self) -> "Chip":
        for name in ("pulse_volts", "pulse_seconds"):
            if name not in self.figures:
                raise ValueError(f"figures: {name} is missing; it prices the pulses of devices whose file gives none")
        reserved = {*Counts._fields, *ARRAY, *DEVICE, "adc_joules", "seconds"}
        if clash := sorted(reserved & self.figures.keys()):
            taken = ", ".join(sorted(reserved))
            raise ValueError(f"figures.{clash[0]}: formulas have another '{clash[0]}'; allowed: any name but {taken}")
        known = reserved | self.figures.keys()
        for number, component in enumerate(self.components):
            for field in ("count", "joules", "seconds", "square_metres"):
                formula = getattr(component, field)
                for name in () if formula is None else sorted(product.names(formula)):
                    if name not in known:
                        error = str(unknown("name", name, known))
                        raise ValueError(f"components.{number}.{field}: {error}")
        return self

    def adc_joules(self, bits: int) -> NonNegative:
        """Energy of a conversion in joules.

        Raises:
            InputError: where the chip has no figure for this number of bits.
        """
        if isinstance(self.adc, Survey):
            return survey_joules(float(bits), self.adc.samples_per_second.nominal)
        if bits not in self.adc.joules:
            known = ", ".join(map(str, sorted(self.adc.joules)))
            raise InputError(f"hardware.adc.bits: the chip prices converters of {known} bits, not {bits}")
        return self.adc.joules[bits]

    def adc_note(self, bits: int) -> str:
        """A remark on the price of a conversion, where it is at the floor of the survey; else empty."""
        if isinstance(self.adc, Survey) and at_floor(float(bits), self.adc.samples_per_second.nominal):
            return f"at the floor of {FLOOR_JOULES * 1e12:g} pJ a conversion: fewer bits cost no less"
        return ""


def _fields(name: str) -> dict[str, Any]:
    """The fields of a chip file, not yet checked."""
    return records.parse_fields(chip_text(name, "chip preset"), f"chip preset {name}")


def chip(name: str, field: str = "ledger.chip") -> Chip:
    """Load a chip.

    Args:
        name: Name of a shipped chip, or path of a YAML file of your own.
        field: What messages call it.

    Raises:
        InputError: where there is no such chip or file (suggests the most similar name), or a field is wrong.
    """
    return records.load(Chip, chip_text(name, field), f"{field} {name}")


def chip_text(name: str, field: str = "ledger.chip") -> str:
    """The YAML text of a chip, shipped or of your own.

    Raises:
        InputError: where there is no such chip or file; suggests the most similar name.
    """
    if name.endswith((".yaml", ".yml")):
        return records.read(Path(name), field)
    if name not in chip_names():
        raise unknown(f"machine in {field}", name, chip_names())
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def chip_names() -> list[str]:
    """Names of the shipped chips, sorted."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
