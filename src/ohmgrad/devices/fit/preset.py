"""Turn an estimate into a device's record: nominal figures, 95 % intervals, and device-to-device variation."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from scipy.stats import chi2, norm, t

from ohmgrad import records
from ohmgrad.devices.fit.estimate import PER_DEVICE, Estimate
from ohmgrad.devices.fit.likelihood import Array, Data, filtered, kalman_filter, pieces
from ohmgrad.devices.fit.measured import Measured
from ohmgrad.devices.fit.models import labels
from ohmgrad.devices.record import Device
from ohmgrad.errors import InputError

_CONFIDENCE = 0.95
_WIDEST = float(np.log(1e9))
"""Largest logarithm of the ratio of an interval's end to the nominal figure."""
_NOISES = {"step_noise": False, "pulse_noise_siemens": True, "read_noise_siemens": True}
_SIDES = ("up", "down")


class _Population:
    """The devices of an estimate: the nominal (mean) device, and the variation between devices.

    Attributes:
        shared: Number of parameters common to all devices.
        identified: Whether the data determine the lower, and the upper, bound of at least half of the devices.
        chosen: The devices, of shape (devices, parameters of a device), that count for the mean of each parameter.
        reached: Lowest and highest conductance that the devices reached, in shares of the measured range.
    """

    def __init__(self, estimate: Estimate, data: Data):
        self.estimate, self.data = estimate, data
        self.shared = len(estimate.shared)
        by_device = estimate.identified[self.shared :].reshape(-1, PER_DEVICE)
        self.identified = [by_device[:, 2 + side].mean() >= 0.5 for side in range(2)]
        self.chosen = by_device | ~by_device.any(0)
        estimates = filtered(estimate.model, estimate.point(data), data).estimate
        reached = np.concatenate([estimates[np.isfinite(estimates)], [np.median(data.z[:, 0])]])
        self.reached = (max(float(reached.min()), -data.low_siemens / data.span_siemens), float(reached.max()))

    def nominal(self, full: Array) -> tuple[Array, Array]:
        """Shared parameters, and those of the nominal device; a bound that is not identified is the one reached."""
        per_device = full[self.shared :].reshape(-1, PER_DEVICE)
        mean = np.array([per_device[self.chosen[:, i], i].mean() for i in range(PER_DEVICE)])
        # A simulated device varies around the mean step, not around the mean of its logarithm.
        mean[:2] = np.log(np.exp(per_device[:, :2]).mean(0))
        for side, identified in enumerate(self.identified):
            if not identified:
                mean[2 + side] = self.reached[side]
        return full[: self.shared], mean

    def interval(self, figure: Callable[[Array], float]) -> tuple[float, float]:
        """The figure at the estimate, and half the width of its interval, device-to-device variation included."""
        full = np.concatenate([self.estimate.shared, self.estimate.per_device.ravel()])
        slope = np.zeros(len(full))
        for place in np.flatnonzero(self.estimate.identified):
            width = 1e-3 * min(float(np.sqrt(self.estimate.covariance[place, place])), 1.0)
            move = width * (np.arange(len(full)) == place)
            slope[place] = (figure(full + move) - figure(full - move)) / (2 * width)
        half = norm.ppf((1 + _CONFIDENCE) / 2) * np.sqrt(max(slope @ self.estimate.covariance @ slope, 0.0))
        count = self.data.devices
        if count > 1:
            # The figure depends on a mean over devices, so the variation between devices adds to its variance.
            weight = slope[self.shared :].reshape(-1, PER_DEVICE).sum(0)
            mean = np.array([self.estimate.per_device[self.chosen[:, i], i].mean() for i in range(PER_DEVICE)])
            around = np.where(self.chosen, self.estimate.per_device - mean, 0.0)
            between = float((around @ weight).var(ddof=1))
            within = np.mean([weight @ self._device_covariance(d) @ weight for d in range(count)])
            half = np.hypot(half, t.ppf((1 + _CONFIDENCE) / 2, count - 1) * np.sqrt(max(between - within, 0) / count))
        return figure(full), float(half)

    def _device_covariance(self, device: int) -> Array:
        first = self.shared + PER_DEVICE * device
        return self.estimate.covariance[first : first + PER_DEVICE, first : first + PER_DEVICE]

    def spread(self, trait: Callable[[Array], float], devices: Array) -> dict[str, float] | None:
        """Standard deviation of a trait over `devices`, with its interval; the variance of the estimates is subtracted.

        Args:
            trait: A function of the parameters of one device.
            devices: Which devices count.
        """
        count = int(devices.sum())
        if count < 2:
            return None
        values, variances = [], []
        for device in map(int, np.flatnonzero(devices)):
            at = self.estimate.per_device[device]
            slope = np.array([(trait(at + move) - trait(at - move)) / 2e-5 for move in 1e-5 * np.eye(PER_DEVICE)])
            values.append(trait(at))
            variances.append(slope @ self._device_covariance(device) @ slope)
        total, of_estimates = float(np.var(values, ddof=1)), float(np.mean(variances))
        tails = chi2.ppf([(1 + _CONFIDENCE) / 2, (1 - _CONFIDENCE) / 2], count - 1)
        low, high = (np.sqrt(max(total * (count - 1) / tail - of_estimates, 0.0)) for tail in tails)
        nominal = float(np.sqrt(max(total - of_estimates, 0.0)))
        return {"low": float(min(low, nominal)), "nominal": nominal, "high": float(max(high, nominal))}


def device(kind: str, estimate: Estimate, data: Data, measured: Measured, also: dict[str, Any]) -> Device:
    """The record of a fitted device (`Fit.record`); fields of `also` are added or take precedence."""
    population = _Population(estimate, data)
    source = f"{measured}; {kind} by maximum likelihood; low to high: 95 % interval"
    fields: dict[str, Any] = {
        "title": f"Fitted to {measured.name}: {kind}",
        "citation": f"{measured}; fitted with ohmgrad devices fit",
    }
    for side, name in enumerate(("g_min_siemens", "g_max_siemens")):
        fields[name] = _bound(population, side, source)
    fields["read_volts"] = read_volts(measured)
    fields["response"] = _response(kind, population, source, measured.one_sided)
    for place, (name, siemens) in enumerate(_NOISES.items()):
        fields |= _noise(population, place, name, siemens, source)
    fields["one_sided"] = measured.one_sided
    if spread := _spread(population, source, measured.one_sided):
        fields["spread"] = spread
    for side, pulse in zip(_SIDES, (measured.up_pulse, measured.down_pulse), strict=True):
        if pulse:
            given = [{"low": v, "nominal": v, "high": v, "basis": "published", "source": measured.name} for v in pulse]
            fields[f"{side}_pulse"] = {"volts": given[0], "seconds": given[1]}
    return records.check(Device, fields | also, f"{measured.name}: the data do not make a device of kind {kind}")


def read_volts(measured: Measured) -> dict[str, Any]:
    """The figure of the read voltage: that of the measurement, else an assumption."""
    if measured.read_volts is not None:
        bounds, basis = dict.fromkeys(("low", "nominal", "high"), measured.read_volts), "published"
        return bounds | {"basis": basis, "source": f"{measured.name}: read at this voltage"}
    source = "the data do not say at which voltage the device will be read"
    return {"low": 0.05, "nominal": 0.2, "high": 0.5, "basis": "assumption", "source": source}


def _figure(nominal: float, half: float, source: str, scale: Literal["log", "linear"] = "log") -> dict[str, Any]:
    """A figure with its interval; on the scale "log" the interval of a positive figure stays positive."""
    low, high = nominal - half, nominal + half
    if scale == "log" and nominal > 0:
        ratio = float(np.exp(min(half / nominal, _WIDEST)))
        low, high = nominal / ratio, nominal * ratio
    return {"low": low, "nominal": nominal, "high": high, "basis": "derived", "source": source}


def _bound(population: _Population, side: int, source: str) -> dict[str, Any]:
    data = population.data
    if not population.identified[side]:
        end = ("lowest", "highest")[side]
        source = f"{end} conductance reached; the data do not show a bound (no interval); {source.split(';')[0]}"
    value, half = population.interval(lambda full: population.nominal(full)[1][2 + side])
    siemens, half = max(data.low_siemens + data.span_siemens * value, 0.0), data.span_siemens * half
    if side == 1:
        return _figure(siemens, half, source)
    low = _figure(siemens, half, source, "linear")  # the lowest conductance may be 0
    return low | {"low": max(low["low"], 0.0)}


def _noise(population: _Population, place: int, name: str, siemens: bool, source: str) -> dict[str, Any]:
    where = 2 * pieces(population.estimate.model) + place
    scale = population.data.span_siemens if siemens else 1.0
    if not population.estimate.free[where]:
        if name == "read_noise_siemens" and not (population.data.lengths > 1).any():
            source = f"single pulses cannot separate it from the noise of a pulse; {source}"
        return {name: _figure(0.0, 0.0, f"not needed to describe the data; {source}")}
    value, half = population.interval(lambda full: float(np.exp(full[where])))
    return {name: _figure(scale * value, scale * half, source)}


def _one_side(population: _Population, side: int, full: Array) -> dict[str, float]:
    """The record's figures of one polarity, at a point in the space of all parameters."""
    model = population.estimate.model
    n = pieces(model)
    shared, (rate_up, rate_down, low, high) = population.nominal(full)
    if side == 0:
        return model.record(float(np.exp(rate_up)), low, high, shared[:n].tolist())
    return model.record(float(np.exp(rate_down)), 1 - high, 1 - low, shared[n : 2 * n].tolist())


def _response(kind: str, population: _Population, source: str, one_sided: bool) -> dict[str, Any]:
    full = np.concatenate([population.estimate.shared, population.estimate.per_device.ravel()])
    if kind == "table":
        return {"kind": kind} | _table(population, full, one_sided)
    fields: dict[str, Any] = {"kind": kind}
    for side, name in enumerate(_SIDES):
        if side and one_sided:
            fields |= _no_depression(fields)
            continue

        def figures_of(full: Array, side: int = side) -> dict[str, float]:
            figures = _one_side(population, side, full)
            if kind == "neurosim":
                figures = labels(figures["step"], figures["slope"])
            named = {_field_name(side, key): value * _sign(side, key) for key, value in figures.items()}
            return named | _mirrored(side, figures)

        try:
            for field in figures_of(full):
                value, half = population.interval(lambda full, field=field: figures_of(full)[field])
                signed = field.split("_")[-1] in ("slope", "amplitude", "exponent", "label")
                fields[field] = _figure(value, half, source, "linear" if signed else "log")
        except ValueError as error:
            raise InputError(f"model neurosim: no nonlinearity label up to 9 for {name} pulses ({error})") from None
    return fields


def _field_name(side: int, figure: str) -> str:
    return _SIDES[side] if figure == "step" else f"{_SIDES[side]}_{figure}"


def _sign(side: int, figure: str) -> int:
    """NeuroSim's labels of LTD curves are negative where large steps come first."""
    return -1 if side and figure == "label" else 1


def _mirrored(side: int, figures: dict[str, float]) -> dict[str, float]:
    """The amplitude of depression: 1 - a exp(k (1 - x)) is written as 1 - (a exp(k)) exp(-k x)."""
    if side and "amplitude" in figures:
        return {"down_amplitude": figures["amplitude"] * float(np.exp(figures["exponent"]))}
    return {}


def _no_depression(fields: dict[str, Any]) -> dict[str, Any]:
    """The figures of depression of a device that received no depressing pulses: unknown, and unused."""
    source = "no depressing pulse in the data; the device is one-sided"
    mirrored = {}
    for name, figure in fields.items():
        if name != "kind":
            nominal = 0.0 if name == "up" else figure["nominal"]
            mirrored[name.replace("up", "down", 1)] = {
                "low": nominal,
                "nominal": nominal,
                "high": nominal,
                "basis": "assumption",
                "source": source,
            }
    return mirrored


def _table(population: _Population, full: Array, one_sided: bool) -> dict[str, Any]:
    data = population.data
    up, down = (np.array(list(_one_side(population, side, full).values())) for side in range(2))
    heights = {"up_siemens": up, "down_siemens": up[::-1] if one_sided else 1 - down}
    return {
        name: [max(float(data.low_siemens + data.span_siemens * z), 0.0) for z in values]
        for name, values in heights.items()
    }


def _spread(population: _Population, source: str, one_sided: bool) -> dict[str, Any]:
    """Device-to-device variation, with the fields of `devices.spread.Spread`; empty where there is one device only."""
    estimate, all_devices = population.estimate, np.ones(population.data.devices, bool)
    full = np.concatenate([estimate.shared, estimate.per_device.ravel()])
    shared, nominal = population.nominal(full)
    n, span = pieces(estimate.model), nominal[3] - nominal[2]

    def scale(device: Array, side: int) -> float:
        """Step at the nominal bound that the polarity starts from, relative to the nominal device's."""
        shape = [np.array(value) for value in (shared[:n] if side == 0 else shared[n : 2 * n])]
        start = nominal[2] if side == 0 else 1 - nominal[3]

        def step(device: Array) -> float:
            bounds = (device[2], device[3]) if side == 0 else (1 - device[3], 1 - device[2])
            return float(estimate.model.step(np.array(start), np.exp(device[side]), *bounds, shape))

        return step(device) / step(nominal)

    def common(device: Array) -> float:
        return scale(device, 0) if one_sided else (scale(device, 0) + scale(device, 1)) / 2

    variation = {"step": population.spread(common, all_devices)}
    if not one_sided:
        variation["imbalance"] = population.spread(lambda d: (scale(d, 0) - scale(d, 1)) / 2, all_devices)
    for side, name in enumerate(("g_min", "g_max")):
        if population.identified[side]:
            chosen = population.chosen[:, 2 + side]
            variation[name] = population.spread(lambda d, side=side: d[2 + side] / span, chosen)
    return {name: value | {"basis": "derived", "source": source} for name, value in variation.items() if value}


def curve(estimate: Estimate, data: Data, chain: int, device: int | None = None) -> tuple[Array, Array]:
    """Predict a chain from its first reading alone.

    Args:
        estimate: The fitted model.
        data: The readings it was fitted to.
        chain: Index of the chain whose pulses are applied.
        device: Index of the device; None: the nominal device.

    Returns:
        Mean and standard deviation of the readings, in shares of the measured range.
    """
    if device is None:
        population = _Population(estimate, data)
        full = np.concatenate([estimate.shared, estimate.per_device.ravel()])
        point = np.concatenate(population.nominal(full))
    else:
        point = np.concatenate([estimate.shared, estimate.per_device[device]])
    length = data.lengths[chain]
    alike = (data.device == data.device[chain]) if device is not None else np.ones(len(data.device), bool)
    alike &= (data.lengths == length) & (data.polarity[:, 0] == data.polarity[chain, 0])
    unread = np.full((1, length + 1), np.nan)
    unread[0, 0] = start = float(np.mean(data.z[alike, 0]))
    alone = Data(
        unread, data.polarity[chain : chain + 1, :length], data.lengths[chain : chain + 1], np.zeros(1, int), 0, 1
    )
    predictions = [
        (predicted[0, 0], total[0, 0])
        for *_, predicted, total, _ in kalman_filter(estimate.model, point[None, :, None], alone)
    ]
    mean, variance = np.array(predictions).T
    return np.concatenate([[start], mean]), np.sqrt(np.concatenate([[0.0], variance]))


def written(measured: Measured, also: dict[str, Any]) -> Device:
    """The record of a device that was measured by verified writes only; all else is marked as an assumption."""
    low, high = (bound(each.target_siemens for each in measured.verified_writes) for bound in (min, max))
    one_target = low == high
    ends = ("lowest target", "highest target")
    if one_target:
        low, high = 0.0, max(each.g_siemens for each in measured.verified_writes)
        ends = ("assumed: writes to one target show no range", "highest reading: writes to one target show no range")
    step = "pulses were not measured: 50 equal steps over the range, so that the device can be pulsed at all"
    assumed = {"low": 0.001, "nominal": 0.02, "high": 0.2, "basis": "assumption", "source": step}
    basis = "assumption" if one_target else "derived"
    bounds = (
        {"low": g, "nominal": g, "high": g, "basis": basis, "source": f"{end}; {measured}"}
        for g, end in zip((low, high), ends, strict=True)
    )
    fields = {
        "title": f"Fitted to {measured.name}: verified writes",
        "citation": f"{measured}; fitted with ohmgrad devices fit",
        **dict(zip(("g_min_siemens", "g_max_siemens"), bounds, strict=True)),
        "read_volts": read_volts(measured),
        "response": {"kind": "linear-step", "up": assumed, "down": assumed},
    }
    return records.check(Device, fields | also, f"{measured.name}: the writes do not make a device")
