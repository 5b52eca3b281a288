"""Currents of arrays on resistive wires: exact nodal solve in float64, badcrossbar, closed forms, energy, gradients."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from ohmgrad.crossbar import wires as module
from ohmgrad.crossbar.wires import Wires, ports, solve

WIRES = [
    Wires(20.0, 20.0),
    Wires(5.0, 2.0, 30.0, 10.0, "both", "both"),
    Wires(0.1, 7.0, 0.0, 0.0, "one", "both"),
    Wires(0.0, 3.0, 4.0, 0.0, "both", "one"),
    Wires(0.0, 0.0, 0.0, 0.0, "both", "both"),
]


def array(rows, columns, seed=0):
    """1 to 150 uS, one cell in twenty open, one in twenty stuck at 1 mS."""
    rng = np.random.default_rng(seed)
    g = rng.uniform(1e-6, 150e-6, (rows, columns))
    fault = rng.uniform(size=g.shape)
    return jnp.asarray(np.where(fault < 0.05, 0, np.where(fault > 0.95, 1e-3, g)), jnp.float32)


def volts(batch, length, seed=1):
    return jnp.asarray(np.random.default_rng(seed).uniform(-0.2, 0.2, (batch, length)), jnp.float32)


def nodal(g, wires, row_volts, column_volts):
    """Cell currents (batch, rows, columns) from Kirchhoff's laws; nodes joined by a wire without resistance are one."""
    g, row_volts, column_volts = (np.asarray(x, float) for x in (g, row_volts, column_volts))
    rows, columns = g.shape
    row = np.arange(g.size).reshape(g.shape)
    column, driver, sense = row + g.size, 2 * g.size + np.arange(rows), 2 * g.size + rows + np.arange(columns)
    first, last = wires.row_ohms + wires.driver_ohms, wires.column_ohms + wires.sense_ohms
    links = [(row[:, 1:], row[:, :-1], wires.row_ohms), (column[1:], column[:-1], wires.column_ohms)]
    links += [(driver, row[:, 0], first), (sense, column[-1], last)]
    links += [(driver, row[:, -1], first)] * (wires.row_ends == "both")
    links += [(sense, column[0], last)] * (wires.column_ends == "both")
    a, b = (np.concatenate([link[k].ravel() for link in links]) for k in (0, 1))
    ohms = np.concatenate([np.full(link[0].size, link[2]) for link in links])
    size = 2 * g.size + rows + columns
    short = sparse.coo_matrix((np.ones((ohms == 0).sum()), (a[ohms == 0], b[ohms == 0])), (size, size))
    count, node = sparse.csgraph.connected_components(short, directed=False)
    siemens = np.concatenate([g.ravel(), 1 / ohms[ohms > 0]])
    a, b = node[np.concatenate([row.ravel(), a[ohms > 0]])], node[np.concatenate([column.ravel(), b[ohms > 0]])]
    entries = np.concatenate([siemens, siemens, -siemens, -siemens])
    laplacian = sparse.csr_matrix((entries, (np.r_[a, b, a, b], np.r_[a, b, b, a])), (count, count))
    given = node[np.r_[driver, sense]]
    free = np.setdiff1d(np.arange(count), given)
    at = np.zeros((count, len(row_volts)))
    at[given] = np.concatenate([row_volts, column_volts], 1).T
    if len(free):
        at[free] = splu(laplacian[free][:, free].tocsc()).solve(-(laplacian[free][:, given] @ at[given]))
    return (g.ravel()[:, None] * (at[node[row.ravel()]] - at[node[column.ravel()]])).T.reshape(-1, rows, columns)


def assert_close(got, expected, relative=1e-5, size=None):
    """Per vector in norm, and every element whose `size`, by default itself, is at least a tenth of the largest.

    Smaller ones are differences of larger ones, which exactly rounded voltages would not determine any better.
    """
    size = expected if size is None else size
    got, expected, size = (np.asarray(x, float).reshape(len(got), -1) for x in (got, expected, size))
    assert (np.linalg.norm(got - expected, axis=1) <= relative * np.linalg.norm(expected, axis=1)).all()
    counts = np.abs(size) >= 0.1 * np.abs(size).max(1, keepdims=True)
    assert (np.abs(got - expected)[counts] <= relative * np.abs(expected)[counts]).all()


def both(g, wires, v, u):
    """`solve` and `ports`, compiled together."""
    return jax.jit(lambda g, v, u: (solve(g, wires, v, u), ports(g, wires)))(g, v, u)


def check_against_nodal(shape, wires):
    rows, columns = shape
    g, v, u = array(rows, columns), volts(2, rows), volts(2, columns, 2)
    expected = nodal(g, wires, v, u)
    solution, seen = both(g, wires, v, u)
    assert solution.converged.all()
    assert_close(solution.cells, expected, size=expected / np.maximum(np.asarray(g, float), 1e-9))
    assert_close(solution.rows, expected.sum(2))
    assert_close(solution.columns, expected.sum(1))
    transfer, along_rows, along_columns = (np.asarray(x, float) for x in seen)
    # Driven from one side and one way: contributions to a current would cancel.
    v, u = abs(v), abs(u)
    from_rows, from_columns = nodal(g, wires, v, 0 * u), nodal(g, wires, 0 * v, u)
    v, u = np.asarray(v, float), np.asarray(u, float)
    assert_close(v @ transfer, from_rows.sum(1))
    assert_close(u @ transfer.T, -from_columns.sum(2))
    # What a line draws among others at nearly its voltage is a small difference, unlike the power, and the norm.
    for x, admittance, exact in ((v, along_rows, from_rows.sum(2)), (u, along_columns, -from_columns.sum(1))):
        np.testing.assert_allclose(np.vecdot(x @ admittance, x), np.vecdot(exact, x), rtol=1e-5)
        assert (np.linalg.norm(x @ admittance - exact, axis=1) <= 1e-5 * np.linalg.norm(exact, axis=1)).all()


@pytest.mark.parametrize("wires", WIRES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (20, 1), (13, 18)])
def test_agrees_with_nodal_solve(shape, wires):
    check_against_nodal(shape, wires)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(64, 64), (65, 33), (20, 100), (128, 128), (256, 256)])
@pytest.mark.parametrize("wires", [Wires(0.1, 0.1), Wires(20.0, 20.0), Wires(5.0, 1.0, 50.0, 20.0, "both", "both")])
def test_agrees_with_nodal_solve_at_size(shape, wires):
    check_against_nodal(shape, wires)


def test_agrees_with_nodal_solve_at_64():
    check_against_nodal((64, 48), Wires(20.0, 10.0, 25.0, 5.0))


def test_agrees_with_badcrossbar(badcrossbar):
    g = jnp.maximum(array(12, 9), 1e-6)
    v = volts(3, 12)
    theirs = badcrossbar.compute(np.asarray(v.T, float), 1 / np.asarray(g, float), r_i_word_line=3.0, r_i_bit_line=7.0)
    solution, _ = both(g, Wires(3.0, 7.0), v, jnp.zeros((3, 9)))
    assert_close(solution.columns, theirs.currents.output)
    assert_close(solution.cells, np.moveaxis(theirs.currents.device, -1, 0))


def test_one_cell_is_a_series_circuit():
    wires = Wires(3.0, 5.0, 7.0, 11.0)
    solution, seen = both(jnp.array([[1e-3]]), wires, jnp.array([[0.3]]), jnp.array([[0.1]]))
    siemens = 1 / (1000 + 3 + 5 + 7 + 11)
    np.testing.assert_allclose(solution.cells, 0.2 * siemens, rtol=1e-6)
    np.testing.assert_allclose([x.item() for x in seen], siemens, rtol=1e-6)


def test_one_row_is_a_ladder():
    """From the far end on: a cell behind its column in parallel with what lies behind the next segment."""
    g, wires = np.array([[1e-4, 5e-5, 2e-4]]), Wires(50.0, 20.0, 100.0, 10.0)
    branches = g[0] / (1 + g[0] * 30)
    seen = 0.0
    for k in (2, 1, 0):
        total = branches[k] + seen
        seen = total / (1 + total * (50 + (100 if k == 0 else 0)))
    np.testing.assert_allclose(ports(jnp.float32(g), wires).row_admittance.item(), seen, rtol=1e-6)


def test_wires_without_resistance_are_a_product():
    g, v = array(11, 17), volts(4, 11)
    solution, seen = both(g, Wires(0.0, 0.0), v, jnp.zeros((4, 17)))
    assert_close(solution.cells, np.asarray(g, float) * np.asarray(v, float)[:, :, None], 1e-6)
    assert_close(solution.columns, np.asarray(v, float) @ np.asarray(g, float), 3e-6)
    np.testing.assert_allclose(seen.transfer, g, rtol=1e-6)
    np.testing.assert_allclose(np.diag(seen.row_admittance), g.sum(1), rtol=1e-6)


def test_driving_columns_is_the_transposed_array():
    """Turned by a half turn over the diagonal, rows become columns and drivers sense amplifiers."""
    g = array(9, 14)
    here = ports(g, Wires(4.0, 9.0, 20.0, 6.0, "one", "both"))
    there = ports(g[::-1, ::-1].T, Wires(9.0, 4.0, 6.0, 20.0, "both", "one"))
    np.testing.assert_allclose(there.transfer, here.transfer[::-1, ::-1].T, rtol=1e-5)
    np.testing.assert_allclose(there.row_admittance, here.column_admittance[::-1, ::-1], rtol=1e-5, atol=1e-9)


def test_power_delivered_is_power_dissipated():
    """Sources deliver what cells, segments and drivers turn into heat (rows at voltages, columns at ground)."""
    g, wires, v = array(10, 7), Wires(20.0, 15.0, 40.0, 30.0), volts(1, 10)
    solution, seen = both(g, wires, v, jnp.zeros((1, 7)))
    i, g64 = np.asarray(solution.cells[0], float), np.asarray(g, float)
    in_row, in_column = np.cumsum(i[:, ::-1], 1)[:, ::-1], np.cumsum(i, 0)
    heat = (i[g64 > 0] ** 2 / g64[g64 > 0]).sum() + 20 * (in_row**2).sum() + 15 * (in_column**2).sum()
    heat += 40 * (in_row[:, 0] ** 2).sum() + 30 * (in_column[-1] ** 2).sum()
    np.testing.assert_allclose(v[0] @ seen.row_admittance @ v[0], heat, rtol=1e-5)
    np.testing.assert_allclose(v[0] @ solution.rows[0], heat, rtol=1e-5)


def test_more_wire_lets_less_current_through():
    g = array(8, 7)
    total = [float(ports(g, Wires(ohms, ohms)).transfer.sum()) for ohms in (0.0, 1.0, 20.0)]
    assert all(more > less for more, less in pairwise(total))


def test_gradient_is_the_product_of_two_voltage_drops():
    """dI_j/dG is the drop over the cell when the rows are driven times that when column j alone is (Tellegen)."""
    g, wires = jnp.maximum(array(9, 12), 2e-6), Wires(10.0, 20.0, 5.0, 8.0, "one", "both")
    v, u = volts(1, 9), np.eye(12)[:1]
    forward = nodal(g, wires, v, np.zeros((1, 12)))[0] / np.asarray(g, float)
    adjoint = nodal(g, wires, np.zeros((1, 9)), u)[0] / np.asarray(g, float)

    def of_ports(g):
        transfer = ports(g, wires).transfer
        return (v[0] @ transfer)[0], transfer

    by_ports, transfer = jax.jit(jax.grad(of_ports, has_aux=True))(g)
    solved = jax.grad(lambda g, v: solve(g, wires, v, jnp.zeros((1, 12))).columns[0, 0], (0, 1))
    by_solve, by_volts = jax.jit(solved)(g, v)
    assert_close(by_ports[None], -(forward * adjoint)[None], 1e-4)
    assert_close(by_solve[None], -(forward * adjoint)[None], 1e-4)
    assert_close(by_volts, transfer[:, :1].T)


def test_many_arrays_at_once():
    """Leading axes and vmap give what each array gives alone."""
    g = jnp.stack([array(9, 7, seed) for seed in range(4)])
    wires, v, u = Wires(5.0, 5.0), volts(3, 9), volts(3, 7)
    alone = np.stack([ports(x, wires).transfer for x in g])
    np.testing.assert_allclose(ports(g, wires).transfer, alone, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(lambda x: ports(x, wires).transfer)(g), alone, rtol=1e-5)
    mapped = jax.vmap(lambda x: solve(x, wires, v, u).cells)(g)
    assert_close(mapped.reshape(12, -1), np.concatenate([nodal(x, wires, v, u) for x in g]))


@pytest.mark.parametrize("wires", [Wires(20.0, 20.0), Wires(20.0, 5.0, 30.0, 10.0, "both", "both")])
def test_refinement_goes_beyond_the_direct_solution(wires):
    g, v, u = array(33, 27), volts(4, 33), volts(4, 27, 2)

    @jax.jit
    def twice(g, v, u):
        return solve(g, wires, v, u, rounds=0), solve(g, wires, v, u, tolerance=1e-7)

    direct, refined = twice(g, v, u)
    assert refined.converged.all()
    assert refined.residual.max() < 0.6 * direct.residual.max()
    exact = nodal(g, wires, v, u)
    assert np.linalg.norm(refined.cells - exact) < np.linalg.norm(direct.cells - exact)


@pytest.mark.parametrize("ends", ["one", "both"])
def test_correction_is_the_answer_to_sources_beside_cells(ends):
    """I + g R I = s, R the ohms in common to two cells: up to the nearer one, less what the far end takes over."""
    g, s = array(17, 10), volts(2, 170).reshape(2, 17, 10)
    wires = Wires(200.0, 90.0, 300.0, 150.0, ends, ends)
    r = np.zeros((170, 170))
    for length, ohms, end, order in ((10, 200.0, 300.0, 1), (17, 90.0, 150.0, -1)):
        near = end + ohms * np.arange(1, length + 1)[::order]
        far = 1 - np.maximum.outer(near, near) / (2 * end + ohms * (length + 1)) if ends == "both" else 1
        line = np.minimum.outer(near, near) * far
        r += np.kron(np.eye(17), line) if length == 10 else np.kron(line, np.eye(10))
    exact = np.linalg.solve(
        np.eye(170) + np.asarray(g, float).reshape(170, 1) * r, np.asarray(s, float).reshape(2, 170).T
    )
    answer = jax.jit(lambda g, s: module._answering(module._fold(g, wires), s))(g, s)
    assert_close(answer, exact.T)


def test_what_cannot_be_solved_is_said():
    g = array(6, 6)
    assert not solve(g.at[2, 3].set(jnp.nan), Wires(5.0, 5.0), volts(1, 6), volts(1, 6)).converged.any()
    strict = solve(g, Wires(5.0, 5.0), volts(2, 6), volts(2, 6), tolerance=1e-12)
    assert not strict.converged.any()
    assert (strict.residual < 1e-6).all()


def test_no_voltage_no_current():
    solution = solve(array(6, 6), Wires(5.0, 5.0), jnp.zeros((1, 6)), jnp.zeros((1, 6)))
    assert not solution.cells.any()
    assert solution.converged.all()
