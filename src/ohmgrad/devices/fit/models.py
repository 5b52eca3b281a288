"""The response kinds that a fit tries: the step of one pulse, a start for the search, the figures of the record.

A fit scales conductance so that the lowest reading is 0 and the highest 1. Depression is potentiation mirrored
(z -> 1 - z), so each kind is written once, for a rising conductance.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Step = Callable[[Array, Array, Array, Array, Sequence[Array]], Array]
KNOTS = 8
"""Points over the measured range between which a table's logarithmic steps are interpolated."""


class Model(NamedTuple):
    """One response kind with the parameters of one polarity: a rate, two bounds and shape parameters.

    Attributes:
        kind: Name of the kind, as a device's record has it.
        step: `step(z, rate, bottom, top, shape)`: what a pulse adds at conductance z; `shape` has one array per shape
            parameter. All in shares of the measured range.
        start: `start(z, steps)`: rate and shape parameters to start a search from, given mean steps at conductances z.
        limits: Lower and upper limit of each shape parameter.
        record: `record(rate, bottom, top, shape)`: the figures of one polarity, as a device's record has them.
        soft_bounds: Whether steps vanish at the bounds. Otherwise the conductance is clipped at a bound, and only
            devices that were driven into it show where it is.
    """

    kind: str
    step: Step
    start: Callable[[Array, Array], tuple[float, list[float]]]
    limits: Sequence[tuple[float, float]]
    record: Callable[[float, float, float, Sequence[float]], dict[str, float]]
    soft_bounds: bool = False


def _linear(z, rate, bottom, top, shape):
    return rate * (1 - shape[0] * z)


def _linear_start(z, steps):
    around = z - z.mean()
    slope = float(around @ steps / max(float(around @ around), 1e-12))
    offset = float(steps.mean()) - slope * float(z.mean())
    offset = max(offset, 0.1 * float(np.mean(steps)), 1e-4)
    return offset, [-slope / offset]


def _linear_record(rate, bottom, top, shape):
    left = 1 - shape[0] * bottom
    return {"step": rate * left / (top - bottom), "slope": shape[0] * (top - bottom) / left}


def _soft(z, rate, bottom, top, shape):
    return rate * (top - z)


def _soft_start(z, steps):
    rate = float(np.sum(steps * (1.02 - z)) / np.sum((1.02 - z) ** 2))
    return min(max(rate, 1e-4), 0.9), []


def _power(z, rate, bottom, top, shape):
    # The flow dy/dt = -y^p over one pulse, y the distance to the bound; log1p(q t) / q has a limit at q = p - 1 = 0.
    distance, q = np.maximum((top - z) / (top - bottom), 1e-9), shape[0] - 1
    q = np.where(np.abs(q) < 1e-7, 1e-7, q)
    left = distance * np.exp(-np.log1p(np.maximum(q * rate * distance**q, -1 + 1e-12)) / q)
    return (top - bottom) * (distance - left)


def _power_start(z, steps):
    return _soft_start(z, steps)[0], [1.0]


def _exponential(z, rate, bottom, top, shape):
    # dz/dt = rate (1 - lost E(z)), E = (exp(k z) - 1) / (exp(k) - 1): linear steps where k is 0. Solved over one pulse.
    plain, _, k = _plain(rate, shape)
    speed = np.maximum(rate - (plain - rate) * np.expm1(k * z), 0)
    return -np.log1p(np.maximum(speed / plain * np.expm1(-k * plain), -1 + 1e-12)) / k


_LEAST_BEND = 5e-3
"""Exponent over the measured range below which a curve counts as straight."""


def _plain(rate, shape):
    """The parameters of plain (1 - amplitude exp(k z)), the form of a record, where plain must be positive."""
    k = np.where(np.abs(shape[1]) < _LEAST_BEND, _LEAST_BEND, shape[1])
    plain = np.maximum(rate * (1 + shape[0] / np.expm1(k)), 1e-3 * rate)
    return plain, 1 - rate / plain, k


def _exponential_start(z, steps):
    """Least squares over a grid of exponents; the other two parameters are linear."""
    best: tuple[float, float, list[float]] = (math.inf, *_linear_start(z, steps))
    best[2].append(0.5)
    for k in (-16.0, -8.0, -4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 8.0, 16.0):
        columns = np.stack([np.ones_like(z), np.expm1(k * z)], 1)
        (rate, weight), *_ = np.linalg.lstsq(columns, steps, rcond=None)
        error = float(np.sum((columns @ [rate, weight] - steps) ** 2))
        if rate > 1e-6 and weight < rate and error < best[0]:
            best = error, float(rate), [float(-weight / rate * np.expm1(k)), k]
    return best[1], best[2]


def _exponential_record(rate, bottom, top, shape):
    plain, amplitude, k = (float(value) for value in _plain(rate, shape))
    span = top - bottom
    return {"step": plain / span, "amplitude": amplitude * math.exp(k * bottom), "exponent": k * span}


def _knots(z, rate, bottom, top, shape):
    logs = np.stack(np.broadcast_arrays(np.zeros_like(z), *shape))
    place = np.clip(z, 0, 1) * (KNOTS - 1)
    left = np.minimum(place.astype(int), KNOTS - 2)
    low, high = (np.take_along_axis(logs, (left + n)[None], 0)[0] for n in range(2))
    return rate * np.exp(low + (place - left) * (high - low))


def _knots_start(z, steps):
    at = np.interp(np.linspace(0, 1, KNOTS), z, np.maximum(steps, 0.02 * float(np.mean(np.abs(steps)))))
    return float(at[0]), [float(v) for v in np.log(at[1:] / at[0])]


def _knots_record(rate, bottom, top, shape):
    """Conductances after 0, 1, 2, ... pulses from `bottom`, keyed by the number of pulses; at most 1000."""
    curve, least = [bottom], 1e-4 * (top - bottom)
    given = [np.array(value) for value in shape]
    while len(curve) < 1000 and curve[-1] < top:
        step = float(_knots(np.array(curve[-1]), rate, bottom, top, given))
        if step < least:
            break
        curve.append(min(curve[-1] + step, top))
    return {str(n): z for n, z in enumerate(curve)}


MODELS = {
    model.kind: model
    for model in (
        Model("linear-step", _linear, _linear_start, [(-50.0, 1.1)], _linear_record),
        Model("soft-bounds", _soft, _soft_start, [], lambda rate, *_: {"step": rate}, soft_bounds=True),
        Model(
            "exponential-step",
            _exponential,
            _exponential_start,
            [(-50.0, 1.5), (-20.0, 20.0)],
            _exponential_record,
        ),
        Model(
            "power-step",
            _power,
            _power_start,
            [(0.05, 5.0)],
            lambda rate, _bottom, _top, shape: {"step": rate, "power": shape[0]},
            soft_bounds=True,
        ),
        Model("table", _knots, _knots_start, [(-8.0, 8.0)] * (KNOTS - 1), _knots_record),
    )
}


def labels(step: float, slope: float) -> dict[str, float]:
    """NeuroSim's description of a linear step: pulses over the range and a nonlinearity label.

    A pulse shrinks the distance to the curve's asymptote by the factor 1 - step slope; over the whole range that
    distance shrinks to 1 - slope. The label is positive where large steps come first (Chen, Peng & Yu, IEEE TCAD 37,
    3067, 2018).

    Args:
        step: Step at the lower end, in shares of the range.
        slope: Share of the step that is lost over the range.

    Returns:
        `pulses` and `label`.

    Raises:
        ValueError: where no label up to 9 describes the curve.
    """
    if slope >= 1 - 1e-9 or step * slope >= 1 - 1e-9:
        raise ValueError("the curve ends in its bound")
    if abs(slope) < 1e-6:
        return {"pulses": 1 / step, "label": 0.0}
    bend = -math.log1p(-slope)
    pulses = bend / -math.log1p(-step * slope)
    ends = -math.expm1(-abs(bend))
    top = math.log(abs(bend) / ends) / abs(bend)
    bulge = -math.expm1(-top * abs(bend)) / ends - top
    label = math.copysign(bulge / (0.07 * math.sqrt(2)), bend)
    if abs(label) > 9:
        raise ValueError(f"label {label:.1f}")
    return {"pulses": pulses, "label": label}
