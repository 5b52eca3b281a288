"""Which response kind the data speak for, and what comes of it."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import yaml

from ohmgrad.devices.fit import preset
from ohmgrad.devices.fit.estimate import Estimate, maximise, quieter
from ohmgrad.devices.fit.likelihood import Data, Filtered, arrange, filtered
from ohmgrad.devices.fit.models import MODELS
from ohmgrad.devices.fit.read import Measured
from ohmgrad.devices.record import Device
from ohmgrad.errors import unknown

KINDS = ("linear-step", "neurosim", "soft-bounds", "exponential-step", "power-step", "table")
_SAME = {"neurosim": "linear-step"}
"""NeuroSim's curves are linear steps in other words: same likelihood, other parameters."""
_HARMLESS_ORDER = ("pulse_noise", "step_noise", "read_noise")


@dataclass(frozen=True)
class Candidate:
    """How well a kind describes the data: the lower AIC or BIC, the better."""

    kind: str
    log_likelihood: float
    parameters: int
    aic: float
    bic: float
    converged: bool


@dataclass(frozen=True)
class Fit:
    """The chosen kind at its most likely parameters; `candidates` are all that were tried, the best first."""

    measured: Measured
    kind: str
    estimate: Estimate
    candidates: tuple[Candidate, ...]

    @cached_property
    def data(self) -> Data:
        return arrange(self.measured)

    @cached_property
    def filtered(self) -> Filtered:
        """Readings foretold one pulse ahead, in shares of the measured range (`data`)."""
        return filtered(self.estimate.model, self.estimate.point(self.data), self.data)

    def record(self) -> Device:
        """The device, each figure with its 95 % interval as low and high.

        Raises InputError where the kind cannot say what was measured (a NeuroSim label above 9).
        """
        return preset.device(self.kind, self.estimate, self.data, self.measured)

    def yaml(self) -> str:
        """The record as the text of a preset file."""
        fields = self.record().model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=110)

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, deviation from cycle to cycle, and reading of the longest chain, in siemens, against pulses."""
        mean, deviation = preset.curve(self.estimate, self.data)
        low, span = self.data.low_siemens, self.data.span_siemens
        longest = self.data.z[0, : self.data.lengths[0] + 1]
        return low + span * mean, span * deviation, low + span * longest

    def summary(self) -> dict[str, Any]:
        """Everything as plain fields, for JSON."""
        return {
            "file": self.measured.name,
            "devices": len(self.measured.devices),
            "chains": len(self.measured.chains),
            "pulses": {"up": self.measured.pulses(1), "down": self.measured.pulses(-1)},
            "model": self.kind,
            "converged": self.estimate.converged,
            "candidates": [asdict(candidate) for candidate in self.candidates],
            "device": self.record().model_dump(mode="json", exclude_defaults=True),
        }


def fit(measured: Measured, model: str = "auto") -> Fit:
    """The response kind with the lowest BIC ("auto"), or the one named, with its most likely parameters.

    Noises that the data can do without (the BIC falls) are left out of the kind that is chosen. Raises InputError where
    there is no such kind.
    """
    if model not in ("auto", *KINDS):
        raise unknown("model", model, ("auto", *KINDS))
    data = arrange(measured)
    wanted = list(MODELS) if model == "auto" else [_SAME.get(model, model)]
    estimates = {kind: maximise(MODELS[kind], data) for kind in wanted}
    best = min(estimates, key=lambda kind: estimates[kind].bic)
    for noise in _HARMLESS_ORDER:
        found = quieter(estimates[best], noise, data)
        if found.bic <= estimates[best].bic:
            estimates[best] = found
    candidates = [
        _candidate(kind, estimates[_SAME.get(kind, kind)]) for kind in KINDS if _SAME.get(kind, kind) in wanted
    ]
    candidates.sort(key=lambda candidate: candidate.bic)
    return Fit(measured, best if model == "auto" else model, estimates[best], tuple(candidates))


def _candidate(kind: str, estimate: Estimate) -> Candidate:
    return Candidate(kind, estimate.log_likelihood, estimate.parameters, estimate.aic, estimate.bic, estimate.converged)
