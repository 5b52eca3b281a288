"""The computation for a target error with its intervals, converted to money, energy, carbon and time."""

from dataclasses import dataclass

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad_limits.data import LOWEST_ERROR
from ohmgrad_limits.fit import LEVEL, Fit, Interval, held_later
from ohmgrad_limits.forecast.conversion import Conversion

LARGEST_LOG10 = 308.0
"""Largest log10 of a number in double precision."""
Bounds = dict[str, float | None]


@dataclass(frozen=True, eq=False)
class Forecast:
    """The computation at which a fit reaches an error. Intervals are in log10 FLOP."""

    fit: Fit
    error: float
    level: float
    conversion: Conversion
    log10_flop: float
    mean: Interval
    """Interval for the mean line."""
    prediction: Interval
    """Interval for one new model."""

    def amounts(self, interval: Interval) -> dict[str, Bounds]:
        """Low, nominal and high of the FLOP and of every quantity, at nominal assumptions.

        None if unbounded, or beyond 1e308 (see `log10_flop`).
        """
        scales = {"flop": 1.0} | self.conversion.per_flop()
        logs = {"low": interval.low, "nominal": self.log10_flop, "high": interval.high}
        return {
            quantity: {bound: _power(log, np.log10(scale)) for bound, log in logs.items()}
            for quantity, scale in scales.items()
        }

    def decades_beyond(self) -> float:
        """Distance of the nominal computation beyond the largest in the data, in powers of ten."""
        return self.log10_flop - float(self.fit.points.log10_flop.max())

    @property
    def per(self) -> str:
        """The unit of work that the amounts are for."""
        return "pass" if self.fit.measure == "operations-per-pass" else "training"

    def notes(self) -> list[str]:
        """Caveats to the numbers."""
        line, notes = self.fit.line, []
        if not self.mean.bounded:
            notes.append(_unbounded(self.mean, line.p_value, self.level))
        if line.slope <= 0:
            notes.append(
                "the slope is not above 0: more computation did not go with less error, the forecast means nothing"
            )
        if self.decades_beyond() > 0:
            notes.append(f"an extrapolation, {self.decades_beyond():.1f} powers of ten beyond the largest of the data")
        if self.fit.frontier:
            notes.append("fitted to the frontier: its points were chosen by their errors, so intervals are too narrow")
        if any(
            end is not None and end >= LARGEST_LOG10 for end in (self.log10_flop, *self.mean[:2], *self.prediction[:2])
        ):
            notes.append("a bound lies beyond 1e308; only log10_flop can say it")
        if said := self.held_later_in_words():
            notes.append(said)
        return notes

    def held_later(self) -> dict[int, float]:
        """By year: the fraction of models from then on inside the 95 % prediction interval of earlier ones."""
        return held_later(self.fit.points, self.fit.law)

    def held_later_in_words(self) -> str:
        """Coverage of later models by the interval for one new model; empty if too few models are dated."""
        shares = [f"{100 * share:.0f} % (fit before {year})" for year, share in self.held_later().items()]
        return f"of later models, the 95 % interval for one new model contained {', '.join(shares)}" if shares else ""

    def as_dict(self) -> dict:
        """For JSON: amounts with the interval of the mean line, and those of one new model."""
        line = self.fit.line
        return {
            "benchmark": self.fit.benchmark,
            "error": self.error,
            "per": self.per,
            **self.amounts(self.mean),
            "interval": f"{self.level:.0%} Fieller interval of the mean line",
            "model": self.fit.law.name,
            "measure": self.fit.measure,
            "n": line.n,
            "r_squared": line.r_squared,
            "bounded": self.mean.bounded,
            "log10_flop": _logs(self.mean, self.log10_flop),
            "prediction": {
                "interval": f"{self.level:.0%} Fieller interval of one new model",
                **self.amounts(self.prediction),
                "log10_flop": _logs(self.prediction, self.log10_flop),
                "held_later": self.held_later(),
            },
            "fit": self.fit.as_dict(),
            "conversion": {
                "name": self.conversion.name,
                "title": self.conversion.title,
                "per_flop": self.conversion.per_flop(),
                "assumptions": {
                    name: {**figure.model_dump(), "unit": self.conversion.units[name], "changes": self._changes(name)}
                    for name, figure in self.conversion.figures.items()
                },
            },
            "notes": self.notes(),
        }

    def _changes(self, name: str) -> dict[str, list[float]]:
        """Factors by which an assumption's low and high change each quantity, without those equal to 1."""
        bounds = self.conversion.bounds(name)
        return {quantity: list(ends) for quantity, ends in bounds.items() if ends != (1.0, 1.0)}


def forecast_target(fit: Fit, error: float, conversion: Conversion, level: float = LEVEL) -> Forecast:
    """The computation at which a fit reaches a target error, with Fieller's intervals.

    Args:
        fit: A law fitted to the models of a benchmark.
        error: Target error, as a fraction.
        conversion: Conversion of FLOP.
        level: Confidence level of the intervals.

    Raises:
        InputError: The error is not between 0 and 1 or above all data, or the level is not between 0 and 1.
    """
    if not LOWEST_ERROR <= error < 1:
        raise InputError(
            f"an error of {error:g} is not a fraction; allowed: above 0 ({LOWEST_ERROR:g}) and below 1 (5 % is 0.05)"
        )
    if not 0 < level < 1:
        raise InputError(f"level: {level:g}; allowed: above 0 and below 1 (95 % is 0.95)")
    if error > (highest := float(fit.points.error.max())):
        raise InputError(
            f"error: {error:g} is above all of the data; allowed for {fit.title}: up to {highest:.3g}, the highest "
            f"error of a model with known {fit.measure}"
        )
    y = float(fit.law.response(error))
    line = fit.line
    intervals = (line.inverse_interval(y, level, new) for new in (False, True))
    return Forecast(fit, error, level, conversion, line.inverse(y), *intervals)


def _power(log: float | None, shift: float) -> float | None:
    return None if log is None or log + shift >= LARGEST_LOG10 else float(10 ** (log + shift))


def _logs(interval: Interval, nominal: float) -> dict:
    logs = {"low": interval.low, "nominal": nominal, "high": interval.high}
    return logs if interval.excluded is None else logs | {"excluded": list(interval.excluded)}


def _unbounded(interval: Interval, p_value: float, level: float) -> str:
    gap = interval.excluded
    said = "nothing is ruled out" if gap is None else f"only 10^{gap[0]:.1f} to 10^{gap[1]:.1f} FLOP is ruled out"
    return f"unbounded: at {level:.0%} the slope does not differ from 0 (p = {p_value:.2g}); {said}"
