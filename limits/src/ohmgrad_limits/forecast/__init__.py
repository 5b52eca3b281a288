"""What a target error takes: computation with its intervals, in money, energy, carbon and time, and what changes it.

A `Conversion` makes amounts of FLOP, by today's figures or the published constants; a `Forecast` is where a fit reaches
an error; `levers` are what makes it less.
"""

from ohmgrad_limits.forecast.conversion import KG_PER_LB, QUANTITIES, Conversion, legacy, today
from ohmgrad_limits.forecast.forecast_target import Forecast, forecast_target
from ohmgrad_limits.forecast.levers import (
    ALGORITHMS,
    CLEAN_GRID,
    HARDWARE,
    Lever,
    Levers,
    Outcome,
    fold_once,
    fold_per_year,
    levers,
    pull,
)

__all__ = [
    "ALGORITHMS",
    "CLEAN_GRID",
    "HARDWARE",
    "KG_PER_LB",
    "QUANTITIES",
    "Conversion",
    "Forecast",
    "Lever",
    "Levers",
    "Outcome",
    "fold_once",
    "fold_per_year",
    "forecast_target",
    "legacy",
    "levers",
    "pull",
    "today",
]
