"""A crossbar chip as data: figures with sources, and components whose actions they price."""

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
"""What a formula may say of the arrays: how many, cells on a line, bits of converters, steps of a DAC."""
DEVICE = ("read_volts", "up_volts", "up_seconds", "down_volts", "down_seconds")
"""What it may say of the device: its read voltage and pulses, the chip's `pulse_volts` and `pulse_seconds` where the
device's file has none."""
_FOLDER = files("ohmgrad.ledger").joinpath("chips")


class Table(Strict):
    """Converters by their bits."""

    kind: Literal["table"]
    joules: dict[int, Positive] = Field(min_length=1)


class Survey(Strict):
    """Converters as the survey of published ones has them, of any resolution."""

    kind: Literal["survey"]
    samples_per_second: Positive


class Component(Strict):
    """What one part of the chip does, how often, and what that takes: each a product of names and numbers.

    Names are fields of `Counts`, of `ARRAY`, of `DEVICE`, figures of the chip, `adc_joules`, and for components after
    the first `seconds`: the time of all those before.
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
    """Cells of an array."""

    rows: int = Field(ge=1)
    columns: int = Field(ge=1)


class Chip(Strict):
    """A chip's components, in the order of the bill.

    With `preset`, whatever is not given is as in that chip: figures one by one, the list of components as a whole.
    """

    preset: str | None = None
    """A shipped chip, or the path of a chip file, to start from."""
    title: str
    citation: str | None = None
    own_arrays: Size | None = None
    """The arrays that the chip was built with; none: of any size."""
    left_out: str | None = None
    """What such a chip has and no component prices."""
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
                raise ValueError(f"figures: {name} is missing; it prices the pulses of devices that have no own")
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
        """A conversion. Raises InputError for bits that the chip has no figure for."""
        if isinstance(self.adc, Survey):
            return survey_joules(float(bits), self.adc.samples_per_second.nominal)
        if bits not in self.adc.joules:
            known = ", ".join(map(str, sorted(self.adc.joules)))
            raise InputError(f"hardware.adc.bits: the chip prices converters of {known} bits, not {bits}")
        return self.adc.joules[bits]

    def adc_note(self, bits: int) -> str:
        """What to know of a conversion's price beside its source; mostly nothing."""
        if isinstance(self.adc, Survey) and at_floor(float(bits), self.adc.samples_per_second.nominal):
            return f"at the floor of {FLOOR_JOULES * 1e12:g} pJ a conversion: fewer bits cost no less"
        return ""


def _fields(name: str) -> dict[str, Any]:
    """What a chip file says, not yet checked."""
    what = f"chip preset {name}"
    try:
        said = records.parse(chip_text(name, "chip preset"))
    except ValueError as error:
        raise InputError(f"{what}: not YAML ({error})") from None
    if not isinstance(said, dict):
        raise InputError(f"{what}: not a mapping of fields")
    return said


def chip(name: str, field: str = "ledger.chip") -> Chip:
    """A shipped chip by name, or a user's own by the path of its YAML file; `field` names it in errors."""
    return records.load(Chip, chip_text(name, field), f"{field} {name}")


def chip_text(name: str, field: str = "ledger.chip") -> str:
    """The YAML of a chip. Raises InputError where there is none, with the nearest name."""
    if name.endswith((".yaml", ".yml")):
        return records.read(Path(name), field)
    if name not in chip_names():
        raise unknown(f"machine in {field}", name, chip_names())
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def chip_names() -> list[str]:
    """The shipped chips."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
