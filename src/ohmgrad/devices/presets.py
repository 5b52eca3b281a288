"""Presets are data: a YAML file per device, each number with its source and bounds."""

from importlib.resources import files
from pathlib import Path

from ohmgrad import records
from ohmgrad.errors import unknown
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
    field = "hardware.device.preset"
    if name.endswith((".yaml", ".yml")):
        return records.load(Preset, records.read(Path(name), field), f"{field} {name}")
    if name not in names():
        raise unknown(f"device preset in {field}", name, names())
    return records.load(Preset, _FOLDER.joinpath(f"{name}.yaml").read_text(), name)
