"""Export of a device as CrossSim's lookup tables: the step of one pulse over conductance and cumulative probability.

The format is that of CrossSim (github.com/sandialabs/cross-sim: its example lookup tables and its reader,
xbar_simulator/parameters/numeric_params.py): a title; a line of conductances in siemens; a line of cumulative
probabilities; then a matrix of steps in siemens, a row per probability and a column per conductance. Both axes are
evenly spaced. There is one file per polarity, on the same grid.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.devices.memristor import Memristor
from ohmgrad.errors import InputError

NAMES = ("dG_increasing.txt", "dG_decreasing.txt")
_POINTS = 501
"""Points on either axis, as in CrossSim's own tables."""
_DRAWS = 10_000
"""Simulated pulses per conductance."""
_TITLE = "1st Row = Gbins, 2nd Row = CDF Points, 3rd row onward = dG matrix (rows = CDF, columns = Gbins)"


class Tables(NamedTuple):
    """Quantiles of the step of one pulse, as CrossSim reads them.

    Attributes:
        g_siemens: Conductances before the pulse, shape (conductances,).
        shares: Cumulative probabilities from 0 to 1, shape (shares,).
        up: Steps of a potentiating pulse in siemens, shape (shares, conductances).
        down: Steps of a depressing pulse in siemens, shape (shares, conductances).
    """

    g_siemens: np.ndarray
    shares: np.ndarray
    up: np.ndarray
    down: np.ndarray

    def texts(self) -> dict[str, str]:
        """Contents of the two files, by file name."""
        grid = [_TITLE, *(",".join(map(repr, values.tolist())) for values in (self.g_siemens, self.shares))]
        return {
            name: "\n".join([*grid, *(",".join(f"{step:.6e}" for step in row) for row in steps)]) + "\n"
            for name, steps in zip(NAMES, (self.up, self.down), strict=True)
        }


def tables(device: Memristor, seed: int = 0) -> Tables:
    """Simulate single pulses on the nominal device and tabulate their steps for CrossSim.

    10,000 pulses of each polarity are drawn at each of 501 conductances. CrossSim rounds a probability to the nearest
    entry, so the first and the last row cover half as much probability as the others; they hold the median of theirs.

    Args:
        device: The nominal device; its device-to-device variation is not used.
        seed: Seed of the simulated pulses.

    Raises:
        InputError: where the device is one-sided.
    """
    if device.one_sided:
        raise InputError(
            "a one-sided device has no response to depressing pulses; CrossSim's tables need both polarities"
        )
    g, shares = np.linspace(device.g_min_siemens, device.g_max_siemens, _POINTS), np.linspace(0, 1, _POINTS)
    middles = np.clip(shares, shares[1] / 4, 1 - shares[1] / 4)
    start = jnp.broadcast_to(jnp.array(g, jnp.float32)[:, None], (_POINTS, _DRAWS))
    one, none = jnp.ones_like(start), jnp.zeros_like(start)
    steps = []
    for doses, key in zip(((one, none), (none, one)), jax.random.split(jax.random.key(seed)), strict=True):
        after = jax.jit(device.pulse)(start, *doses, key)
        steps.append(np.quantile(np.asarray(after - start, float), middles, axis=1))
    return Tables(g, shares, *steps)
