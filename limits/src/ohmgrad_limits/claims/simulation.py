"""Why flexible models take so much: an expert's few features against all features, by data and by computation.

The illustration of Thompson et al. (arXiv:2007.05558): y is linear in 10 of 1,000 Gaussian features, plus noise. Four
models learn it: an oracle knows the right 10, an expert has 9 of them and a wrong one, a flexible model takes all
(least squares), a regularised flexible one takes all with a penalty (LASSO). Performance is -log10 of the mean squared
distance to the best predictor, relative to that predictor's variance.

The original's noise, coefficients, penalty and count of operations are not published: `Setting` states ours, all may be
varied.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.claims.lasso import lassos

MODELS = ("oracle", "expert", "flexible", "regularised")
COEFFICIENTS = ("equal", "gaussian")


@dataclass(frozen=True)
class Setting:
    """What is simulated. Raises InputError for numbers that make no problem."""

    features: int = 1000
    relevant: int = 10
    wrong: int = 1
    """Of the expert's features: so many of the right ones are replaced by irrelevant ones."""
    noise: float = 1.0
    """Standard deviation, relative to that of what can be predicted."""
    penalty: float = 1.0
    """Of the LASSO, relative to noise sqrt(2 ln(features) / samples)."""
    coefficients: str = "equal"
    """All relevant ones equal, or drawn from a Gaussian; the predictable variance is 1 (on the mean)."""
    passes: int = 100
    """Of coordinate descent that a LASSO is charged for, 4 FLOP per entry of the data each."""
    sizes: tuple[int, ...] = (20, 50, 100, 200, 500, 1100, 2000, 5000, 10_000, 30_000)
    simulations: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        checks = {
            "features": (2 <= self.features <= 2000, "2 to 2000"),
            "relevant": (1 <= self.relevant < self.features, "1 to one less than features"),
            "wrong": (0 <= self.wrong <= min(self.relevant, self.features - self.relevant), "0 to relevant"),
            "noise": (1e-6 <= self.noise < 1e3, "from 1e-6 to below 1000"),
            "penalty": (1e-2 <= self.penalty < 1e3, "0.01 to 1000"),
            "passes": (1 <= self.passes <= 10**6, "1 to 1000000"),
            "simulations": (2 <= self.simulations <= 10**4, "2 to 10000"),
            "seed": (0 <= self.seed < 2**32, "0 to 4294967295"),
            "sizes": (
                bool(self.sizes) and all(2 <= size <= 10**9 for size in self.sizes),
                "2 to 1000000000, one or more",
            ),
        }
        for name, (allowed, words) in checks.items():
            if not allowed:
                raise InputError(f"{name}: {getattr(self, name)}; allowed: {words}")
        if self.coefficients not in COEFFICIENTS:
            raise unknown("coefficients", self.coefficients, COEFFICIENTS)


EXAMPLES = {
    "figure-1": Setting(),
    "x-ray": Setting(features=100, sizes=(12, 20, 50, 80, 120, 200, 500, 1000, 3000, 10_000), simulations=1000),
}
"""The published illustration, and the press's X-ray image of 100 features."""


@dataclass(frozen=True)
class Curve:
    """One model over all sizes; errors are squared distances to the best predictor over its variance."""

    model: str
    sizes: tuple[int, ...]
    flop: tuple[float, ...]
    """To fit it once."""
    error: tuple[float, ...]
    """Mean over simulations."""
    error_standard_error: tuple[float, ...]
    performance: tuple[float, ...]
    """-log10 of the mean."""


@dataclass(frozen=True)
class Simulated:
    """All curves, and the share of LASSO problems that were not solved to the tolerance."""

    setting: Setting
    curves: tuple[Curve, ...]
    unsolved: float


def simulate(setting: Setting) -> Simulated:
    """All four models, over all sizes and simulations."""
    random = np.random.default_rng(setting.seed)
    beta = _coefficients(random, setting)
    signal, kept = (beta**2).sum(1), (beta[:, : setting.relevant - setting.wrong] ** 2).sum(1)
    missed, noise = (signal - kept)[:, None], setting.noise**2
    draw = partial(least_squares, random, np.array(setting.sizes))
    errors = {
        "oracle": draw(setting.relevant, signal, noise),
        "expert": draw(setting.relevant, kept, noise + missed) + missed,
        "flexible": draw(setting.features, signal, noise),
    }
    keys = jax.random.split(jax.random.key(setting.seed), setting.simulations)
    padded = np.pad(beta, ((0, 0), (0, setting.features - setting.relevant)))
    found = lassos(keys, setting.sizes, _chi(random, setting), padded, setting.noise, setting.penalty)
    errors["regularised"] = found.error
    curves = tuple(_curve(setting, model, errors[model] / signal[:, None]) for model in MODELS)
    return Simulated(setting, curves, 1 - float(found.solved.mean()))


def _coefficients(random: np.random.Generator, setting: Setting) -> Float[np.ndarray, "simulations relevant"]:
    shape = (setting.simulations, setting.relevant)
    drawn = np.ones(shape) if setting.coefficients == "equal" else random.normal(size=shape)
    return drawn / math.sqrt(setting.relevant)


def _chi(random: np.random.Generator, setting: Setting) -> Float[np.ndarray, "simulations sizes features"]:
    """The diagonals of R: chi of as many degrees as samples less the row."""
    degrees = np.maximum(np.subtract.outer(np.array(setting.sizes), np.arange(setting.features)), 1)
    return np.sqrt(random.chisquare(degrees, (setting.simulations, *degrees.shape)))


@dataclass(frozen=True)
class Variation:
    """One unknown of the original at another value: samples and FLOP at which flexible models overtake the expert."""

    name: str
    value: int | float | str
    overtakes: dict[str, tuple[float, float] | None]
    """None: at no size."""


VARIED: dict[str, tuple[int | float | str, ...]] = {
    "noise": (0.3, 3.0),
    "penalty": (0.5, 2.0),
    "coefficients": COEFFICIENTS[1:],
    "passes": (10, 1000),
    "wrong": (0, 3),
}


def variations(setting: Setting, found: Simulated) -> list[Variation]:
    """The setting as it is, then with each unknown of the original at other values, one at a time."""
    varied = [Variation("as stated", "", _overtakes(found))]
    for name, values in VARIED.items():
        for value in values:
            changes: dict[str, Any] = {name: min(value, setting.relevant) if name == "wrong" else value}
            varied.append(Variation(name, changes[name], _overtakes(simulate(replace(setting, **changes)))))
    return varied


def _overtakes(found: Simulated) -> dict[str, tuple[float, float] | None]:
    expert = next(curve for curve in found.curves if curve.model == "expert")
    return {
        curve.model: overtakes(curve, expert) for curve in found.curves if curve.model in ("flexible", "regularised")
    }


def overtakes(curve: Curve, other: Curve) -> tuple[float, float] | None:
    """Samples and FLOP from which on a model is better than another, between sizes on a logarithmic scale.

    None where it is not better at the largest size; the smallest size where it is better at all.
    """
    lead = np.array(curve.performance) - np.array(other.performance)
    behind = np.flatnonzero(lead <= 0)
    if lead[-1] <= 0:
        return None
    if not len(behind):
        return float(curve.sizes[0]), curve.flop[0]
    at = int(behind[-1])
    share = -lead[at] / (lead[at + 1] - lead[at])
    samples, flops = (float(on[at] * (on[at + 1] / on[at]) ** share) for on in (curve.sizes, curve.flop))
    return samples, flops


def _curve(setting: Setting, model: str, errors: np.ndarray) -> Curve:
    mean, spread = errors.mean(0), errors.std(0, ddof=1) / math.sqrt(len(errors))
    return Curve(
        model,
        setting.sizes,
        tuple(flop(setting, model, size) for size in setting.sizes),
        tuple(map(float, mean)),
        tuple(map(float, spread)),
        tuple(map(float, -np.log10(mean))),
    )


def flop(setting: Setting, model: str, size: int) -> float:
    """FLOP of one fit: least squares by QR, 2 n p^2 - 2/3 p^3 (Householder); a LASSO by passes over the data."""
    if model == "regularised":
        return 4.0 * setting.passes * size * setting.features
    fitted = setting.features if model == "flexible" else setting.relevant
    large, small = max(size, fitted), min(size, fitted)
    return 2.0 * large * small**2 - 2 / 3 * small**3


def least_squares(
    random: np.random.Generator, sizes: np.ndarray, fitted: int, signal: np.ndarray, variance: float | np.ndarray
) -> Float[np.ndarray, "simulations sizes"]:
    """Draws of |b - beta|^2 of least squares on Gaussian features.

    The draws are exact, without data: with W = X^T X Wishart, z^T W^-1 z = |z|^2 / chi^2. From fewer samples than
    features the solution of least norm keeps the part of beta in the span of the samples, a Beta share.

    Args:
        random: Of the draws.
        sizes: Numbers of samples, shape (sizes,).
        fitted: How many features.
        signal: |beta|^2, shape (simulations,).
        variance: Of what the features cannot explain.
    """
    shape = (len(signal), len(sizes))
    few, missing = np.minimum(sizes, fitted), np.maximum(fitted - sizes, 0)
    spread = variance * random.chisquare(few, shape) / random.chisquare(np.abs(sizes - fitted) + 1, shape)
    outside = np.where(missing > 0, random.chisquare(np.maximum(missing, 1), shape), 0.0)
    return spread + signal[:, None] * outside / (outside + random.chisquare(few, shape))
