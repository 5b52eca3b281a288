"""Figures that describe a device in one number each, by which devices are assessed and compared."""

import math

from ohmgrad.devices.memristor import Memristor


def steps_over_range(device: Memristor) -> float:
    """Number of mean steps from the lowest to the highest conductance."""
    return float(device.range_siemens / device.step_siemens)


def pulse_scatter(device: Memristor) -> float:
    """Standard deviation of a pulse, in mean steps."""
    return math.hypot(float(device.step_noise or 0.0), float((device.pulse_noise_siemens or 0.0) / device.step_siemens))


def on_off_ratio(device: Memristor) -> float:
    """Highest over lowest conductance; infinite where the lowest is 0."""
    low = float(device.g_min_siemens)
    return float(device.g_max_siemens) / low if low else math.inf


def write_error(device: Memristor) -> float:
    """Standard deviation of a verified write at mid-range, as a share of the range; 0 where none is known."""
    middle = float(device.g_min_siemens + device.range_siemens / 2)
    error = sum(float(each) * middle**power for power, each in enumerate(device.write_error or ()))
    return error / float(device.range_siemens)
