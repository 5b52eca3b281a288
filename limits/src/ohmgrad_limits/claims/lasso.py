"""LASSO on Gaussian features: sufficient statistics are drawn instead of data; solved by scikit-learn."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Key
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path
from threadpoolctl import threadpool_limits

GAP, PASSES = 1e-8, 2000
"""Stopping criteria: the duality gap relative to |y|^2, and the maximum number of passes of coordinate descent."""
TOLERANCE = 0.02
"""Largest accepted violation of the optimality conditions, relative to the penalty."""


class Solution(NamedTuple):
    """The coefficients, and their violation of the optimality conditions relative to the penalty."""

    coefficients: Float[np.ndarray, "features"]
    violation: float


class Risks(NamedTuple):
    """|b - beta|^2 by sample size, and whether each problem was solved within TOLERANCE."""

    error: Float[np.ndarray, "*simulations sizes"]
    solved: Float[np.ndarray, "*simulations sizes"]


def lassos(
    keys: Key[Array, "simulations"],
    sizes: Sequence[int],
    chi: Float[np.ndarray, "simulations sizes features"],
    beta: Float[np.ndarray, "simulations features"],
    noise: float,
    penalty: float,
) -> Risks:
    """The risks of a LASSO per simulation and sample size (`risks`).

    Args:
        keys: Random keys, one per simulation.
        sizes: Numbers of samples.
        chi: The diagonal of R.
        beta: The true coefficients.
        noise: Standard deviation of the noise.
        penalty: Penalty relative to noise sqrt(2 ln p / n).
    """
    # Threads and input checks slow down such small problems; `solved` records failed convergence.
    with threadpool_limits(1), config_context(skip_parameter_validation=True), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        drawn = zip(keys, chi, beta, strict=True)
        found = [risks(key, sizes, diagonals, truth, noise, penalty) for key, diagonals, truth in drawn]
    return Risks(*map(np.array, zip(*found, strict=True)))


def risks(
    key: Key[Array, ""],
    sizes: Sequence[int],
    chi: Float[np.ndarray, "sizes features"],
    beta: Float[np.ndarray, "features"],
    noise: float,
    penalty: float,
) -> Risks:
    """min |y - X b|^2 / 2n + lambda |b|_1 at every size n, lambda = penalty noise sqrt(2 ln p / n).

    X = Q R, and only R and Q^T y matter: R is triangular with Gaussian entries above and chi on the diagonal
    (Bartlett), so a draw has no more rows than features. The sizes of one simulation share the entries above the
    diagonal.
    """
    features = len(beta)
    above, noises = jax.random.split(key)
    triangle = np.triu(np.asarray(jax.random.normal(above, (features, features)), np.float64), 1)
    white = noise * np.asarray(jax.random.normal(noises, (features,)), np.float64)
    found = []
    for size, diagonal in zip(sizes, chi, strict=True):
        rows = min(size, features)
        r = np.array(triangle[:rows], order="F")
        np.fill_diagonal(r, diagonal[:rows])
        solution = solve_lasso(r, r @ beta + white[:rows], size, penalty * noise * np.sqrt(2 * np.log(features) / size))
        found.append((((solution.coefficients - beta) ** 2).sum(), float(solution.violation <= TOLERANCE)))
    return Risks(*np.array(found).T)


def solve_lasso(
    x: Float[np.ndarray, "rows features"], y: Float[np.ndarray, "rows"], samples: int, penalty: float
) -> Solution:
    """min |y - x b|^2 / 2 samples + penalty |b|_1, where x (in Fortran's order) may be the R of as many samples."""
    weight = penalty * samples / len(x)
    how: Any = {"alphas": [weight], "precompute": False, "tol": GAP, "max_iter": PASSES}
    _, path, _ = lasso_path(x, y, **how, check_input=False)
    b = path[:, 0]
    gradient = x.T @ (y - x @ b) / samples
    violation = np.where(b == 0, np.abs(gradient) - penalty, np.abs(gradient - penalty * np.sign(b)))
    return Solution(b, float(violation.max() / penalty))
