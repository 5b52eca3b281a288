"""Choose the response kind that describes measured data best, and make a device's record of it."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import yaml

from ohmgrad.devices.fit import outliers, preset
from ohmgrad.devices.fit.estimate import Estimate, maximise, without_noise
from ohmgrad.devices.fit.likelihood import Data, Filtered, arrange, filtered, ordered
from ohmgrad.devices.fit.measured import Measured, VerifiedWrite
from ohmgrad.devices.fit.models import MODELS
from ohmgrad.devices.fit.outliers import Outlier
from ohmgrad.devices.fit.writes import WriteError, fit_writes
from ohmgrad.devices.record import Device
from ohmgrad.errors import InputError, unknown

KINDS = ("linear-step", "neurosim", "soft-bounds", "exponential-step", "power-step", "table")
_SAME = {"neurosim": "linear-step"}
"""NeuroSim's curves are linear steps with other parameters: the same likelihood."""
_NOISE_ORDER = ("pulse_noise", "step_noise", "read_noise")
"""Order in which noises are tried for removal."""
_MAX_ROUNDS = 4
"""Largest number of times that outliers are removed and the fit is repeated."""


@dataclass(frozen=True)
class Candidate:
    """How well a response kind describes the data; a lower AIC or BIC is better.

    Attributes:
        kind: Name of the kind.
        log_likelihood: Logarithm of the likelihood at its maximum.
        parameters: Number of free parameters.
        aic: Akaike's information criterion.
        bic: Bayesian information criterion.
        converged: Whether the search for the maximum converged.
    """

    kind: str
    log_likelihood: float
    parameters: int
    aic: float
    bic: float
    converged: bool


class Pulsed(NamedTuple):
    """The result of fitting pulses.

    Attributes:
        kind: The chosen response kind.
        estimate: Its maximum-likelihood parameters.
        candidates: All kinds that were tried, lowest BIC first.
        data: The readings, scaled to the measured range, without outliers.
        outliers: The readings that were left out.
    """

    kind: str
    estimate: Estimate
    candidates: tuple[Candidate, ...]
    data: Data
    outliers: tuple[Outlier, ...]


@dataclass(frozen=True)
class Fit:
    """A device fitted to measured data: its response to pulses, the error of its verified writes, or both.

    Attributes:
        measured: The data, without outliers.
        pulsed: The fit of pulses; None where the data have verified writes only.
        writes: The fit of verified writes; None where the data have none.
    """

    measured: Measured
    pulsed: Pulsed | None
    writes: WriteError | None

    @property
    def kind(self) -> str:
        """The chosen response kind; raises ValueError where the data have no pulses."""
        return self.response.kind

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All response kinds that were tried, lowest BIC first."""
        return () if self.pulsed is None else self.pulsed.candidates

    @property
    def response(self) -> Pulsed:
        """The fit of pulses; raises ValueError where the data have none."""
        if self.pulsed is None:
            raise ValueError("verified writes only")
        return self.pulsed

    @property
    def outliers(self) -> tuple[Outlier | VerifiedWrite, ...]:
        """Readings and writes that the fit left out."""
        pulsed = () if self.pulsed is None else self.pulsed.outliers
        return (*pulsed, *(() if self.writes is None else self.writes.outliers))

    @cached_property
    def filtered(self) -> Filtered:
        """One-pulse-ahead predictions of all readings, scaled as `Pulsed.data`."""
        return _filtered(self.response.estimate, self.response.data)

    def record(self) -> Device:
        """The device's record, with the 95 % interval of each figure as its low and high.

        Raises:
            InputError: where the kind cannot express the estimate (for example a NeuroSim label above 9).
        """
        return _record(self.measured, self.pulsed, self.writes)

    def yaml(self) -> str:
        """The record as the text of a preset file."""
        fields = self.record().model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=110)

    def summary(self) -> dict[str, Any]:
        """The whole result as plain values, for JSON."""
        pulses = {"up": self.measured.pulses(1), "down": self.measured.pulses(-1)}
        return {
            "file": self.measured.name,
            "columns": [asdict(column) for column in self.measured.columns],
            "devices": len(self.measured.devices),
            "chains": len(self.measured.chains),
            "pulses": pulses,
            "verified_writes": len(self.measured.verified_writes),
            "outliers": [asdict(outlier) for outlier in self.outliers],
            "model": None if self.pulsed is None else self.pulsed.kind,
            "converged": None if self.pulsed is None else self.pulsed.estimate.converged,
            "candidates": [asdict(candidate) for candidate in self.candidates],
            "device": self.record().model_dump(mode="json", exclude_defaults=True),
        }


def fit(measured: Measured, model: str = "auto") -> Fit:
    """Fit a device to measured data by maximum likelihood.

    Outliers are removed. A noise is set to zero in the chosen kind where that lowers the BIC.

    Args:
        measured: The data, as `read` returns them.
        model: A response kind of `KINDS`, or "auto": the kind with the lowest BIC.

    Raises:
        InputError: where there is no such kind, the search finds no parameters, or the data are too few, or
            inconsistent with any device of the kind.
    """
    if model not in ("auto", *KINDS):
        raise unknown("model", model, ("auto", *KINDS))
    writes = fit_writes(measured.verified_writes) if measured.verified_writes else None
    pulsed = None
    if measured.chains:
        measured, pulsed = _pulsed(measured, model)
    return Fit(measured, pulsed, writes)


def _pulsed(measured: Measured, model: str) -> tuple[Measured, Pulsed]:
    """The data without outliers, and the best kind for them."""
    wanted = list(MODELS) if model == "auto" else [_SAME.get(model, model)]
    left_out: tuple[Outlier, ...] = ()
    while not measured.distribution and (suspects := outliers.gross(measured)):
        measured, removed = outliers.without(measured, suspects)
        left_out += removed
    data, estimates = _estimates(measured, wanted)
    for _ in range(0 if measured.distribution else _MAX_ROUNDS):
        suspects = outliers.surprising(ordered(measured), _residuals(estimates[0], data))
        if not suspects:
            break
        measured, removed = outliers.without(measured, suspects)
        data, estimates = _estimates(measured, wanted)
        left_out += removed
    kinds = KINDS if model == "auto" else (model,)
    by_kind = {estimate.model.kind: estimate for estimate in estimates}
    candidates = [
        _candidate(kind, by_kind[_SAME.get(kind, kind)]) for kind in KINDS if _SAME.get(kind, kind) in by_kind
    ]
    candidates.sort(key=lambda candidate: candidate.bic)
    errors = []
    for candidate in candidates:
        if candidate.kind not in kinds or (model == "auto" and candidate.kind in _SAME):
            continue
        estimate = _without_needless_noise(by_kind[_SAME.get(candidate.kind, candidate.kind)], data)
        pulsed = Pulsed(candidate.kind, estimate, tuple(candidates), data, left_out)
        try:
            _record(measured, pulsed, None)
        except InputError as error:
            errors.append(error)
        else:
            return measured, pulsed
    raise errors[0]


def _estimates(measured: Measured, wanted: list[str]) -> tuple[Data, list[Estimate]]:
    """The data as arrays, and estimates of the `wanted` kinds with a finite likelihood, lowest BIC first."""
    measured.enough()
    outliers.check_direction(measured)
    data = arrange(measured)
    estimates = [maximise(MODELS[kind], data) for kind in wanted]
    estimates = [estimate for estimate in estimates if np.isfinite(estimate.log_likelihood)]
    if not estimates:
        kinds = " or ".join(wanted)
        raise InputError(f"{measured.name}: the search finds no device of kind {kinds}; allowed: another `model`")
    return data, sorted(estimates, key=lambda estimate: estimate.bic)


def _without_needless_noise(estimate: Estimate, data: Data) -> Estimate:
    """The estimate with every noise removed whose removal does not raise the BIC."""
    for noise in _NOISE_ORDER:
        reduced = without_noise(estimate, noise, data)
        if reduced.bic <= estimate.bic:
            estimate = reduced
    return estimate


def _filtered(estimate: Estimate, data: Data) -> Filtered:
    return filtered(estimate.model, estimate.point(data), data)


def _residuals(estimate: Estimate, data: Data) -> np.ndarray:
    """Deviation of each reading from its prediction, in standard deviations: (chains, pulses)."""
    predictions = _filtered(estimate, data)
    return (data.z[:, 1:] - predictions.predicted) / np.sqrt(predictions.variance)


def _record(measured: Measured, pulsed: Pulsed | None, writes: WriteError | None) -> Device:
    also = {} if writes is None else writes.fields(f"{measured}; maximum likelihood; low to high: 95 % interval")
    if pulsed is None:
        return preset.written(measured, also)
    return preset.device(pulsed.kind, pulsed.estimate, pulsed.data, measured, also)


def _candidate(kind: str, estimate: Estimate) -> Candidate:
    return Candidate(kind, estimate.log_likelihood, estimate.parameters, estimate.aic, estimate.bic, estimate.converged)
