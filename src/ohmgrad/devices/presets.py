"""Device presets: one YAML file per device, each number with its source and bounds. Does not import JAX."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from ohmgrad import records
from ohmgrad.errors import unknown

_FOLDER = files("ohmgrad.devices").joinpath("presets")


def names() -> list[str]:
    """Names of the shipped presets, sorted."""
    return sorted(Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))


def fields(name: str) -> dict[str, Any]:
    """Read the fields of a preset without checking them.

    Args:
        name: Name of a shipped preset, or path of a YAML file (ending in .yaml or .yml).

    Raises:
        InputError: where there is no such preset or file, or where it is not a YAML mapping.
    """
    if name.endswith((".yaml", ".yml")):
        content = records.read(Path(name), "device preset")
    elif name in names():
        content = _FOLDER.joinpath(f"{name}.yaml").read_text()
    else:
        raise unknown("device preset", name, names())
    return records.parse_fields(content, f"device preset {name}")
