"""One memristor: its answer to pulses, a verified write, a read and time; presets are data with a source.

This module imports no JAX; `ohmgrad.devices.memristor` and its parts do.
"""

from typing import TYPE_CHECKING

from ohmgrad import records
from ohmgrad.devices.presets import fields, names
from ohmgrad.devices.record import Device, Pulse

if TYPE_CHECKING:
    from ohmgrad.devices.memristor import Memristor

__all__ = ["Device", "Pulse", "load", "names", "preset"]


def load(name: str) -> Device:
    """The record of a preset, shipped (by name) or your own (by path)."""
    return records.check(Device, fields(name), f"device preset {name}")


def preset(name: str) -> "Memristor":
    """A ready device with the nominal figures of a preset, shipped (by name) or your own (by path)."""
    from ohmgrad.devices.build import memristor

    return memristor(load(name))
