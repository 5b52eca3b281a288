"""Which response kind the data speak for, and what comes of it."""

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
"""NeuroSim's curves are linear steps in other words: same likelihood, other parameters."""
_HARMLESS_ORDER = ("pulse_noise", "step_noise", "read_noise")
_MOST_ROUNDS = 4
"""How often a fit is looked through for outliers and made again without them."""


@dataclass(frozen=True)
class Candidate:
    """How well a kind describes the data: the lower AIC or BIC, the better."""

    kind: str
    log_likelihood: float
    parameters: int
    aic: float
    bic: float
    converged: bool


class Pulsed(NamedTuple):
    """The chosen kind at its most likely parameters; `candidates` are all that were tried, the best first.

    `data` are the readings in shares of the measured range; `outliers` are left out of them.
    """

    kind: str
    estimate: Estimate
    candidates: tuple[Candidate, ...]
    data: Data
    outliers: tuple[Outlier, ...]


@dataclass(frozen=True)
class Fit:
    """A device fitted to measured data: its answer to pulses, the error of its verified writes, or both."""

    measured: Measured
    pulsed: Pulsed | None
    writes: WriteError | None

    @property
    def kind(self) -> str:
        return self.answer.kind

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return () if self.pulsed is None else self.pulsed.candidates

    @property
    def answer(self) -> Pulsed:
        """What was fitted to pulses. Raises ValueError where there were none."""
        if self.pulsed is None:
            raise ValueError("verified writes only")
        return self.pulsed

    @property
    def outliers(self) -> tuple[Outlier | VerifiedWrite, ...]:
        """Readings left out."""
        pulsed = () if self.pulsed is None else self.pulsed.outliers
        return (*pulsed, *(() if self.writes is None else self.writes.outliers))

    @cached_property
    def filtered(self) -> Filtered:
        """Readings predicted one pulse ahead, in shares of the measured range (`Pulsed.data`)."""
        return _filtered(self.answer.estimate, self.answer.data)

    def record(self) -> Device:
        """The device, each figure with its 95 % interval as low and high.

        Raises InputError where the kind cannot say what was measured (a NeuroSim label above 9, say).
        """
        return _record(self.measured, self.pulsed, self.writes)

    def yaml(self) -> str:
        """The record as the text of a preset file."""
        fields = self.record().model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=110)

    def summary(self) -> dict[str, Any]:
        """Everything as plain fields, for JSON."""
        pulses = {"up": self.measured.pulses(1), "down": self.measured.pulses(-1)}
        return {
            "file": self.measured.name,
            "columns": [asdict(taken) for taken in self.measured.columns],
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
    """The response kind with the lowest BIC ("auto"), or the one named, with its most likely parameters.

    Noises that the data can do without (the BIC falls) are left out of the kind that is chosen, and so are readings
    that no noise explains. Raises InputError where there is no such kind, or where the data do not make a device of it.
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
    while not measured.distribution and (found := outliers.gross(measured)):
        measured, more = outliers.without(measured, found)
        left_out += more
    data, estimates = _likely(measured, wanted)
    for _ in range(0 if measured.distribution else _MOST_ROUNDS):
        found = outliers.surprising(ordered(measured), _surprise(estimates[0], data))
        if not found:
            break
        measured, more = outliers.without(measured, found)
        data, estimates = _likely(measured, wanted)
        left_out += more
    kinds = KINDS if model == "auto" else (model,)
    by_kind = {estimate.model.kind: estimate for estimate in estimates}
    candidates = [
        _candidate(kind, by_kind[_SAME.get(kind, kind)]) for kind in KINDS if _SAME.get(kind, kind) in by_kind
    ]
    candidates.sort(key=lambda candidate: candidate.bic)
    faults = []
    for candidate in candidates:
        if candidate.kind not in kinds or (model == "auto" and candidate.kind in _SAME):
            continue
        estimate = _quietest(by_kind[_SAME.get(candidate.kind, candidate.kind)], data)
        pulsed = Pulsed(candidate.kind, estimate, tuple(candidates), data, left_out)
        try:
            _record(measured, pulsed, None)
        except InputError as error:
            faults.append(error)
        else:
            return measured, pulsed
    raise faults[0]


def _likely(measured: Measured, wanted: list[str]) -> tuple[Data, list[Estimate]]:
    """The data as arrays, and estimates of the kinds that they can be told from, the lowest BIC first."""
    measured.enough()
    outliers.check_direction(measured)
    data = arrange(measured)
    found = [maximise(MODELS[kind], data) for kind in wanted]
    found = [estimate for estimate in found if np.isfinite(estimate.log_likelihood)]
    if not found:
        kinds = " or ".join(wanted)
        raise InputError(f"{measured.name}: the search finds no device of kind {kinds}; allowed: another `model`")
    return data, sorted(found, key=lambda estimate: estimate.bic)


def _quietest(estimate: Estimate, data: Data) -> Estimate:
    """The estimate without noises that the data can do without."""
    for noise in _HARMLESS_ORDER:
        found = without_noise(estimate, noise, data)
        if found.bic <= estimate.bic:
            estimate = found
    return estimate


def _filtered(estimate: Estimate, data: Data) -> Filtered:
    return filtered(estimate.model, estimate.point(data), data)


def _surprise(estimate: Estimate, data: Data) -> np.ndarray:
    """What each reading deviates from its forecast, in standard deviations: (chains, pulses)."""
    found = _filtered(estimate, data)
    return (data.z[:, 1:] - found.predicted) / np.sqrt(found.variance)


def _record(measured: Measured, pulsed: Pulsed | None, writes: WriteError | None) -> Device:
    also = {} if writes is None else writes.fields(f"{measured}; maximum likelihood; low to high: 95 % interval")
    if pulsed is None:
        return preset.written(measured, also)
    return preset.device(pulsed.kind, pulsed.estimate, pulsed.data, measured, also)


def _candidate(kind: str, estimate: Estimate) -> Candidate:
    return Candidate(kind, estimate.log_likelihood, estimate.parameters, estimate.aic, estimate.bic, estimate.converged)
