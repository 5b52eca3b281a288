"""One memristor: its answer to pulses, a verified write, a read and time; presets are data with a source.

This module itself imports no JAX; records, and the devices that they make, do.
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
    """The record of a preset, shipped (by name) or your own (by path)."""
    from ohmgrad.devices.record import Device

    return records.check(Device, fields(name), f"device preset {name}")


def preset(name: str) -> "Memristor":
    """A ready device with the nominal figures of a preset, shipped (by name) or your own (by path)."""
    return load(name).memristor()
