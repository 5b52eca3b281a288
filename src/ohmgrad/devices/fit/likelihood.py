"""The likelihood of pulse data, its gradient and Fisher information: a state-space model with a Kalman filter.

Each pulse moves the hidden conductance by the model's step plus noise; this noise accumulates, so a curve is a random
walk around its mean. Each reading adds noise that does not accumulate. An extended Kalman filter along every chain
gives the innovations (reading minus its prediction from all earlier ones) and their variances, from which likelihood,
gradient and Fisher information follow (Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 1989,
section 3.4).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from ohmgrad.devices.fit.measured import Chain, Measured
from ohmgrad.devices.fit.models import Model

Array = np.ndarray
NOISES = ("step_noise", "pulse_noise", "read_noise")
QUIETEST = 1e-5
"""Read noise, in shares of the measured range, below which a reading counts as exact."""
_NUDGE = 1e-6


class Data(NamedTuple):
    """Chains of readings as arrays, the longest chain first.

    Attributes:
        z: Readings, scaled so that the lowest of all is 0 and the highest 1, shape (chains, readings).
        polarity: +1 or -1 of each pulse, shape (chains, readings - 1).
        lengths: Number of pulses of each chain.
        device: Index of each chain's device.
        low_siemens: The lowest reading.
        span_siemens: The highest minus the lowest reading.
    """

    z: Array
    polarity: Array
    lengths: Array
    device: Array
    low_siemens: float
    span_siemens: float

    @property
    def devices(self) -> int:
        """Number of devices."""
        return int(self.device.max()) + 1


def ordered(measured: Measured) -> list[Chain]:
    """The chains in the order of `Data`: longest first."""
    return sorted(measured.chains, key=lambda chain: -len(chain.polarity))


def arrange(measured: Measured) -> Data:
    """The chains as arrays."""
    chains = ordered(measured)
    lengths = np.array([len(chain.polarity) for chain in chains])
    readings = np.zeros((len(chains), lengths[0] + 1))
    polarity = np.ones((len(chains), lengths[0]), int)
    for row, chain in enumerate(chains):
        readings[row, : lengths[row] + 1] = chain.g_siemens
        polarity[row, : lengths[row]] = chain.polarity
    every = np.concatenate([chain.g_siemens for chain in chains])
    low, span = every.min(), np.ptp(every)
    device = np.array([measured.devices.index(chain.device) for chain in chains])
    return Data((readings - low) / span, polarity, lengths, device, float(low), float(span))


class Filtered(NamedTuple):
    """Output of the Kalman filter, each of shape (chains, pulses) and NaN where a chain is shorter.

    Attributes:
        predicted: Prediction of the reading after each pulse from all earlier readings.
        variance: Variance of that prediction, including read noise.
        estimate: Estimate of the conductance, given the reading too.
    """

    predicted: Array
    variance: Array
    estimate: Array


class Score(NamedTuple):
    """Log-likelihood of all chains, and per chain its gradient and Fisher information.

    Attributes:
        value: Log-likelihood of all chains together.
        gradient: Shape (chains, parameters).
        fisher: Shape (chains, parameters, parameters).
    """

    value: float
    gradient: Array
    fisher: Array


def pieces(model: Model) -> int:
    """Number of shape parameters of one polarity."""
    return len(model.limits)


def kalman_filter(model: Model, theta: Array, data: Data):
    """Run the extended Kalman filter, pulse by pulse.

    Args:
        model: The response kind.
        theta: Parameters, shape (copies, parameters, chains): shape up, shape down, logarithms of step, pulse and read
            noise, logarithms of rate up and down, lower and upper bound. All copies are filtered side by side.
        data: The readings; one of NaN does not update the estimate.

    Yields:
        For each pulse: the number of chains that reach it, its index, the readings after it, and of each copy the
        predictions, their variances and the updated estimates.
    """
    n = pieces(model)
    step_noise, pulse_noise, read_noise, rate_up, rate_down = (np.exp(theta[:, 2 * n + i]) for i in range(5))
    low, high = theta[:, -2], theta[:, -1]
    mean = np.broadcast_to(data.z[:, 0], low.shape)
    variance = read_noise**2
    for t in range(data.polarity.shape[1]):
        live = int(np.searchsorted(-data.lengths, -t, side="left"))
        up = data.polarity[:live, t] > 0
        mean, variance = mean[:, :live], variance[:, :live]
        lowest, highest = low[:, :live], high[:, :live]
        mirrored = np.where(up, mean, 1 - mean)
        rate = np.where(up, rate_up[:, :live], rate_down[:, :live])
        bottom, top = np.where(up, lowest, 1 - highest), np.where(up, highest, 1 - lowest)
        shape = [np.where(up, theta[:, i, :live], theta[:, n + i, :live]) for i in range(n)]
        step = model.step(mirrored, rate, bottom, top, shape)
        bend = (model.step(mirrored + 1e-5, rate, bottom, top, shape) - step) / 1e-5
        contraction = np.maximum(1 + bend, 1e-3)
        scatter = (step_noise[:, :live] * step) ** 2 + pulse_noise[:, :live] ** 2
        mean, scatter, passed = _clipped_moments(mean + np.where(up, 1, -1) * step, scatter, lowest, highest)
        variance = (passed * contraction) ** 2 * variance + scatter
        noise = read_noise[:, :live] ** 2
        total, reading = variance + noise, data.z[:live, t + 1]
        unread = np.isnan(reading)
        predicted, gain = mean, np.where(unread, 0, variance / total)
        mean, variance = mean + gain * np.where(unread, 0, reading - mean), (1 - gain) * variance
        yield live, t, reading, predicted, total, mean


def _clipped_moments(mean: Array, scatter: Array, low: Array, high: Array) -> tuple[Array, Array, Array | float]:
    """Mean and variance of a Gaussian that is clipped to the bounds, and its probability of lying inside."""
    deviation = np.sqrt(np.maximum(scatter, 1e-18))
    a, b = (low - mean) / deviation, (high - mean) / deviation
    if a.max() < -6 and b.min() > 6:
        return mean, scatter, 1.0
    a, b = np.clip(a, -30, 30), np.clip(b, -30, 30)
    below, above = ndtr(a), ndtr(-b)
    inside = 1 - below - above
    at_a, at_b = (np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) for x in (a, b))
    first = a * below + b * above + at_a - at_b
    second = a**2 * below + b**2 * above + inside + a * at_a - b * at_b
    far = (mean < low - 29 * deviation) | (mean > high + 29 * deviation)
    clipped = np.where(far, np.clip(mean, low, high), mean + deviation * first)
    return clipped, scatter * np.maximum(second - first**2, 1e-9), inside


def score(model: Model, point: Array, data: Data) -> Score:
    """Log-likelihood, gradient and Fisher information by finite differences of the innovations.

    Where a result is not finite, the log-likelihood is minus infinity, and gradient and information are 0.

    Args:
        model: The response kind.
        point: Parameters of every chain, shape (parameters, chains).
        data: The readings.
    """
    with np.errstate(all="ignore"):
        result = _score(model, point, data)
    if np.isfinite(result.value) and np.isfinite(result.fisher).all():
        return result
    return Score(-np.inf, np.zeros_like(result.gradient), np.zeros_like(result.fisher))


def _score(model: Model, point: Array, data: Data) -> Score:
    count, chains = point.shape
    moves = np.concatenate([np.zeros((1, count)), _NUDGE * np.eye(count)])
    theta = point[None] + moves[:, :, None]
    value, gradient, fisher = 0.0, np.zeros((count, chains)), np.zeros((chains, count, count))
    for live, _, reading, predicted, total, _ in kalman_filter(model, theta, data):
        error, variance = reading - predicted[0], total[0]
        value -= 0.5 * float(np.sum(np.log(2 * np.pi * variance) + error**2 / variance))
        d_mean = (predicted[1:] - predicted[0]) / (_NUDGE * np.sqrt(variance))
        d_variance = (total[1:] - variance) / (_NUDGE * np.sqrt(2) * variance)
        excess = error**2 / variance - 1
        gradient[:, :live] += d_mean * (error / np.sqrt(variance)) + d_variance * (excess / np.sqrt(2))
        slopes = np.stack([d_mean, d_variance]).transpose(2, 1, 0)
        fisher[:live] += slopes @ slopes.transpose(0, 2, 1)
    return Score(value, gradient.T, fisher)


def filtered(model: Model, point: Array, data: Data) -> Filtered:
    """Run the filter at one point, of shape (parameters, chains)."""
    columns = tuple(np.full(data.polarity.shape, np.nan) for _ in range(3))
    for live, t, _, *results in kalman_filter(model, point[None], data):
        for column, part in zip(columns, results, strict=True):
            column[:live, t] = part[0]
    return Filtered(*columns)
