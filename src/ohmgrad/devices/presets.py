"""Presets are data: a YAML file per device, each number with its source and bounds. Imports no JAX."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from ohmgrad import records
from ohmgrad.errors import InputError, unknown

_FOLDER = files("ohmgrad.devices").joinpath("presets")


def names() -> list[str]:
    """The shipped presets."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))


def fields(name: str) -> dict[str, Any]:
    """What a preset file says, not yet checked: a shipped one by name, or a user's own by path.

    Raises InputError where there is none, or where it is not YAML.
    """
    if name.endswith((".yaml", ".yml")):
        content = records.read(Path(name), "device preset")
    elif name in names():
        content = _FOLDER.joinpath(f"{name}.yaml").read_text()
    else:
        raise unknown("device preset", name, names())
    try:
        said = records.parse(content)
    except ValueError as error:
        raise InputError(f"device preset {name}: not YAML ({error})") from None
    if not isinstance(said, dict):
        raise InputError(f"device preset {name}: not a mapping of fields")
    return said
