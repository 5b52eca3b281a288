"""Device presets: one YAML file per device, each number with its source and bounds. Does not import JAX."""

from typing import Any

from ohmgrad import records

_PRESETS = records.Library("ohmgrad.devices", "device preset", "presets")
names = _PRESETS.names


def fields(name: str) -> dict[str, Any]:
    """Read the fields of a preset without checking them.

    Args:
        name: Name of a shipped preset, or path of a YAML file (ending in .yaml or .yml).

    Raises:
        InputError: where there is no such preset or file, or where it is not a YAML mapping.
    """
    return records.parse_fields(_PRESETS.text(name), f"device preset {name}")
