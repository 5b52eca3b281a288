"""What a target error takes: FLOP with its intervals, and what that is in money, energy, carbon and time."""

from dataclasses import dataclass

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad_limits.data import LOWEST_ERROR
from ohmgrad_limits.fit import LEVEL, Fit, Interval, held_later
from ohmgrad_limits.forecast.conversion import Conversion

LARGEST_LOG10 = 308.0
"""Of a number in double precision."""
Bounds = dict[str, float | None]


@dataclass(frozen=True, eq=False)
class Forecast:
    """The computation at which a fit reaches an error; intervals are log10 FLOP."""

    fit: Fit
    error: float
    level: float
    conversion: Conversion
    log10_flop: float
    mean: Interval
    """Where the mean line reaches the error."""
    prediction: Interval
    """Where one new model about the line reaches it."""

    def amounts(self, interval: Interval) -> dict[str, Bounds]:
        """FLOP and every quantity as low, nominal, high at nominal assumptions.

        None where unbounded, or beyond 1e308 (`log10_flop` has those).
        """
        scales = {"flop": 1.0} | self.conversion.per_flop()
        logs = {"low": interval.low, "nominal": self.log10_flop, "high": interval.high}
        return {
            quantity: {bound: _power(log, np.log10(scale)) for bound, log in logs.items()}
            for quantity, scale in scales.items()
        }

    def decades_beyond(self) -> float:
        """How far the nominal computation lies beyond the largest in the data, in powers of ten."""
        return self.log10_flop - float(self.fit.points.log10_flop.max())

    @property
    def per(self) -> str:
        """What the amounts are of."""
        return "pass" if self.fit.measure == "operations-per-pass" else "training"

    def notes(self) -> list[str]:
        """What a reader must know before quoting the numbers."""
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
        """By year: the share of its models and later ones in the 95 % prediction interval of those before."""
        return held_later(self.fit.points, self.fit.law)

    def held_later_in_words(self) -> str:
        """How the interval of one new model has fared until now; empty where too few models are dated."""
        shares = [f"{100 * share:.0f} % (fit before {year})" for year, share in self.held_later().items()]
        return f"of later models, the 95 % interval of one new model held {', '.join(shares)}" if shares else ""

    def as_dict(self) -> dict:
        """For JSON: amounts of the mean line's interval, those of a prediction beside them."""
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
        """The factors by which an assumption's low and high change each quantity, where they do."""
        bounds = self.conversion.bounds(name)
        return {quantity: list(ends) for quantity, ends in bounds.items() if ends != (1.0, 1.0)}


def forecast_target(fit: Fit, error: float, conversion: Conversion, level: float = LEVEL) -> Forecast:
    """Where a fit reaches a target error, with Fieller's intervals of the mean line and of one new model.

    Args:
        fit: A law's line through the models of a benchmark.
        error: The target, a share of 1.
        conversion: What makes amounts of its FLOP.
        level: Of the intervals.

    Raises:
        InputError: The error is not between 0 and 1 or lies above all of the data, or the level is not between 0 and 1.
    """
    if not LOWEST_ERROR <= error < 1:
        raise InputError(
            f"an error of {error:g} is not a share; allowed: above 0 ({LOWEST_ERROR:g}) and below 1 (5 % is 0.05)"
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
    return f"unbounded: at {level:.0%} the slope cannot be told from 0 (p = {p_value:.2g}); {said}"
