"""Oracle: Kirchhoff's laws. The cells' line of a bill is the power that the sources deliver to the array, times its
time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad import devices, ledger
from ohmgrad.crossbar import Hardware, Pair, Wires
from ohmgrad.synapses import Crossbar

ROWS, COLUMNS, VOLTS = 5, 4, 0.2
WIRES = Wires(row_ohms=120.0, column_ohms=70.0, driver_ohms=30.0, sense_ohms=15.0)


def delivered(siemens: np.ndarray, volts: np.ndarray, wires: Wires) -> float:
    """Watts from the drivers of one array on its wires, columns sensed at ground: a dense nodal solve."""
    rows, columns = siemens.shape
    top = np.arange(rows * columns).reshape(rows, columns)
    bottom = top + rows * columns
    matrix, currents = np.zeros((2 * rows * columns,) * 2), np.zeros(2 * rows * columns)

    def connect(a: int, b: int, conductance: float) -> None:
        matrix[a, a] += conductance
        matrix[b, b] += conductance
        matrix[a, b] -= conductance
        matrix[b, a] -= conductance

    first, last = 1 / (wires.row_ohms + wires.driver_ohms), 1 / (wires.column_ohms + wires.sense_ohms)
    for i in range(rows):
        for j in range(columns):
            connect(top[i, j], bottom[i, j], siemens[i, j])
            if j:
                connect(top[i, j], top[i, j - 1], 1 / float(wires.row_ohms))
            if i:
                connect(bottom[i, j], bottom[i - 1, j], 1 / float(wires.column_ohms))
        matrix[top[i, 0], top[i, 0]] += first
        currents[top[i, 0]] += first * volts[i]
    for j in range(columns):
        matrix[bottom[-1, j], bottom[-1, j]] += last
    nodes = np.linalg.solve(matrix, currents)
    return float((volts * first * (volts - nodes[top[:, 0]])).sum())


@pytest.mark.parametrize("wires", [None, WIRES])
def test_the_energy_of_reading_cells_is_the_power_integral_of_the_circuit(wires):
    hardware = Hardware(devices.preset("taox-1t1r"), ROWS, COLUMNS, mapping=Pair(40e-6), wires=wires)
    hardware = hardware.without("dac", "adc", "read_noise")
    weights = jax.random.uniform(jax.random.key(0), (ROWS, COLUMNS), minval=-1)
    crossbar, _ = Crossbar.program(weights, hardware, 1.0, 1e-3, jax.random.key(1))
    x = jax.random.uniform(jax.random.key(2), (3, ROWS), minval=-1)
    _, counts = crossbar.read(x, jax.random.key(3))
    siemens = np.asarray(crossbar.arrays.effective_g, float)[0, 0]
    line = WIRES if wires else Wires(1e-9, 1e-9)
    watts = sum(delivered(g, VOLTS * np.asarray(vector, float), line) for g in siemens for vector in jnp.asarray(x))
    bill = ledger.price_chip(type(counts)(*map(float, counts)), ledger.chip("taox-64x64"))
    cells = next(line.joules for line in bill.lines if (line.component, line.action) == ("cells", "read"))
    for bound, seconds in zip(cells, (3.16e-9, 128e-9, 1e-6), strict=True):
        assert bound == pytest.approx(watts * seconds, rel=1e-4)
