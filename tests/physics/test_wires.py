"""Currents of arrays on resistive wires against an exact nodal solve in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from ohmgrad.crossbar.wires import Wires, ports, solve


def nodal(g, wires, row_volts, column_volts):
    """Cell currents (batch, rows, columns) from Kirchhoff's laws: nodes joined by anything without resistance are one."""
    rows, columns = g.shape
    cells = np.arange(rows * columns).reshape(rows, columns)
    at_row, at_column = cells, cells + g.size
    drivers, senses = 2 * g.size + np.arange(rows), 2 * g.size + rows + np.arange(columns)
    first, last = wires.row_ohms + wires.driver_ohms, wires.column_ohms + wires.sense_ohms
    edges = [(at_row[:, 1:], at_row[:, :-1], wires.row_ohms), (at_column[1:], at_column[:-1], wires.column_ohms)]
    edges += [(drivers, at_row[:, 0], first), (senses, at_column[-1], last)]
    if wires.row_ends == "both":
        edges.append((drivers, at_row[:, -1], first))
    if wires.column_ends == "both":
        edges.append((senses, at_column[0], last))
    size = 2 * g.size + rows + columns
    links = [(a.ravel(), b.ravel()) for a, b, ohms in edges if ohms == 0]
    a, b = (np.concatenate(ends) for ends in zip(*links, strict=True)) if links else (np.zeros(0, int),) * 2
    joined = sparse.coo_matrix((np.ones(len(a)), (a, b)), (size, size))
    count, node = sparse.csgraph.connected_components(joined, directed=False)
    a, b = (
        (np.concatenate([at_row.ravel()] + [e[k].ravel() for e in edges if e[2] > 0]) for k in (0, 1))
        if 0
        else (
            np.concatenate([at_row.ravel(), *(e[0].ravel() for e in edges if e[2] > 0)]),
            np.concatenate([at_column.ravel(), *(e[1].ravel() for e in edges if e[2] > 0)]),
        )
    )
    siemens = np.concatenate([g.ravel(), *(np.full(e[0].size, 1 / e[2]) for e in edges if e[2] > 0)])
    a, b = node[a], node[b]
    ones = np.concatenate([siemens, siemens, -siemens, -siemens])
    laplacian = sparse.csr_matrix((ones, (np.r_[a, b, a, b], np.r_[a, b, b, a])), (count, count))
    volts = np.zeros((count, len(row_volts)))
    given = node[np.r_[drivers, senses]]
    volts[given] = np.concatenate([row_volts, column_volts], 1).T
    free = np.setdiff1d(np.arange(count), given)
    if len(free):
        inner = laplacian[free][:, free].tocsc()
        volts[free] = splu(inner).solve(-laplacian[free][:, given] @ volts[given])
    drop = volts[node[at_row.ravel()]] - volts[node[at_column.ravel()]]
    return (g.ravel()[:, None] * drop).T.reshape(-1, rows, columns)
