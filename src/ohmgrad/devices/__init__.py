"""One memristor: its answer to pulses, a verified write, a read and time; presets are data with a source.

This module imports no JAX; `ohmgrad.devices.memristor` and its parts do.
"""

from typing import TYPE_CHECKING

from ohmgrad.devices.presets import load, names
from ohmgrad.devices.record import Device

if TYPE_CHECKING:
    from ohmgrad.devices.memristor import Memristor

__all__ = ["Device", "load", "names", "preset"]


def preset(name: str) -> "Memristor":
    """A ready device with the nominal figures of a preset, shipped (by name) or your own (by path)."""
    from ohmgrad.devices.build import memristor

    return memristor(load(name))
