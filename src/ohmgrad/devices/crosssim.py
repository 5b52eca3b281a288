"""CrossSim's lookup tables of a device, written: what one pulse adds, over conductance and cumulative share.

The format is that of CrossSim (sandialabs/cross-sim, its example of lookup tables and its reader,
xbar_simulator/parameters/numeric_params.py): a title; a line of conductances; a line of cumulative shares; then a row
of steps for each share, a column for each conductance. Siemens; both evenly spaced; a file per polarity on one grid.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad.devices.memristor import Memristor
from ohmgrad.errors import InputError

NAMES = ("dG_increasing.txt", "dG_decreasing.txt")
_POINTS = 501
"""Conductances, and shares, of a table: as many as CrossSim's own have."""
_DRAWS = 10_000
"""Pulses at each conductance that a table is drawn from."""
_TITLE = "1st Row = Gbins, 2nd Row = CDF Points, 3rd row onward = dG matrix (rows = CDF, columns = Gbins)"


class Tables(NamedTuple):
    """Steps in siemens (shares, conductances) of a pulse up and of one down; `shares` run from 0 to 1."""

    g_siemens: np.ndarray
    shares: np.ndarray
    up: np.ndarray
    down: np.ndarray

    def texts(self) -> dict[str, str]:
        """The two files by name."""
        grid = [_TITLE, *(",".join(map(repr, values.tolist())) for values in (self.g_siemens, self.shares))]
        return {
            name: "\n".join([*grid, *(",".join(f"{step:.6e}" for step in row) for row in steps)]) + "\n"
            for name, steps in zip(NAMES, (self.up, self.down), strict=True)
        }


def tables(device: Memristor, seed: int = 0) -> Tables:
    """What single pulses do to the nominal device, from 10,000 pulses at each of 501 conductances.

    The first and the last share stand for half as many pulses as the others (CrossSim rounds to the nearest), and have
    the middle one of theirs. Raises InputError where the device answers no pulses down.
    """
    if device.one_sided:
        raise InputError("a one-sided device answers no pulses down; CrossSim's tables need both polarities")
    g, shares = np.linspace(device.g_min_siemens, device.g_max_siemens, _POINTS), np.linspace(0, 1, _POINTS)
    middles = np.clip(shares, shares[1] / 4, 1 - shares[1] / 4)
    start = jnp.broadcast_to(jnp.array(g, jnp.float32)[:, None], (_POINTS, _DRAWS))
    one, none = jnp.ones_like(start), jnp.zeros_like(start)
    steps = []
    for doses, key in zip(((one, none), (none, one)), jax.random.split(jax.random.key(seed)), strict=True):
        after = jax.jit(device.pulse)(start, *doses, key)
        steps.append(np.quantile(np.asarray(after - start, float), middles, axis=1))
    return Tables(g, shares, *steps)
