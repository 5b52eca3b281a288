"""Presets are data: a YAML file per device, each number with its source and bounds."""

from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from ohmgrad.errors import InputError, unknown
from ohmgrad.figure import Figure, Strict


class Preset(Strict):
    """The published or assumed figures of one device, in SI units."""

    title: str
    citation: str
    g_min_siemens: Figure
    g_max_siemens: Figure
    read_volts: Figure
    write_error_siemens: Figure
    pulse_step_siemens: Figure
    verify_tolerance_siemens: Figure
    read_noise_siemens: Figure


_FOLDER = files("ohmgrad.devices").joinpath("presets")


def names() -> list[str]:
    """The shipped presets."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))


def load(name: str) -> Preset:
    """A shipped preset by name, or a user's own by the path of its YAML file."""
    if name.endswith((".yaml", ".yml")):
        try:
            text = Path(name).read_text()
        except OSError as error:
            raise InputError(f"hardware.device.preset: {name} cannot be read ({error.strerror})") from None
    elif name in names():
        text = _FOLDER.joinpath(f"{name}.yaml").read_text()
    else:
        raise unknown("device preset in hardware.device.preset", name, names())
    try:
        return Preset.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise InputError(f"hardware.device.preset: {name} is not a device preset ({error})") from None
