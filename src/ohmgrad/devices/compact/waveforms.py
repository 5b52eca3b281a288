"""Voltages over time, as sources on a bench give them: samples, joined by straight lines."""

from collections.abc import Sequence

import numpy as np

from ohmgrad.devices.pulse import Pulse
from ohmgrad.errors import InputError


def sine(amplitude_volts: float, hertz: float, t_seconds: np.ndarray) -> np.ndarray:
    """Volts of a sine that starts at 0 and rises."""
    return amplitude_volts * np.sin(2 * np.pi * hertz * t_seconds)


def triangle(amplitude_volts: float, hertz: float, t_seconds: np.ndarray) -> np.ndarray:
    """Volts of a triangle that starts at 0 and rises, as in a quasi-static sweep."""
    phase = (hertz * t_seconds + 0.25) % 1.0
    return amplitude_volts * (1 - 4 * np.abs(phase - 0.5))


def pulse_train(pulses: Sequence[Pulse], rest_seconds: float, edge_seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners (volts, t_seconds) of pulses, each followed by a rest at 0 V; a pulse's seconds count its flat top.

    Raises InputError where a time is not positive.
    """
    if min(rest_seconds, edge_seconds) <= 0:
        raise InputError("pulse_train needs positive seconds for every rest and edge")
    steps = np.array([0.0, *(s for p in pulses for s in (edge_seconds, p.seconds, edge_seconds, rest_seconds))])
    volts = np.array([0.0, *(v for p in pulses for v in (p.volts, p.volts, 0.0, 0.0))])
    return volts, np.cumsum(steps)
