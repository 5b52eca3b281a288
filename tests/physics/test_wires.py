"""Currents of arrays on resistive wires: exact nodal solve in float64, badcrossbar, closed forms, energy, gradients."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from ohmgrad.crossbar import wires as module
from ohmgrad.crossbar.dissection import fold, source_currents
from ohmgrad.crossbar.wires import Wires, ports, solve
from ohmgrad.errors import InputError
from ohmgrad.spice.array import netlist
from ohmgrad.spice.ngspice import operating_point

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


def nodal(g, wires, row_volts, column_volts, floating=None):
    """Cell currents (batch, rows, columns) from Kirchhoff's laws; nodes joined by a wire without resistance are one.

    `floating` are the lines, rows first, whose sources are taken away.
    """
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
    held = np.ones(rows + columns, bool) if floating is None else ~np.concatenate(floating)
    given = node[np.r_[driver, sense][held]]
    free = np.setdiff1d(np.arange(count), given)
    at = np.zeros((count, len(row_volts)))
    at[given] = np.concatenate([row_volts, column_volts], 1).T[held]
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
    assert float(seen.residual) < 1e-6
    transfer, along_rows, along_columns = (np.asarray(x, float) for x in seen[:3])
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
    np.testing.assert_allclose([x.item() for x in seen[:3]], siemens, rtol=1e-6)


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


def test_arrays_on_two_axes_are_each_solved_as_alone():
    """Two by three arrays with volts of their own and lines fed from both ends, each against its own nodal solve."""
    rng, wires = np.random.default_rng(3), Wires(20.0, 5.0, 30.0, 10.0, "both", "both")
    g = jnp.stack([array(9, 7, seed) for seed in range(6)])
    v, u = (jnp.asarray(rng.uniform(-0.2, 0.2, (6, 4, lines)), jnp.float32) for lines in (9, 7))
    solution = solve(g.reshape(2, 3, 9, 7), wires, v.reshape(2, 3, 4, 9), u.reshape(2, 3, 4, 7))
    exact = np.concatenate([nodal(one, wires, *ends) for one, *ends in zip(g, v, u, strict=True)])
    assert solution.converged.all()
    assert_close(solution.cells.reshape(24, 9, 7), exact, size=exact / np.maximum(np.repeat(g, 4, 0), 1e-9))


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
    answer = jax.jit(lambda g, s: source_currents(fold(g, *module._lines(g.shape, wires)), s))(g, s)
    assert_close(answer, exact.T)


EXTREMES = [
    *(Wires(row, column) for row in (0.0, 1e-6, 1e-2, 1e2, 1e5) for column in (1e-6, 1e2, 1e5)),
    *(Wires(1.0, 1.0, driver, sense) for driver in (1e-6, 1e3, 1e6) for sense in (1e-6, 1e3, 1e6)),
]


@pytest.fixture(scope="module")
def solved_extremes():
    g, v, u = array(13, 9), volts(2, 13), volts(2, 9, 2)
    return [(wires, solve(g, wires, v, u), nodal(g, wires, v, u)) for wires in EXTREMES]


@pytest.mark.slow
def test_what_counts_as_converged_is_right_over_many_orders_of_magnitude(solved_extremes):
    """Residuals up to the tolerance of 1e-6 mean currents right to a few of it."""
    for wires, solution, exact in solved_extremes:
        off = np.linalg.norm(np.asarray(solution.cells, float) - exact, axis=(1, 2))
        right = off <= 5e-6 * np.linalg.norm(exact, axis=(1, 2))
        assert (right | ~np.asarray(solution.converged)).all(), wires
    for wires, solution, _ in solved_extremes:
        if max(wires.row_ohms, wires.column_ohms, wires.driver_ohms, wires.sense_ohms) <= 1e3:
            assert (solution.residual < 3e-7).all(), wires


def test_the_most_uneven_wires_claim_what_they_reach():
    """Rows of 1e-6 and columns of 1e5 ohm: the residual ends near 1e-6, the currents are right to 1e-6."""
    g, wires, v, u = array(13, 18), Wires(1e-6, 1e5), volts(2, 13), volts(2, 18, 2)
    solution, exact = solve(g, wires, v, u), nodal(g, wires, v, u)
    np.testing.assert_array_equal(solution.converged, solution.residual <= 1e-6)
    assert (solution.residual < 3e-6).all()
    assert_close(solution.columns, exact.sum(1), 2e-6)


@pytest.mark.parametrize("wires", [Wires(20.0, 5.0, 30.0, 10.0), Wires(4.0, 9.0, 20.0, 6.0, "both", "both")])
def test_floating_lines_agree_with_a_nodal_solve_that_has_no_sources_there(wires):
    g, v, u = jnp.maximum(array(11, 8), 1e-6), volts(2, 11), volts(2, 8, 2)
    rows, columns = np.arange(11) % 3 == 1, np.arange(8) % 4 != 2
    solution = solve(g, wires, v, u, floating_rows=rows, floating_columns=columns)
    exact = nodal(g, wires, v, u, (rows, columns))
    assert solution.converged.all()
    assert_close(solution.cells, exact, 2e-6, exact / np.asarray(g, float))
    assert np.abs(np.asarray(solution.rows)[:, rows]).max() < 1e-6 * np.abs(exact).sum()
    assert_close(solution.columns[:, ~columns], exact.sum(1)[:, ~columns], 2e-6)


@pytest.mark.usefixtures("ngspice")
def test_floating_lines_agree_with_ngspice():
    """The same deck without the sources of the floating lines."""
    g, wires, v = jnp.maximum(array(4, 3), 1e-6), Wires(20.0, 5.0, 30.0, 10.0), np.array([0.3, 0.0, 0.1, 0.2])
    rows, columns = np.array([False, True, False, True]), np.array([False, True, False])
    deck = netlist(np.asarray(g, float), wires, v).splitlines()
    gone = [f"vr{i}" for i in np.flatnonzero(rows)] + [f"vc{j}" for j in np.flatnonzero(columns)]
    deck = [x for x in deck if x.split()[0].lower() not in gone and x.removeprefix("print i(").strip(")") not in gone]
    theirs = operating_point("\n".join(deck) + "\n")
    ours = solve(g, wires, jnp.float32(v)[None], jnp.zeros((1, 3)), floating_rows=rows, floating_columns=columns)
    for name, current in [("vr0", ours.rows[0, 0]), ("vr2", ours.rows[0, 2]), ("vc0", ours.columns[0, 0])]:
        assert float(current) == pytest.approx(theirs[f"i({name})"], rel=1e-5)


@pytest.mark.parametrize("lines", [2, 5])
def test_sneak_paths_of_equal_cells_have_their_closed_form(lines):
    """One cell read, all other lines floating: beside it (n-1) cells, (n-1)^2, and (n-1) in series."""
    n, siemens, volts_read = lines, 1e-4, 0.2
    others = np.arange(n) > 0
    v, ground = jnp.zeros((1, n)).at[0, 0].set(volts_read), jnp.zeros((1, n))
    g = jnp.full((n, n), siemens)
    solution = solve(g, Wires(0.0, 0.0), v, ground, floating_rows=others, floating_columns=others)
    sneak = (n - 1) ** 2 / (2 * (n - 1) + 1)
    assert float(solution.columns[0, 0]) == pytest.approx(siemens * volts_read * (1 + sneak), rel=1e-5)
    assert bool(solution.converged[0])


def test_lines_held_at_half_the_voltage_add_half_selected_cells_only():
    n, siemens, read = 5, 1e-4, 0.2
    half = jnp.full((1, n), read / 2)
    held = solve(jnp.full((n, n), siemens), Wires(0.0, 0.0), half.at[0, 0].set(read), half.at[0, 0].set(0.0))
    assert float(held.columns[0, 0]) == pytest.approx(siemens * read * (1 + (n - 1) / 2), rel=1e-5)


def test_a_line_that_touches_nothing_has_no_voltage():
    g = jnp.full((3, 3), 1e-4).at[1].set(0.0)
    rows = np.array([False, True, False])
    assert not solve(g, Wires(1.0, 1.0), volts(1, 3), volts(1, 3), floating_rows=rows).converged.any()


CELLS = jnp.full((2, 3), 1e-4)


def solving(rows, columns, g=CELLS, **more):
    return lambda: solve(g, Wires(1.0, 1.0), jnp.ones(rows), jnp.zeros(columns), **more)


WRONG = {
    "negative cell": (solving((1, 2), (1, 3), CELLS.at[1, 2].set(-1e-4)), "g is negative at row 1, column 2"),
    "negative cell of ports": (lambda: ports(-CELLS, Wires(1.0, 1.0)), "g is negative at row 0, column 0"),
    "negative wire": (lambda: Wires(-1.0, 1.0), r"Wires.row_ohms: .*greater than or equal to 0 \(given: -1.0\)"),
    "open driver": (lambda: Wires(1.0, 1.0, np.inf), "Wires.driver_ohms: input should be a finite number"),
    "no number": (lambda: Wires(1.0, np.nan), "Wires.column_ohms: input should be a finite number"),
    "one vector": (solving((2,), (1, 3)), r"row_volts has shape \(2,\).*needs \(batch, 2\)"),
    "swapped": (solving((1, 3), (1, 2)), r"row_volts has shape \(1, 3\) but g of 2 rows x 3 columns needs \(1, 2\)"),
    "other batch": (solving((1, 2), (4, 3)), r"column_volts has shape \(4, 3\).*needs \(1, 3\)"),
    "mask": (solving((1, 2), (1, 3), floating_rows=np.ones(3, bool)), r"floating_rows has shape \(3,\)"),
    "no array": (lambda: ports(CELLS[0], Wires(1.0, 1.0)), r"g has shape \(3,\)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_circuit_is_refused_in_a_sentence(what):
    call, said = WRONG[what]
    with pytest.raises(InputError, match=said):
        call()


def test_inside_compiled_code_a_negative_conductance_is_not_called_converged():
    run = jax.jit(lambda g: solve(g, Wires(1.0, 1.0), volts(1, 2), volts(1, 3)).converged)
    assert run(CELLS).all()
    assert not run(CELLS.at[0, 1].set(-1e-5)).any()


@pytest.mark.parametrize("ends", ["one", "both"])
def test_unused_lines_are_open_cells(ends):
    """The used corner alone, its lines going on, is what the whole array is with all other cells open."""
    g, wires, unused = array(8, 6), Wires(40.0, 25.0, 60.0, 30.0, ends, ends), (5, 3)
    seen = ports(g, wires, unused)
    v, u = volts(2, 8), volts(2, 6, 2)
    whole, grown = np.zeros((13, 9)), [np.zeros((2, 13)), np.zeros((2, 9))]
    whole[:8, :6], grown[0][:, :8], grown[1][:, :6] = g, v, u
    exact = nodal(whole, wires, *grown)
    v, u = np.asarray(v, float), np.asarray(u, float)
    assert_close(
        v @ np.asarray(seen.transfer, float) - u @ np.asarray(seen.column_admittance, float), exact.sum(1)[:, :6]
    )
    assert_close(
        v @ np.asarray(seen.row_admittance, float) - u @ np.asarray(seen.transfer, float).T, exact.sum(2)[:, :8]
    )
    assert float(seen.residual) < 1e-6


def test_ports_tell_their_residual():
    """In the order of float32's rounding; where cells are not numbers it is none."""
    g = array(13, 18)
    assert 1e-9 < float(ports(g, Wires(20.0, 20.0)).residual) < 1e-6
    assert np.isnan(float(ports(g.at[3, 4].set(jnp.nan), Wires(20.0, 20.0)).residual))


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
