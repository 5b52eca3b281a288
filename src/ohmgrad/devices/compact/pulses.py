"""A compact model under identical pulses: conductance after each pulse, and the energy of each."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from ohmgrad.devices.compact.drive import solve
from ohmgrad.devices.compact.model import CompactModel
from ohmgrad.devices.pulse import Pulse
from ohmgrad.errors import InputError


class PulseMap(NamedTuple):
    """Conductances and energies of trains of identical pulses, potentiating and depressing.

    Attributes:
        up_siemens: Conductances after 0, 1, 2, ... potentiating pulses; they never fall.
        down_siemens: Conductances after 0, 1, 2, ... depressing pulses; they never rise.
        up_joules: Energy of each potentiating pulse.
        down_joules: Energy of each depressing pulse.
        ok: Whether the solver finished all pulses and they moved the device. Otherwise the tuples end at the last
            finished pulse.
        message: What went wrong, in one sentence; empty where nothing did.
    """

    up_siemens: tuple[float, ...]
    down_siemens: tuple[float, ...]
    up_joules: tuple[float, ...]
    down_joules: tuple[float, ...]
    ok: bool
    message: str


def pulse_map(
    model: CompactModel,
    up: Pulse,
    down: Pulse,
    pulses: int,
    read_volts: float,
    states: tuple[float, float] = (0.0, 1.0),
    *,
    max_steps: int = 4096,
) -> PulseMap:
    """Apply trains of identical pulses to a compact model and read its conductance after each.

    The state does not change between pulses, nor by reads.

    Args:
        model: The compact model.
        up: Potentiating pulse; which sign of voltage potentiates depends on the model (VTEAM: negative).
        down: Depressing pulse.
        pulses: Number of pulses of each polarity.
        read_volts: Voltage of the reads.
        states: State before the first `up` pulse and state before the first `down` pulse, in rising order. Where a
            window function is 0 at the ends, they must lie inside (0, 1).
        max_steps: Largest number of solver steps per pulse.

    Raises:
        InputError: for fewer than one pulse, and for states that are not in rising order within [0, 1].
    """
    if pulses < 1:
        raise InputError("pulse_map needs at least one pulse")
    if not 0 <= states[0] < states[1] <= 1:
        raise InputError(f"pulse_map needs states in order within [0, 1], not {states}")
    tables, problems = [], []
    for name, pulse, state in (("up", up, states[0]), ("down", down, states[1])):
        volts, seconds = np.full(pulses, pulse.volts), np.full(pulses, pulse.seconds)
        path, joules, reached = solve(model, state, volts, volts, seconds, max_steps)
        if reached < pulses:
            problems.append(f"the solver gave up in {name} pulse {reached + 1} after {max_steps} steps")
        elif path[-1] == path[0]:
            problems.append(
                f"{name} pulses of {pulse.volts:g} V, {pulse.seconds:g} s do not move the device from {state:g}"
            )
        siemens = model.conductance(jnp.asarray(path), read_volts)
        tables.append((tuple(map(float, siemens)), tuple(map(float, joules))))
    (up_siemens, up_joules), (down_siemens, down_joules) = tables
    return PulseMap(up_siemens, down_siemens, up_joules, down_joules, not problems, "; ".join(problems))
