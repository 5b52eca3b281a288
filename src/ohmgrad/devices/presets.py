"""Presets are data: a YAML file per device, each number with its source and bounds. Imports no JAX."""

from importlib.resources import files
from pathlib import Path

from ohmgrad import records
from ohmgrad.devices.record import Device
from ohmgrad.errors import unknown

_FOLDER = files("ohmgrad.devices").joinpath("presets")


def names() -> list[str]:
    """The shipped presets."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))


def load(name: str, field: str = "device") -> Device:
    """A shipped preset by name, or a user's own by the path of its YAML file; `field` names it in errors."""
    if name.endswith((".yaml", ".yml")):
        return records.load(Device, records.read(Path(name), field), f"{field} {name}")
    if name not in names():
        raise unknown(f"device preset in {field}", name, names())
    return records.load(Device, _FOLDER.joinpath(f"{name}.yaml").read_text(), name)
