"""What accuracy costs: published models, scaling laws fitted to them, forecasts with honest error bars, levers, claims.

Stands apart: knows no chip and imports no JAX, but in `simulation`, which is imported where it is used.
"""

from ohmgrad.limits.benchmarks import BENCHMARKS
from ohmgrad.limits.claims import beside, judged
from ohmgrad.limits.conversion import Conversion, legacy, today
from ohmgrad.limits.fit import Fit, fit, points
from ohmgrad.limits.forecast import Forecast, forecast
from ohmgrad.limits.own import fit_runs
from ohmgrad.limits.table import load, names

__all__ = [
    "BENCHMARKS",
    "Conversion",
    "Fit",
    "Forecast",
    "beside",
    "fit",
    "fit_runs",
    "forecast",
    "judged",
    "legacy",
    "load",
    "names",
    "points",
    "today",
]
