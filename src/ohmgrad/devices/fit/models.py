"""The response kinds as a fit sees them: the step of one pulse, where a search starts, and what the record calls it.

A fit measures conductance from the lowest reading (0) to the highest (1). Depression is potentiation seen from above,
so each kind is written once, for a rising conductance: `step(z, rate, bottom, top, shape)`, `shape` one array per
parameter.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Step = Callable[[Array, Array, Array, Array, Sequence[Array]], Array]
KNOTS = 8
"""Points over the measured range between which a table's steps are read."""


class Model(NamedTuple):
    """`start(z, steps)` is rate and shape from mean steps; `record(rate, bottom, top, shape)` are a polarity's figures.

    `limits` are those of each shape parameter. Bounds that the steps themselves vanish at are `own_bounds`; elsewhere a
    bound is where the conductance is held, and it shows only in devices that were driven against it.
    """

    kind: str
    step: Step
    start: Callable[[Array, Array], tuple[float, list[float]]]
    limits: Sequence[tuple[float, float]]
    record: Callable[[float, float, float, Sequence[float]], dict[str, float]]
    own_bounds: bool = False


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
"""Exponent over the measured range below which a curve is straight."""


def _plain(rate, shape):
    """The same as plain (1 - amplitude exp(k z)): plain, amplitude, k. A record takes no plain below 0."""
    k = np.where(np.abs(shape[1]) < _LEAST_BEND, _LEAST_BEND, shape[1])
    plain = np.maximum(rate * (1 + shape[0] / np.expm1(k)), 1e-3 * rate)
    return plain, 1 - rate / plain, k


def _exponential_start(z, steps):
    """The best of a ladder of exponents, the other two parameters being linear."""
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
    """The conductances after 0, 1, 2, ... pulses from `bottom`, as keys; at most 1000 of them."""
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
        Model("soft-bounds", _soft, _soft_start, [], lambda rate, *_: {"step": rate}, own_bounds=True),
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
            own_bounds=True,
        ),
        Model("table", _knots, _knots_start, [(-8.0, 8.0)] * (KNOTS - 1), _knots_record),
    )
}


def labels(step: float, slope: float) -> dict[str, float]:
    """Pulses over the range and nonlinearity label (positive: large steps first) of a linear step: NeuroSim's words.

    Chen, Peng & Yu, IEEE TCAD 37, 3067 (2018). A pulse shrinks the distance to the curve's end by the factor 1 - step
    slope; over the range it shrinks to 1 - slope. Raises ValueError where no label up to 9 says the same.
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
