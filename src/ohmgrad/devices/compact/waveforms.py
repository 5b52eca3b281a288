"""Voltage waveforms, as samples that are joined by straight lines."""

from collections.abc import Sequence

import numpy as np

from ohmgrad.devices.pulse import Pulse
from ohmgrad.errors import InputError


def sine(amplitude_volts: float, hertz: float, t_seconds: np.ndarray) -> np.ndarray:
    """Voltages of a sine that starts at 0 and rises, at the given times."""
    return amplitude_volts * np.sin(2 * np.pi * hertz * t_seconds)


def triangle(amplitude_volts: float, hertz: float, t_seconds: np.ndarray) -> np.ndarray:
    """Voltages of a triangle wave that starts at 0 and rises (a quasi-static sweep), at the given times."""
    phase = (hertz * t_seconds + 0.25) % 1.0
    return amplitude_volts * (1 - 4 * np.abs(phase - 0.5))


def pulse_train(pulses: Sequence[Pulse], rest_seconds: float, edge_seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a train of trapezoidal pulses, each followed by a rest at 0 V.

    Args:
        pulses: The pulses; `seconds` of each is the duration of its flat top.
        rest_seconds: Time at 0 V after every pulse.
        edge_seconds: Duration of every rising and falling edge.

    Returns:
        Voltages and times in seconds of the corners, as `drive` takes them.

    Raises:
        InputError: where a duration is not positive.
    """
    if min(rest_seconds, edge_seconds) <= 0:
        raise InputError("pulse_train needs positive seconds for every rest and edge")
    steps = np.array([0.0, *(s for p in pulses for s in (edge_seconds, p.seconds, edge_seconds, rest_seconds))])
    volts = np.array([0.0, *(v for p in pulses for v in (p.volts, p.volts, 0.0, 0.0))])
    return volts, np.cumsum(steps)
