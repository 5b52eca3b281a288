"""Netlists: ngspice's operating point against ours, and against closed forms."""

import numpy as np
import pytest

from ohmgrad.crossbar.wires import Wires
from ohmgrad.errors import InputError
from ohmgrad.spice import ngspice as module
from ohmgrad.spice.array import compare, line_currents, netlist

needs_ngspice = pytest.mark.usefixtures("ngspice")


def array(rows, columns):
    rng = np.random.default_rng(0)
    g = rng.uniform(1e-6, 150e-6, (rows, columns))
    g[0, -1], g[-1, 0] = 0, 1e-3
    return g, rng.uniform(-0.2, 0.2, rows), rng.uniform(-0.2, 0.2, columns)


@needs_ngspice
def test_one_cell_by_ohms_law():
    """0.2 V over 1 kohm, 3 + 5 ohm of segments and 7 + 11 ohm of driver and sense amplifier."""
    g, row, column = np.array([[1e-3]]), np.array([0.3]), np.array([0.1])
    currents = line_currents(netlist(g, Wires(3.0, 5.0, 7.0, 11.0), row, column))
    np.testing.assert_allclose([*currents.rows, *currents.columns], 0.2 / 1026, rtol=1e-12)


@needs_ngspice
def test_no_wires_are_a_product():
    g, row, _ = array(5, 7)
    np.testing.assert_allclose(line_currents(netlist(g, Wires(0.0, 0.0), row)).columns, row @ g, rtol=1e-12)


@needs_ngspice
@pytest.mark.parametrize(
    "wires",
    [
        Wires(20.0, 0.1),
        Wires(1.0, 5.0, 50.0, 20.0, "both", "both"),
        Wires(0.0, 2.0, 3.0, 0.0, "both", "one"),
        Wires(0.0, 0.0, 0.0, 4.0, "one", "both"),
    ],
)
def test_solve_agrees_with_ngspice(wires):
    assert compare(*array(11, 7)[:1], wires, *array(11, 7)[1:]) < 1e-5


@needs_ngspice
@pytest.mark.slow
@pytest.mark.parametrize("ohms", [0.1, 5.0, 20.0])
def test_solve_agrees_with_ngspice_at_64(ohms):
    g, row, column = array(64, 64)
    assert compare(g, Wires(ohms, ohms), row, column) < 1e-5


@needs_ngspice
def test_refused_deck_is_one_sentence():
    deck = netlist(*array(2, 2)[:1], Wires(1.0, 1.0), array(2, 2)[1]).replace("R0 ", "Q0 ")
    with pytest.raises(InputError, match="ngspice found no operating point"):
        line_currents(deck)


def test_missing_ngspice_is_said(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="ngspice is not installed"):
        line_currents("* nothing\n")


def test_deck_holds_every_part_of_the_circuit():
    """Cells that conduct, a driver and a sense resistor per line and end, a segment between neighbours."""
    g, row, _ = array(4, 3)
    deck = netlist(g, Wires(1.0, 2.0, 3.0, 4.0, "both", "one"), row)
    assert sum(line.startswith("R") for line in deck.splitlines()) == (12 - 1) + 4 * (2 + 2) + 3 * (1 + 3)
    assert sum(line.startswith("V") for line in deck.splitlines()) == 4 + 3
