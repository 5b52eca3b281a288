"""A compact model under identical pulses: the conductances and energies that a pulse-response model needs."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from ohmgrad.devices.compact.drive import solve
from ohmgrad.devices.compact.model import CompactModel
from ohmgrad.devices.pulse import Pulse
from ohmgrad.errors import InputError


class PulseMap(NamedTuple):
    """Conductance after 0, 1, ... pulses (siemens) and the energy of each pulse (joules, one fewer), up and down.

    `up_siemens` never falls and `down_siemens` never rises. `ok` is False, and `message` says why in one sentence, when
    pulses do not move the device or the solver gave up; then the tuples end at the last pulse that it finished.
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
    """Potentiate from the lower of two states with `up`, depress from the higher with `down`, `pulses` times each.

    Which sign of voltage potentiates is the model's affair (VTEAM: the negative one). A window that is 0 at the ends
    needs `states` inside them. The device rests between pulses and is read without being disturbed.
    Raises InputError for fewer than one pulse, and for states not in order in [0, 1].
    """
    if pulses < 1:
        raise InputError("pulse_map needs at least one pulse")
    if not 0 <= states[0] < states[1] <= 1:
        raise InputError(f"pulse_map needs states in order within [0, 1], not {states}")
    tables, faults = [], []
    for name, pulse, state in (("up", up, states[0]), ("down", down, states[1])):
        volts, seconds = np.full(pulses, pulse.volts), np.full(pulses, pulse.seconds)
        path, joules, reached = solve(model, state, volts, volts, seconds, max_steps)
        if reached < pulses:
            faults.append(f"the solver gave up in {name} pulse {reached + 1} after {max_steps} steps")
        elif path[-1] == path[0]:
            faults.append(
                f"{name} pulses of {pulse.volts:g} V, {pulse.seconds:g} s do not move the device from {state:g}"
            )
        siemens = model.conductance(jnp.asarray(path), read_volts)
        tables.append((tuple(map(float, siemens)), tuple(map(float, joules))))
    (up_siemens, up_joules), (down_siemens, down_joules) = tables
    return PulseMap(up_siemens, down_siemens, up_joules, down_joules, not faults, "; ".join(faults))
