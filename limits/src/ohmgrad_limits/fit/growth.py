"""Growth of the computation of notable trainings."""

from dataclasses import dataclass

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad_limits.data import notable
from ohmgrad_limits.fit.fieller import Interval
from ohmgrad_limits.fit.line import Line, ordinary


@dataclass(frozen=True, eq=False)
class Growth:
    """Regression of log10 training FLOP on the year, and the doubling time."""

    line: Line
    year: np.ndarray
    log10_flop: np.ndarray

    @property
    def doubling_months(self) -> float:
        return _months(self.line.slope)

    @property
    def doubling_months_interval(self) -> Interval:
        """Interval of the doubling time, from the 95 % interval of the slope; unbounded if that includes 0."""
        slope = self.line.slope_interval()
        assert slope.low is not None and slope.high is not None
        if slope.high <= 0:
            return Interval(None, None)
        return Interval(_months(slope.high), _months(slope.low) if slope.low > 0 else None)


def _months(per_year: float) -> float:
    return 12 * float(np.log10(2)) / per_year


def growth(since: float, until: float, records: bool = False) -> Growth:
    """Growth of the training compute of notable models.

    Args:
        since: First year of publication.
        until: Models published before this year are used.
        records: Use only models with more compute than any earlier one in that period.

    Raises:
        InputError: Fewer than three models have a known compute.
    """
    found = notable()
    flop = found.numbers["flop"]
    chosen = np.flatnonzero(np.isfinite(flop) & (found.year >= since) & (found.year < until))
    chosen = chosen[np.argsort(found.year[chosen], kind="stable")]
    if records and len(chosen):
        before = np.concatenate([[0.0], np.maximum.accumulate(flop[chosen])[:-1]])
        chosen = chosen[flop[chosen] > before]
    if len(chosen) < 3:
        raise InputError(f"years {since:g} to {until:g}: {len(chosen)} models with known compute; needed: 3")
    year, log10_flop = found.year[chosen], np.log10(flop[chosen])
    return Growth(ordinary(year, log10_flop), year, log10_flop)
