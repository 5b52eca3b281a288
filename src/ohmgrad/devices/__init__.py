"""One memristor: its answer to a pulse, a verified write and a read; presets are data with a source."""

from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.presets import Preset, load, names

__all__ = ["Memristor", "Preset", "load", "names", "preset"]


def preset(name: str) -> Memristor:
    """A ready device with the nominal figures of a preset."""
    figures = load(name)
    return Memristor(**{field: getattr(figures, field).nominal for field in FIGURES})


FIGURES = (
    "g_min_siemens",
    "g_max_siemens",
    "read_volts",
    "write_error_siemens",
    "pulse_step_siemens",
    "verify_tolerance_siemens",
    "read_noise_siemens",
)
"""The fields of a preset that make a `Memristor`."""
