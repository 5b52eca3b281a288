"""Graphics processors, central processors and edge accelerators as data: a YAML file each, every number with its
source."""

from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ohmgrad import records
from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import NonNegative, Positive, Strict

Precision = Literal["fp32", "tf32", "fp16", "fp8", "int8"]
"""How numbers are held while they are multiplied; fp16 stands for bfloat16 too, which runs as fast."""
BYTES: dict[Precision, int] = {"fp32": 4, "tf32": 4, "fp16": 2, "fp8": 1, "int8": 1}
"""Of a number in memory."""
SIGNIFICANT_BITS: dict[Precision, int] = {"fp32": 24, "tf32": 11, "fp16": 11, "fp8": 4, "int8": 8}
"""Of a number: how fine it is, whatever its size."""
Start = Literal["launch", "graph", "barrier", "call"]
"""What lies between one product and the next: a kernel started by the host, the next one of a captured graph, the
threads of a running kernel waiting for each other, a call on a core."""
_FOLDER = files("ohmgrad.footprint").joinpath("processors")


class Processor(Strict):
    """What a digital processor can do at most, and what it draws, in SI units."""

    title: str
    peak_flops: dict[Precision, Positive] = Field(min_length=1)
    """Per precision: operations per second, dense, a multiply-accumulate being two."""
    bytes_per_second: Positive
    """To and from memory."""
    memory_bytes: Positive | None = None
    """How much memory there is; none: taken for enough."""
    watts: Positive
    """Rated power of the card or the package; of a core, its share."""
    start_seconds: dict[Start, Positive] = Field(min_length=1)
    """From one small product to the next, by what starts it: which programs run on it (`footprint.programs`)."""
    waiting_power: Positive
    """Drawn while memory or starts leave the arithmetic idle, as a share of `watts`."""
    usd_per_hour: Positive
    """For rent, on demand."""
    embodied_kilograms: Positive | None = None
    """CO2e of making one; none: no source is known."""
    life_hours: Positive | None = None
    """Hours of use over which `embodied_kilograms` are spread."""

    @model_validator(mode="after")
    def _consistent(self) -> "Processor":
        if self.waiting_power.high > 1:
            raise ValueError(f"waiting_power has a high bound of {self.waiting_power.high}; allowed: up to 1")
        if (self.embodied_kilograms is None) != (self.life_hours is None):
            raise ValueError("embodied_kilograms and life_hours go together; allowed: both or none")
        return self

    def flops(self, precision: str) -> NonNegative:
        """The peak in a precision. Raises InputError where the processor has none."""
        for name, figure in self.peak_flops.items():
            if name == precision:
                return figure
        raise InputError(f"precision: {self.title} has no '{precision}'; allowed: {', '.join(self.peak_flops)}")

    @property
    def finest(self) -> Precision:
        """The format that tells most."""
        formats: list[Precision] = list(self.peak_flops)
        return max(formats, key=lambda name: SIGNIFICANT_BITS[name])

    def start(self, what: Start) -> NonNegative:
        """Seconds from one small product to the next. Raises InputError where the processor has no such figure."""
        for name, figure in self.start_seconds.items():
            if name == what:
                return figure
        raise InputError(f"start_seconds: {self.title} has no '{what}'; allowed: {', '.join(self.start_seconds)}")

    def fastest(self, bits: int) -> tuple[Precision, NonNegative]:
        """The format of the highest peak among those that tell at least so many bits, and its peak; without such, the
        finest that there is."""
        enough: list[Precision] = [name for name in self.peak_flops if SIGNIFICANT_BITS[name] >= bits]
        chosen: list[Precision] = enough or [self.finest]
        fastest: Precision = max(chosen, key=lambda name: self.flops(name).high)
        return fastest, self.flops(fastest)


def processor(name: str, field: str = "processor") -> Processor:
    """A shipped processor by name, or a user's own by the path of its YAML file; `field` names it in errors.

    Raises InputError where there is none, with the nearest name.
    """
    if name.endswith((".yaml", ".yml")):
        return records.load(Processor, records.read(Path(name), field), f"{field} {name}")
    if name not in processor_names():
        raise unknown(f"machine in {field}", name, processor_names())
    return records.load(Processor, processor_text(name), name)


def processor_text(name: str) -> str:
    """The YAML of a shipped processor."""
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def processor_names() -> list[str]:
    """The shipped processors."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
