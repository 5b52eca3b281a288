"""A single memristor: its response to pulses, verified writes, reads, aging; presets with a source for every number.

Importing this module does not import JAX; using `Device`, `Pulse`, `load` or `preset` does.
"""

from typing import TYPE_CHECKING

import lazy_loader

from ohmgrad import records
from ohmgrad.devices.presets import fields, names

if TYPE_CHECKING:
    from ohmgrad.devices.aging import Aging, Drift, Retention
    from ohmgrad.devices.curves import Curve, ExponentialStep, PowerStep, Table
    from ohmgrad.devices.faults import Faults
    from ohmgrad.devices.memristor import Flicker, Memristor
    from ohmgrad.devices.record import Device, Pulse
    from ohmgrad.devices.response import LinearStep, Response
    from ohmgrad.devices.spread import Spread

__all__ = [
    "Aging",
    "Curve",
    "Device",
    "Drift",
    "ExponentialStep",
    "Faults",
    "Flicker",
    "LinearStep",
    "Memristor",
    "PowerStep",
    "Pulse",
    "Response",
    "Retention",
    "Spread",
    "Table",
    "load",
    "names",
    "preset",
]
__getattr__, *_ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "aging": ["Aging", "Drift", "Retention"],
        "curves": ["Curve", "ExponentialStep", "PowerStep", "Table"],
        "faults": ["Faults"],
        "memristor": ["Flicker", "Memristor"],
        "record": ["Device", "Pulse"],
        "response": ["LinearStep", "Response"],
        "spread": ["Spread"],
    },
)


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
