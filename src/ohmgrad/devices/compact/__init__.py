"""Voltage-driven compact memristor models under waveforms, hysteresis loops and pulses.

Only this package needs diffrax, the solver of differential equations; import it explicitly.
"""

from ohmgrad.devices.compact.drive import Trace, drive, hysteresis
from ohmgrad.devices.compact.linear_ion_drift import LinearIonDrift
from ohmgrad.devices.compact.model import CompactModel
from ohmgrad.devices.compact.pulses import PulseMap, pulse_map
from ohmgrad.devices.compact.stanford_pku import StanfordPku
from ohmgrad.devices.compact.vteam import Vteam
from ohmgrad.devices.compact.waveforms import pulse_train, sine, triangle
from ohmgrad.devices.compact.windows import Window
from ohmgrad.devices.compact.yakopcic import Yakopcic
from ohmgrad.devices.pulse import Pulse

__all__ = [
    "CompactModel",
    "LinearIonDrift",
    "Pulse",
    "PulseMap",
    "StanfordPku",
    "Trace",
    "Vteam",
    "Window",
    "Yakopcic",
    "drive",
    "hysteresis",
    "pulse_map",
    "pulse_train",
    "sine",
    "triangle",
]
