"""Maximum-likelihood estimate of one model by damped Fisher scoring, with the covariance of its parameters."""

from dataclasses import dataclass

import numpy as np

from ohmgrad.devices.fit.likelihood import NOISES, QUIETEST, Array, Data, Score, pieces, score
from ohmgrad.devices.fit.models import Model

PER_DEVICE = 4
"""Number of parameters of each device: logarithms of its rates up and down, lower and upper bound."""
SILENT = -30.0
"""Logarithm of a noise that is switched off."""
_MAX_STEPS = 40
_BEYOND = 0.5
"""Largest distance of a soft bound beyond the readings, in shares of the measured range."""
_VAGUE = 0.2
"""Standard error of a bound, in shares of the measured range, above which it counts as not identified."""


@dataclass(frozen=True)
class Estimate:
    """A model at its maximum-likelihood parameters.

    Attributes:
        model: The model.
        shared: Parameters common to all devices: shape up, shape down, logarithms of noises.
        per_device: Parameters of each device, shape (devices, 4): see `PER_DEVICE`.
        free: Which parameters were estimated (shared ones first, then device by device).
        log_likelihood: Logarithm of the likelihood.
        covariance: Covariance of all parameters; zero where one is fixed or not identified.
        identified: Which parameters the data determine.
        converged: Whether the search converged.
        pulses: Number of pulses in the data.
    """

    model: Model
    shared: Array
    per_device: Array
    free: Array
    log_likelihood: float
    covariance: Array
    identified: Array
    converged: bool
    pulses: int

    @property
    def parameters(self) -> int:
        """Number of estimated parameters."""
        return int(self.free.sum())

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Bayesian information criterion; observations are pulses."""
        return float(np.log(self.pulses)) * self.parameters - 2 * self.log_likelihood

    def point(self, data: Data) -> Array:
        """The parameters that apply to every chain of the data, shape (parameters, chains)."""
        return _point(np.concatenate([self.shared, self.per_device.ravel()]), data)


def maximise(model: Model, data: Data) -> Estimate:
    """Estimate all parameters of a model, with all noises.

    Args:
        model: The response kind.
        data: The readings.
    """
    start, free, low, high = _start(model, data)
    return _climb(model, data, start, free, low, high)


def without_noise(estimate: Estimate, noise: str, data: Data) -> Estimate:
    """Estimate the same model again with one of its noises (of `NOISES`) set to zero."""
    _, _, low, high = _start(estimate.model, data)
    where = 2 * pieces(estimate.model) + NOISES.index(noise)
    at = np.concatenate([estimate.shared, estimate.per_device.ravel()])
    free = estimate.free.copy()
    free[where] = False
    at[where] = np.log(QUIETEST) if noise == "read_noise" else SILENT
    low[where] = high[where] = at[where]
    return _climb(estimate.model, data, at, free, low, high)


def _climb(model: Model, data: Data, at: Array, free: Array, low: Array, high: Array) -> Estimate:
    """Damped Fisher scoring: each step solves (information) (step) = (gradient), within the limits of parameters."""
    damping, small, converged = 1e-3, 0, False
    best, slope, information = _gathered(score(model, _point(at, data), data), data)
    for _ in range(_MAX_STEPS):
        fixed = ~free | ((at <= low) & (slope < 0)) | ((at >= high) & (slope > 0))
        move = _solve(information, np.where(fixed, 0, slope), fixed, damping)
        if float(move @ slope) < 1e-3:
            converged = True
            break
        tried = np.clip(at + np.clip(move, -2.0, 2.0), low, high)
        new = _gathered(score(model, _point(tried, data), data), data)
        if np.isfinite(new[0]) and new[0] > best:
            small = small + 1 if new[0] - best < 1e-2 else 0
            at, damping = tried, max(damping / 10, 1e-9)
            best, slope, information = new
            if small == 3:
                converged = True
                break
        elif damping > 1e10:
            break
        else:
            damping *= 10
    covariance, identified = _covariance(information, free & (at > low) & (at < high), model)
    shared = 2 * pieces(model) + len(NOISES)
    pulses = int(data.lengths.sum())
    return Estimate(
        model, at[:shared], at[shared:].reshape(-1, PER_DEVICE), free, best, covariance, identified, converged, pulses
    )


def _point(full: Array, data: Data) -> Array:
    shared = len(full) - PER_DEVICE * data.devices
    per_device = full[shared:].reshape(-1, PER_DEVICE)[data.device]
    return np.concatenate([np.repeat(full[:shared, None], len(data.device), 1), per_device.T])


def _gathered(chains_score: Score, data: Data) -> tuple[float, Array, Array]:
    """Likelihood, gradient and information of all parameters, summed over the chains."""
    shared = chains_score.gradient.shape[1] - PER_DEVICE
    full = shared + PER_DEVICE * data.devices
    gradient, information = np.zeros(full), np.zeros((full, full))
    for device in range(data.devices):
        chains = data.device == device
        places = np.r_[0:shared, shared + PER_DEVICE * device : shared + PER_DEVICE * (device + 1)]
        gradient[places] += chains_score.gradient[chains].sum(0)
        information[np.ix_(places, places)] += chains_score.fisher[chains].sum(0)
    return chains_score.value, gradient, information


def _solve(information: Array, slope: Array, fixed: Array, damping: float) -> Array:
    scale = 1 / np.sqrt(np.diag(information) + 1e-6)
    scaled = information * scale[:, None] * scale + damping * np.eye(len(slope))
    scaled[fixed, :] = scaled[:, fixed] = 0
    scaled[fixed, fixed] = 1
    return scale * np.linalg.solve(scaled, scale * slope)


def _covariance(information: Array, inside: Array, model: Model) -> tuple[Array, Array]:
    """Covariance, and which parameters are identified; bounds with a large standard error are not."""
    identified = inside & (np.diag(information) > 1e-4)
    bounds = np.zeros_like(identified)
    shared = 2 * pieces(model) + len(NOISES)
    bounds[shared + 2 :: PER_DEVICE] = bounds[shared + 3 :: PER_DEVICE] = True
    covariance = _inverse(information, identified)
    vague = bounds & identified & (np.diag(covariance) > _VAGUE**2)
    if vague.any():
        identified = identified & ~vague
        covariance = _inverse(information, identified)
    return covariance, identified


def _inverse(information: Array, chosen: Array) -> Array:
    """Inverse over the chosen parameters, zero elsewhere."""
    scale = 1 / np.sqrt(np.where(chosen, np.diag(information), 1.0))
    scaled = np.where(chosen[:, None] & chosen, information * scale[:, None] * scale, 0)
    scaled[~chosen, ~chosen] = 1
    inverse = np.linalg.pinv(scaled, rcond=1e-12, hermitian=True) * scale[:, None] * scale
    return np.where(chosen[:, None] & chosen, inverse, 0)


def _start(model: Model, data: Data) -> tuple[Array, Array, Array, Array]:
    """Start values of all parameters, which of them are free, and their lower and upper limits."""
    n, noises = pieces(model), np.log(_noises(data))
    near = 0.0 if model.soft_bounds else 5 * float(np.exp(noises[2]))
    start, limits = np.zeros(2 * n), list(model.limits) * 2
    free = np.ones(2 * n, bool)
    rates, one_sided = [], not (data.polarity < 0).any()
    for side, polarity in enumerate((1, -1)):
        if polarity < 0 and one_sided:
            rates.append(rates[0])
            start[n:], free[n:] = start[:n], False
            continue
        rate, shape = model.start(*_mean_steps(data, polarity, near))
        rates.append(float(np.log(rate)))
        start[side * n : (side + 1) * n] = shape
    read_shows = bool((data.lengths > 1).any())
    if not read_shows:
        noises[2] = np.log(QUIETEST)
    fastest = np.log(0.95) if model.soft_bounds and not n else 3.0
    beyond = _BEYOND if model.soft_bounds else 0.02
    floor = -data.low_siemens / data.span_siemens
    per_device, device_limits = [], []
    for device in range(data.devices):
        low, high = _extremes(data, device)
        margin = 0.02 if model.soft_bounds else -2 * float(np.exp(noises[2]))
        lowest, highest = max(low - beyond, floor), high + beyond
        per_device += [*rates, max(low - margin, lowest), high + margin]
        device_limits += [(-14.0, fastest)] * 2 + [(lowest, 0.6 * low + 0.4 * high), (0.4 * low + 0.6 * high, highest)]
    limits += [(np.log(1e-4), np.log(30.0)), (np.log(1e-7), 0.0), (np.log(QUIETEST), 0.0), *device_limits]
    free = np.concatenate([free, [True, True, read_shows], np.tile([True, not one_sided, True, True], data.devices)])
    low, high = np.array(limits).T
    return np.clip(np.concatenate([start, noises, per_device]), low, high), free, low, high


def _extremes(data: Data, device: int) -> tuple[float, float]:
    """Lowest and highest reading of a device."""
    here = np.flatnonzero(data.device == device)
    readings = np.concatenate([data.z[row, : data.lengths[row] + 1] for row in here])
    return float(readings.min()), float(readings.max())


def _steps(data: Data, polarity: int) -> tuple[Array, Array]:
    """Readings before pulses of a polarity and the steps of these, mirrored (z -> 1 - z) for depression."""
    pulses = np.arange(data.polarity.shape[1]) < data.lengths[:, None]
    chosen = pulses & (data.polarity == polarity)
    before, steps = data.z[:, :-1][chosen], np.diff(data.z, axis=1)[chosen]
    return (before, steps) if polarity > 0 else (1 - before, -steps)


def _mean_steps(data: Data, polarity: int, near: float, bins: int = 12) -> tuple[Array, Array]:
    """Mean conductance and mean step in bins with equal numbers of pulses, to start a search from.

    Readings within `near` of the bound that they move to are left out, since there the bound clips the steps.
    """
    before, steps = _steps(data, polarity)
    apart = before < before.max() - near
    if apart.sum() >= bins:
        before, steps = before[apart], steps[apart]
    order = np.argsort(before, kind="stable")
    groups = [group for group in np.array_split(order, bins) if len(group)]
    return np.array([before[g].mean() for g in groups]), np.array([steps[g].mean() for g in groups])


def _noises(data: Data) -> Array:
    """Start values of step noise, pulse noise and read noise.

    Second differences of readings do not contain the mean step; two of them, two pulses apart, share the noise of one
    reading only.
    """
    rows = [np.diff(row[: length + 1]) for row, length in zip(data.z, data.lengths, strict=True)]
    mean = float(np.mean(np.concatenate([row * s[: len(row)] for row, s in zip(rows, data.polarity, strict=True)])))
    bends = [np.diff(row) for row in rows if len(row) > 3]
    if not bends:
        return np.array([0.3, 0.1 * abs(mean) + 1e-4, QUIETEST])
    total = float(np.mean(np.concatenate([bend**2 for bend in bends]))) + 1e-12
    shared = float(np.mean(np.concatenate([bend[2:] * bend[:-2] for bend in bends])))
    read = float(np.sqrt(np.clip(shared, 1e-3 * total, total / 6.5)))
    scatter = np.sqrt(total / 2 - 3 * read**2)
    return np.array([np.clip(0.7 * scatter / (abs(mean) + 1e-9), 0.01, 10.0), 0.7 * scatter, read])
