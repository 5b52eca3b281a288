"""Fit of verified writes: the deviation from their targets as a polynomial of the target, with its uncertainty."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm

from ohmgrad.devices.fit.measured import VerifiedWrite
from ohmgrad.errors import InputError

Array = np.ndarray
_HIGHEST = 2
"""Highest power of the target."""
_SURE = 0.95
_FALSE_ALARM = 1e-3


@dataclass(frozen=True)
class WriteError:
    """Standard deviation of verified writes around their targets: c0 + c1 G + c2 G^2 over the target G, in SI units.

    Attributes:
        used: The writes, without outliers.
        coefficients: c0, c1, ...
        half: Half the width of the 95 % interval of each coefficient.
        bias_siemens: Mean of result minus target.
        outliers: Writes that were left out.
    """

    used: tuple[VerifiedWrite, ...]
    coefficients: tuple[float, ...]
    half: tuple[float, ...]
    bias_siemens: float
    outliers: tuple[VerifiedWrite, ...]

    def deviation(self, target: Array) -> Array:
        """The fitted standard deviation at targets, in siemens."""
        return np.polyval(self.coefficients[::-1], target)

    def fields(self, source: str) -> dict[str, Any]:
        """The fields of a device's record that express it; `source` says where the figures come from."""
        source = f"{source}; writes are {1e6 * self.bias_siemens:+.3g} µS off their targets on average, left out here"
        figures = []
        for value, half in zip(self.coefficients, self.half, strict=True):
            low, high = value - half, value + half
            if len(self.coefficients) == 1:  # a deviation is positive: its interval is symmetric in the logarithm
                low, high = (value * float(np.exp(sign * half / value)) for sign in (-1, 1))
            figures.append({"low": low, "nominal": value, "high": high, "basis": "derived", "source": source})
        return {"write_error_siemens": figures[0]} if len(figures) == 1 else {"write_error": figures}


def fit_writes(writes: tuple[VerifiedWrite, ...]) -> WriteError:
    """Fit the deviation of verified writes by maximum likelihood.

    Writes are Gaussian around a mean that is linear in the target; the degree of the polynomial is chosen by the BIC.

    Raises:
        InputError: where all writes miss their targets by the same amount.
    """
    every, outliers = writes, list[VerifiedWrite]()
    while True:
        target = np.array([each.target_siemens for each in writes])
        off = np.array([each.g_siemens for each in writes]) - target
        scale = float(np.median(np.abs(off - np.median(off)))) * 1.4826 or float(np.std(off))
        if scale <= 1e-6 * float(np.max(np.abs([each.g_siemens for each in every]))):
            raise InputError(
                "verified writes: all miss their targets by the same amount, so that there is no deviation to fit"
            )
        powers = min(_HIGHEST, len(np.unique(target)) - 1)
        span = max(float(target.max()), scale)
        fits = [_fitted(target / span, off / scale, power, min(power, 1)) for power in range(powers + 1)]
        best, mean, deviation, half = min(fits, key=lambda each: each[0])[1:]
        far = norm.isf(_FALSE_ALARM / (2 * len(writes)))
        residuals = np.abs(off / scale - mean) / deviation
        if not (residuals > far).any() or len(outliers) >= max(2, 0.02 * len(every)):
            break
        worst = writes[int(np.argmax(residuals))]
        outliers.append(worst)
        writes = tuple(each for each in writes if each is not worst)
    units = scale / span ** np.arange(len(best))
    return WriteError(writes, tuple(best * units), tuple(half * units), float(off.mean()), tuple(outliers))


def _fitted(x: Array, off: Array, power: int, bend: int) -> tuple[float, Array, Array, Array, Array]:
    """BIC, coefficients of the deviation, mean and deviation of each write, half widths of the intervals."""
    means, widths = np.vander(x, bend + 1, increasing=True), np.vander(x, power + 1, increasing=True)

    def parts(at: Array) -> tuple[Array, Array]:
        return means @ at[: bend + 1], np.maximum(widths @ at[bend + 1 :], 1e-3)

    def loss(at: Array) -> tuple[float, Array]:
        mean, deviation = parts(at)
        z = (off - mean) / deviation
        slope = np.concatenate([-(z / deviation) @ means, ((1 - z**2) / deviation) @ widths])
        return float(np.sum(np.log(deviation) + z**2 / 2)), slope

    start, *_ = np.linalg.lstsq(means, off, rcond=None)
    rest = off - means @ start
    optimum = minimize(
        loss, np.concatenate([start, [float(rest.std()) + 1e-3], np.zeros(power)]), jac=True, method="BFGS"
    )
    mean, deviation = parts(optimum.x)
    information = np.zeros((len(optimum.x), len(optimum.x)))
    information[: bend + 1, : bend + 1] = means.T @ (means / deviation[:, None] ** 2)
    information[bend + 1 :, bend + 1 :] = 2 * widths.T @ (widths / deviation[:, None] ** 2)
    half = norm.ppf((1 + _SURE) / 2) * np.sqrt(np.maximum(np.diag(np.linalg.pinv(information, hermitian=True)), 0))
    bic = np.log(len(x)) * len(optimum.x) + 2 * float(optimum.fun)
    # The maximum-likelihood deviation is biased low by the parameters of the mean.
    widen = np.sqrt(len(x) / (len(x) - bend - 1))
    return bic, widen * optimum.x[bend + 1 :], mean, widen * deviation, widen * half[bend + 1 :]
