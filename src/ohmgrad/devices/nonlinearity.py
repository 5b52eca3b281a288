"""Update nonlinearity: how far a device's steps deviate from constant ones, and the device with less of it.

Steps deviate where they depend on the conductance or differ between potentiation and depression (asymmetry).
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.devices.curves import Table
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.response import LinearStep

_GRID, _POINTS = 513, 128


def with_nonlinearity(device: Memristor, share: float) -> Memristor:
    """The same device with a share of its nonlinearity: steps between the constant mean step and the device's own.

    At every conductance and for both polarities, the new step is (1 - share) mean step + share step.

    Args:
        device: The device.
        share: Share of the nonlinearity that remains: 1 is the device itself, 0 has constant steps of one size.
    """
    if share == 1:
        return device
    if share == 0:
        return device.ideal_response()
    step, response = float(device.step_siemens / device.range_siemens), device.response
    if isinstance(response, LinearStep):
        up, down = ((1 - share) * step + share * speed for speed in (response.up, response.down))
        up_slope, down_slope = (
            None if slope is None else share * old * slope / new
            for old, slope, new in ((response.up, response.up_slope, up), (response.down, response.down_slope, down))
        )
        return replace(device, response=LinearStep(up, down, up_slope, down_slope))
    up, down = _speeds(device)
    rising, up_scale = _curve((1 - share) * step + share * up)
    falling, down_scale = _curve(((1 - share) * step + share * down)[::-1])
    table = Table(up_scale, down_scale, rising, tuple(1 - y for y in falling))
    return replace(device, response=table)


def nonlinearity(device: Memristor) -> float:
    """Largest relative deviation of a step from the mean step, over all conductances and both polarities."""
    step = float(device.step_siemens / device.range_siemens)
    return float(max(np.abs(speeds / step - 1).max() for speeds in _speeds(device)))


def _speeds(device: Memristor) -> tuple[np.ndarray, np.ndarray]:
    """|dx/dn| of potentiation and depression on an even grid; a one-sided device counts potentiation twice."""
    x = np.linspace(0, 1, _GRID, dtype=np.float32)
    with jax.ensure_compile_time_eval():
        speeds = device.response.speeds(jnp.asarray(x))
        up, down = (np.broadcast_to(np.asarray(each, np.float64), x.shape) for each in speeds)
    return (up, up) if device.one_sided else (up, down)


def _curve(speed: np.ndarray) -> tuple[tuple[float, ...], float]:
    """Integrate dx/dn, given on an even grid from 0 to 1: positions at even pulse intervals, and points per pulse."""
    pulses = np.concatenate([[0], np.cumsum((1 / speed[1:] + 1 / speed[:-1]) / 2) / (len(speed) - 1)])
    positions = np.interp(np.linspace(0, pulses[-1], _POINTS + 1), pulses, np.linspace(0, 1, len(speed)))
    return tuple(positions.tolist()), float(_POINTS / pulses[-1])
