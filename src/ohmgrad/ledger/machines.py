"""Chips and graphics processors as data: a YAML file each, every number with its source."""

from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import Field, model_validator

from ohmgrad import records
from ohmgrad.errors import unknown
from ohmgrad.figure import Figure, Strict


class _Machine(Strict):
    """Figures that are costs or capacities: none of them is 0."""

    @model_validator(mode="after")
    def _above_zero(self):
        for name, value in self:
            for figure in value.values() if isinstance(value, dict) else (value,):
                if isinstance(figure, Figure) and not figure.low > 0:
                    raise ValueError(f"{name} has a low bound of {figure.low}; allowed: above 0")
        return self


class Chip(_Machine):
    """The costs of a crossbar chip's verbs, in SI units."""

    title: str
    read_seconds: Figure
    """Duration of a read: voltages on, currents settled and sampled."""
    columns_per_adc: int = Field(ge=1)
    adc_seconds: Figure
    adc_joules: dict[int, Figure] = Field(min_length=1)
    """Per conversion, by bits."""
    dac_one_bit_joules: Figure
    """Per conversion of a 1-bit converter; doubles with every further bit."""
    neuron_joules: Figure
    update_mac_joules: Figure
    pulse_volts: Figure
    pulse_seconds: Figure
    pulses_per_program: Figure


class Gpu(_Machine):
    """A graphics processor in one precision.

    The low bill has no launches in it, so the low bounds of the last three figures do not enter.
    """

    title: str
    precision: str
    peak_flops: Figure
    watts: Figure
    launch_seconds: Figure
    """Time from one small kernel to the next."""
    kernels_per_call: Figure
    """Kernels per batched verb: the product and what is fused with it."""
    small_kernel_power: Figure
    """Power drawn while small kernels leave most of the processor idle, as a share of `watts`."""

    @model_validator(mode="after")
    def _share_of_full_power(self) -> "Gpu":
        if self.small_kernel_power.high > 1:
            raise ValueError(f"small_kernel_power has a high bound of {self.small_kernel_power.high}; allowed: up to 1")
        return self


Machine = TypeVar("Machine", Chip, Gpu)


def chip(name: str) -> Chip:
    """A shipped chip by name, or a user's own by the path of its YAML file."""
    return _load(name, Chip, "chips", "ledger.chip")


def gpu(name: str) -> Gpu:
    """A shipped graphics processor by name, or a user's own by the path of its YAML file."""
    return _load(name, Gpu, "gpus", "ledger.gpu")


def names(folder: str) -> list[str]:
    """The shipped machines: folder "chips" or "gpus"."""
    return sorted(Path(entry.name).stem for entry in files("ohmgrad.ledger").joinpath(folder).iterdir())


def _load(name: str, kind: type[Machine], folder: str, field: str) -> Machine:
    if name.endswith((".yaml", ".yml")):
        return records.load(kind, records.read(Path(name), field), f"{field} {name}")
    if name not in names(folder):
        raise unknown(f"machine in {field}", name, names(folder))
    return records.load(kind, files("ohmgrad.ledger").joinpath(folder, f"{name}.yaml").read_text(), name)
