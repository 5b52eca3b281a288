"""Epoch AI's notable models: training compute, cost, and utilisation of the hardware."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from ohmgrad.quantity import NonNegative
from ohmgrad_limits.data.table import data_text

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
    """Notable models: names, publication date as a fractional year, and numbers by column (NaN: unknown)."""

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


@cache
def utilisation() -> NonNegative:
    """Fraction of the hardware's peak used in trainings: median, 10th and 90th percentile of known ones."""
    shares = notable().numbers["utilisation"]
    known = shares[np.isfinite(shares)]
    low, nominal, high = map(float, np.quantile(known, [0.1, 0.5, 0.9]))
    source = f"median, tenth and ninetieth percentile of {len(known)} trainings in {SOURCE}"
    return NonNegative(low=low, nominal=nominal, high=high, basis="derived", source=source)
