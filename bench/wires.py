"""64 vectors through an array on its wires: ours, a cached sparse factorisation, badcrossbar; one run, one machine.

    python bench/wires.py [--sizes 128 256] [--ohms 1 5 20] [--repeats 5]

badcrossbar (pip install "ohmgrad[peers]") is left out where it is not installed.
"""

import argparse
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from ohmgrad.crossbar.wires import Wires, ports, solve

try:
    badcrossbar: Any = import_module("badcrossbar")  # by name: type checkers need not have it
except ImportError:
    badcrossbar = None

VECTORS = 64


def best(run: Callable[[], object], repeats: int) -> float:
    """Shortest of several times, in milliseconds, after one call that is not counted."""
    jax.block_until_ready(run())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def once(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return 1e3 * (time.perf_counter() - start), result


def nodal(g: np.ndarray, ohms: float) -> tuple[sparse.csc_matrix, np.ndarray]:
    """The nodal matrix of an array with equal wires, and the nodes that the drivers feed through one segment."""
    rows, columns = g.shape
    row = np.arange(g.size).reshape(g.shape)
    column, siemens = row + g.size, 1 / ohms
    links = [(row, column, g), (row[:, 1:], row[:, :-1], siemens), (column[1:], column[:-1], siemens)]
    a, b = (np.concatenate([link[k].ravel() for link in links]) for k in (0, 1))
    y = np.concatenate([np.broadcast_to(link[2], link[0].shape).ravel() for link in links])
    ends = np.concatenate([row[:, 0], column[-1]])
    entries = np.concatenate([y, y, -y, -y, np.full(rows + columns, siemens)])
    matrix = sparse.csc_matrix((entries, (np.r_[a, b, a, b, ends], np.r_[a, b, b, a, ends])), (2 * g.size,) * 2)
    return matrix, row[:, 0]


def compare(size: int, ohms: float, repeats: int) -> None:
    rng = np.random.default_rng(0)
    g64, v64 = rng.uniform(1e-6, 150e-6, (size, size)), rng.uniform(-0.2, 0.2, (VECTORS, size))
    g, v, wires = jnp.asarray(g64, jnp.float32), jnp.asarray(v64, jnp.float32), Wires(ohms, ohms)
    zero = jnp.zeros((VECTORS, size))
    columns_only = jax.jit(lambda g, v: v @ ports(g, wires).transfer)
    cells = best(lambda: solve(g, wires, v, zero, rounds=0), repeats)
    refined = best(lambda: solve(g, wires, v, zero), repeats)
    columns = best(lambda: columns_only(g, v), repeats)
    transfer = ports(g, wires).transfer
    amortised = best(lambda: v @ transfer, repeats)
    residuals = [float(solve(g, wires, v, zero, rounds=k).residual.max()) for k in (0, 1)]

    matrix, fed = nodal(g64, ohms)
    rhs = np.zeros((2 * g64.size, VECTORS))
    rhs[fed] = v64.T / ohms
    factor, lu = once(lambda: splu(matrix))
    sparse_solve, nodes = once(lambda: lu.solve(rhs))
    exact = nodes[-size:].T / ohms
    error = np.linalg.norm(np.asarray(columns_only(g, v)) - exact) / np.linalg.norm(exact)
    theirs = np.nan
    if badcrossbar:
        theirs, _ = once(lambda: badcrossbar.compute(v64.T, 1 / g64, r_i=ohms))
    times = (
        f"{cells:9.1f} {refined:9.1f} {columns:9.1f} {amortised:9.3f} {factor:9.0f} {sparse_solve:9.0f} {theirs:9.0f}"
    )
    pairs = ((t / cells, t / columns) for t in (sparse_solve, factor + sparse_solve, theirs))
    ratios = " ".join(f"{ours:6.1f} ({other:5.1f})" for ours, other in pairs)
    quality = f"{residuals[0]:9.1e} {residuals[1]:9.1e} {error:9.1e}"
    print(f"{size:5d} {ohms:5.1f} {times} {ratios} {quality}", flush=True)


def floor(size: int, repeats: int) -> None:
    """What the operations of `ports` would take at the speed of a product of two matrices of this size."""
    g, wires = jnp.full((size, size), 1e-4, jnp.float32), Wires(1.0, 1.0)
    analysis = jax.jit(ports).lower(g, wires).compile().cost_analysis()
    flops = analysis["flops"] if analysis else np.nan
    a = jnp.ones((size, size))
    product = jax.jit(jnp.matmul)
    rate = 2 * size**3 / best(lambda: product(a, a), repeats) / 1e6
    ours = best(lambda: ports(g, wires), repeats)
    speed = f"{rate:.0f} GFLOP/s in a product of matrices of this size"
    print(f"{size:5d}: ports {flops / 1e9:.2f} GFLOP; {speed}: floor {flops / rate / 1e6:.1f} ms, taken {ours:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--ohms", type=float, nargs="+", default=[1.0, 5.0, 20.0])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"Milliseconds for {VECTORS} vectors: ours in float32, compiled, beside splu and badcrossbar in float64.")
    print(
        "solve: all cell currents; refined: in one round; ports: column currents; again: those with ports at hand. Then"
    )
    print("how many times faster `solve` (and `ports`) is than splu's solve, its factor and solve, and badcrossbar.")
    heads = " ".join(f"{head:>9}" for head in ("solve", "refined", "ports", "again", "factor", "splu", "badcross"))
    print(f" size   ohm {heads}" + "         /splu   /factor+splu      /badcross  residual   refined     error")
    for size in options.sizes:
        for ohms in options.ohms:
            compare(size, ohms, options.repeats)
    for size in options.sizes:
        floor(size, options.repeats)


if __name__ == "__main__":
    main()
