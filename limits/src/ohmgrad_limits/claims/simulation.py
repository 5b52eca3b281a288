"""Why flexible models need more computation: a few expert features against all features, by data and computation.

The illustration of Thompson et al. (arXiv:2007.05558): y is linear in 10 of 1,000 Gaussian features, plus noise. Four
models learn it: an oracle uses the right 10, an expert 9 of them and a wrong one, a flexible model all features
(least squares), a regularised flexible model all features with a penalty (LASSO). Performance is -log10 of the mean
squared distance to the best predictor, divided by that predictor's variance.

Noise, coefficients, penalty and operation count of the original are not published. `Setting` has our values.
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
    """Parameters of a simulation. Raises InputError for inconsistent numbers."""

    features: int = 1000
    relevant: int = 10
    wrong: int = 1
    """Number of the expert's features that are irrelevant ones in place of relevant ones."""
    noise: float = 1.0
    """Standard deviation of the noise, relative to that of the predictable part."""
    penalty: float = 1.0
    """Penalty of the LASSO, relative to noise sqrt(2 ln(features) / samples)."""
    coefficients: str = "equal"
    """Relevant coefficients: equal, or Gaussian. The predictable variance is 1 (on average)."""
    passes: int = 100
    """Passes of coordinate descent counted for a LASSO, at 4 FLOP per entry of the data."""
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
    """Results of one model by sample size. Errors are squared distances to the best predictor, over its variance."""

    model: str
    sizes: tuple[int, ...]
    flop: tuple[float, ...]
    """FLOP of one fit."""
    error: tuple[float, ...]
    """Mean over simulations."""
    error_standard_error: tuple[float, ...]
    performance: tuple[float, ...]
    """-log10 of the mean error."""


@dataclass(frozen=True)
class Simulated:
    """All curves, and the fraction of LASSO problems that were not solved within the tolerance."""

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
    """The diagonals of R: chi-distributed, with degrees of freedom samples - row."""
    degrees = np.maximum(np.subtract.outer(np.array(setting.sizes), np.arange(setting.features)), 1)
    return np.sqrt(random.chisquare(degrees, (setting.simulations, *degrees.shape)))


@dataclass(frozen=True)
class Variation:
    """One unknown parameter at another value: samples and FLOP at which flexible models overtake the expert."""

    name: str
    value: int | float | str
    overtakes: dict[str, tuple[float, float] | None]
    """None: at no sample size."""


VARIED: dict[str, tuple[int | float | str, ...]] = {
    "noise": (0.3, 3.0),
    "penalty": (0.5, 2.0),
    "coefficients": COEFFICIENTS[1:],
    "passes": (10, 1000),
    "wrong": (0, 3),
}


def variations(setting: Setting, found: Simulated) -> list[Variation]:
    """The given setting, then with each unknown parameter of the original at other values, one at a time."""
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
    """Samples and FLOP from which a model is better than another, interpolated between sizes on a log scale.

    None if it is not better at the largest size; the smallest size if it is better at all sizes.
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
    """Draw |b - beta|^2 of least squares on Gaussian features.

    The draws are exact without generating data: with W = X^T X Wishart, z^T W^-1 z = |z|^2 / chi^2. With fewer samples
    than features, the minimum-norm solution keeps the part of beta in the span of the samples, a Beta-distributed
    share.

    Args:
        random: Random generator.
        sizes: Numbers of samples, shape (sizes,).
        fitted: Number of fitted features.
        signal: |beta|^2, shape (simulations,).
        variance: Variance of the part that the features cannot explain.
    """
    shape = (len(signal), len(sizes))
    few, missing = np.minimum(sizes, fitted), np.maximum(fitted - sizes, 0)
    spread = variance * random.chisquare(few, shape) / random.chisquare(np.abs(sizes - fitted) + 1, shape)
    outside = np.where(missing > 0, random.chisquare(np.maximum(missing, 1), shape), 0.0)
    return spread + signal[:, None] * outside / (outside + random.chisquare(few, shape))
