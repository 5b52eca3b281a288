"""A device whose steps are more even than its own: what asymmetry costs is found by taking a part of it away."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.devices.curves import Table
from ohmgrad.devices.memristor import Memristor
from ohmgrad.devices.response import LinearStep

_GRID, _POINTS = 513, 128


def with_nonlinearity(device: Memristor, share: float) -> Memristor:
    """The same device with steps of (1 - share) times the constant mean step plus share times its own, at every
    conductance and of both polarities.

    Args:
        share: Of the device's own unevenness that is left: 1 is the device, 0 has constant steps of one size.
    """
    if share == 1:
        return device
    if share == 0:
        return device.ideal_response()
    step, own = float(device.step_siemens / device.range_siemens), device.response
    if isinstance(own, LinearStep):
        up, down = ((1 - share) * step + share * speed for speed in (own.up, own.down))
        up_slope, down_slope = (
            None if slope is None else share * old * slope / new
            for old, slope, new in ((own.up, own.up_slope, up), (own.down, own.down_slope, down))
        )
        return replace(device, response=LinearStep(up, down, up_slope, down_slope))
    up, down = _speeds(device)
    rising, up_scale = _curve((1 - share) * step + share * up)
    falling, down_scale = _curve(((1 - share) * step + share * down)[::-1])
    table = Table(up_scale, down_scale, rising, tuple(1 - y for y in falling))
    return replace(device, response=table)


def nonlinearity(device: Memristor) -> float:
    """The largest distance of a step, at any conductance and of either polarity, from the mean step, in mean steps."""
    step = float(device.step_siemens / device.range_siemens)
    return float(max(np.abs(speeds / step - 1).max() for speeds in _speeds(device)))


def _speeds(device: Memristor) -> tuple[np.ndarray, np.ndarray]:
    """Up and down at even distances over the range; a one-sided device has no steps down of its own."""
    x = np.linspace(0, 1, _GRID, dtype=np.float32)
    with jax.ensure_compile_time_eval():
        found = device.response.speeds(jnp.asarray(x))
        up, down = (np.broadcast_to(np.asarray(speeds, np.float64), x.shape) for speeds in found)
    return (up, up) if device.one_sided else (up, down)


def _curve(speed: np.ndarray) -> tuple[tuple[float, ...], float]:
    """From 0 to 1 at a speed given on an even grid: positions at even distances in pulses, and points per pulse."""
    pulses = np.concatenate([[0], np.cumsum((1 / speed[1:] + 1 / speed[:-1]) / 2) / (len(speed) - 1)])
    positions = np.interp(np.linspace(0, pulses[-1], _POINTS + 1), pulses, np.linspace(0, 1, len(speed)))
    return tuple(positions.tolist()), float(_POINTS / pulses[-1])
