"""GPUs, CPUs and edge accelerators as data: one YAML file each, every number with its source."""

from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ohmgrad import records
from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import NonNegative, Positive, Strict

Precision = Literal["fp32", "tf32", "fp16", "fp8", "int8"]
"""Number formats of multiplications; fp16 also stands for bfloat16, which is as fast."""
BYTES: dict[Precision, int] = {"fp32": 4, "tf32": 4, "fp16": 2, "fp8": 1, "int8": 1}
"""Bytes of a number in memory."""
SIGNIFICANT_BITS: dict[Precision, int] = {"fp32": 24, "tf32": 11, "fp16": 11, "fp8": 4, "int8": 8}
"""Bits of the significand of a number."""
Start = Literal["launch", "graph", "barrier", "call"]
"""What separates one product from the next: a kernel launch by the host, the next kernel of a captured graph, a barrier
between the threads of a running kernel, or a function call on a core."""
_FOLDER = files("ohmgrad.footprint").joinpath("processors")


class Processor(Strict):
    """Peak performance, power and price of a digital processor, in SI units.

    Attributes:
        title: Name of the processor.
        peak_flops: Dense operations per second by precision; a multiply-accumulate counts as two.
        bytes_per_second: Bandwidth of its memory.
        memory_bytes: Size of its memory; None: not limited.
        watts: Rated power of the card or package; for a core, its share.
        start_seconds: Time from one small product to the next, by what separates them. A program can run on the
            processor if its kind of start is among these (`footprint.programs`).
        waiting_power: Power while the arithmetic waits for memory or starts, as a share of `watts`.
        usd_per_hour: On-demand rent.
        embodied_kilograms: CO2e of manufacturing one; None where no source is known.
        life_hours: Hours of use over which `embodied_kilograms` are spread.
    """

    title: str
    peak_flops: dict[Precision, Positive] = Field(min_length=1)
    bytes_per_second: Positive
    memory_bytes: Positive | None = None
    watts: Positive
    start_seconds: dict[Start, Positive] = Field(min_length=1)
    waiting_power: Positive
    usd_per_hour: Positive
    embodied_kilograms: Positive | None = None
    life_hours: Positive | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Processor":
        if self.waiting_power.high > 1:
            raise ValueError(f"waiting_power has a high bound of {self.waiting_power.high}; allowed: up to 1")
        if (self.embodied_kilograms is None) != (self.life_hours is None):
            raise ValueError("embodied_kilograms and life_hours go together; allowed: both or none")
        return self

    def flops(self, precision: str) -> NonNegative:
        """Peak operations per second in a precision.

        Raises:
            InputError: where the processor does not support the precision.
        """
        for name, figure in self.peak_flops.items():
            if name == precision:
                return figure
        raise InputError(f"precision: {self.title} has no '{precision}'; allowed: {', '.join(self.peak_flops)}")

    @property
    def finest(self) -> Precision:
        """The supported precision with the most significant bits."""
        formats: list[Precision] = list(self.peak_flops)
        return max(formats, key=lambda name: SIGNIFICANT_BITS[name])

    def start(self, what: Start) -> NonNegative:
        """Seconds from one small product to the next.

        Raises:
            InputError: where the processor has no figure for this kind of start.
        """
        for name, figure in self.start_seconds.items():
            if name == what:
                return figure
        raise InputError(f"start_seconds: {self.title} has no '{what}'; allowed: {', '.join(self.start_seconds)}")

    def fastest(self, bits: int) -> tuple[Precision, NonNegative]:
        """The fastest precision with at least so many significant bits (else the finest one), and its peak."""
        enough: list[Precision] = [name for name in self.peak_flops if SIGNIFICANT_BITS[name] >= bits]
        chosen: list[Precision] = enough or [self.finest]
        fastest: Precision = max(chosen, key=lambda name: self.flops(name).high)
        return fastest, self.flops(fastest)


def processor(name: str, field: str = "processor") -> Processor:
    """Load a processor.

    Args:
        name: Name of a shipped processor, or path of a YAML file of your own.
        field: What messages call it.

    Raises:
        InputError: where there is no such processor or file (suggests the most similar name), or a field is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return records.load(Processor, records.read(Path(name), field), f"{field} {name}")
    if name not in processor_names():
        raise unknown(f"machine in {field}", name, processor_names())
    return records.load(Processor, processor_text(name), name)


def processor_text(name: str) -> str:
    """The YAML text of a shipped processor."""
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def processor_names() -> list[str]:
    """Names of the shipped processors, sorted."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))
