"""A single memristor: its response to pulses, verified writes, reads, aging; presets with a source for every number.

Importing this module does not import JAX; using `Device`, `Pulse`, `load` or `preset` does.
"""

from typing import TYPE_CHECKING, Any

from ohmgrad import records
from ohmgrad.devices.presets import fields, names

if TYPE_CHECKING:
    from ohmgrad.devices.memristor import Memristor
    from ohmgrad.devices.record import Device, Pulse

__all__ = ["Device", "Pulse", "load", "names", "preset"]


def __getattr__(name: str) -> Any:
    if name not in ("Device", "Pulse"):
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from ohmgrad.devices import record

    return getattr(record, name)


def load(name: str) -> "Device":
    """Read and check a device preset.

    Args:
        name: Name of a shipped preset (`names()` lists them), or path of a YAML file.

    Returns:
        The device's record: every figure in SI units with low, nominal, high and source.

    Raises:
        InputError: where there is no such preset or file, or where a field of it is wrong.
    """
    from ohmgrad.devices.record import Device

    return records.check(Device, fields(name), f"device preset {name}")


def preset(name: str) -> "Memristor":
    """Build the device of a preset, with the nominal value of every figure.

    Args:
        name: Name of a shipped preset (`names()` lists them), or path of a YAML file.

    Raises:
        InputError: where there is no such preset or file, or where a field of it is wrong.
    """
    return load(name).memristor()
