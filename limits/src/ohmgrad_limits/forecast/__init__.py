"""The cost of a target error: computation with intervals, in money, energy, carbon and time, and what lowers it.

A `Conversion` converts FLOP by today's figures or the published constants. A `Forecast` is the computation at which a
fit reaches an error. `levers` lower it.
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
