"""Trends over time in Epoch AI's notable models: training compute, what it cost, how much of the hardware it used."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from ohmgrad.errors import InputError
from ohmgrad.figure import Figure
from ohmgrad.limits.fieller import Interval
from ohmgrad.limits.line import Line, ordinary
from ohmgrad.limits.table import data_text

SOURCE = "Epoch AI, notable AI models, 2025-02-24 (CC-BY 4.0)"
_COLUMNS = {
    "flop": "Training compute (FLOP)",
    "usd": "Training compute cost (2023 USD)",
    "watts": "Training power draw (W)",
    "hours": "Training time (hours)",
    "utilisation": "Hardware utilization",
}


@dataclass(frozen=True, eq=False)
class Notable:
    """Notable models: names, year of publication with its fraction, and numbers by column, NaN where unknown."""

    models: tuple[str, ...]
    year: np.ndarray
    numbers: dict[str, np.ndarray]


@cache
def notable() -> Notable:
    """All of Epoch's notable models."""
    rows = list(csv.DictReader(io.StringIO(data_text("epoch/models.csv"))))
    numbers = {name: np.array([float(row[title] or "nan") for row in rows]) for name, title in _COLUMNS.items()}
    return Notable(
        tuple(row["Model"] for row in rows), np.array([_year(row["Publication date"]) for row in rows]), numbers
    )


def _year(text: str) -> float:
    if not text:
        return float("nan")
    day = date.fromisoformat(text)
    return day.year + (day.timetuple().tm_yday - 1) / 365.25


@dataclass(frozen=True, eq=False)
class Growth:
    """log10 of training FLOP against the year, and how long it takes to double."""

    line: Line
    year: np.ndarray
    log10_flop: np.ndarray

    @property
    def doubling_months(self) -> float:
        return _months(self.line.slope)

    @property
    def doubling_months_interval(self) -> Interval:
        """From the slope's 95 % interval; unbounded where it does not exclude 0."""
        slope = self.line.slope_interval()
        assert slope.low is not None and slope.high is not None
        if slope.high <= 0:
            return Interval(None, None)
        return Interval(_months(slope.high), _months(slope.low) if slope.low > 0 else None)


def _months(per_year: float) -> float:
    return 12 * float(np.log10(2)) / per_year


def growth(since: float, until: float, records: bool = False) -> Growth:
    """Training compute of the models published from `since` up to `until`; `records`: only those that took more than
    any before them in that time.

    Raises InputError where fewer than three are known.
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


@cache
def utilisation() -> Figure:
    """The share of the hardware's peak that trainings use: median and tenth to ninetieth percentile of known ones."""
    shares = notable().numbers["utilisation"]
    known = shares[np.isfinite(shares)]
    low, nominal, high = map(float, np.quantile(known, [0.1, 0.5, 0.9]))
    source = f"median, tenth and ninetieth percentile of {len(known)} trainings in {SOURCE}"
    return Figure(low=low, nominal=nominal, high=high, basis="derived", source=source)
