"""Chips and graphics processors as data: a YAML file each, every number with its source."""

from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from ohmgrad.errors import InputError, unknown
from ohmgrad.figure import Figure, Strict


class Chip(Strict):
    """The costs of a crossbar chip's verbs, in SI units."""

    title: str
    read_seconds: Figure
    """Duration of a read: voltages on, currents settled and sampled."""
    columns_per_adc: int
    adc_seconds: Figure
    adc_joules: dict[int, Figure]
    """Per conversion, by bits."""
    dac_one_bit_joules: Figure
    """Per conversion of a 1-bit converter; doubles with every further bit."""
    neuron_joules: Figure
    update_mac_joules: Figure
    pulse_volts: Figure
    pulse_seconds: Figure
    pulses_per_program: Figure


class Gpu(Strict):
    """A graphics processor in one precision."""

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
        try:
            text = Path(name).read_text()
        except OSError as error:
            raise InputError(f"{field}: {name} cannot be read ({error.strerror})") from None
    elif name in names(folder):
        text = files("ohmgrad.ledger").joinpath(folder, f"{name}.yaml").read_text()
    else:
        raise unknown(f"machine in {field}", name, names(folder))
    try:
        return kind.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise InputError(f"{field}: {name} is not a {kind.__name__.lower()} file ({error})") from None
