"""Regressions: both scaling laws on any measure of computation, and further analyses.

Least-squares and robust lines (`ordinary`), Fieller's intervals for the point at which a line reaches a value, quantile
regression of the best models (`quantile_fit`), progress with time (`time_fit`), comparison of the laws (`compare`),
growth of computation (`growth`), and the same laws for ohmgrad's runs (`fit_runs`).
"""

from ohmgrad_limits.fit.compare import Comparison, Score, compare, held_later
from ohmgrad_limits.fit.fieller import Interval, fieller
from ohmgrad_limits.fit.fit_law import Fit, fit_law
from ohmgrad_limits.fit.growth import Growth, growth
from ohmgrad_limits.fit.laws import LAWS, Law, law
from ohmgrad_limits.fit.line import ERRORS, LEVEL, Line, ordinary
from ohmgrad_limits.fit.measures import CONSOLIDATED, MEASURES, conversion, measured
from ohmgrad_limits.fit.points import Points, points
from ohmgrad_limits.fit.progress import Progress, time_fit
from ohmgrad_limits.fit.quantile import Quantile, quantile_fit
from ohmgrad_limits.fit.regressions import Details, details, regressions
from ohmgrad_limits.fit.runs import POINTS, LeftOut, RunFit, fit_runs

__all__ = [
    "CONSOLIDATED",
    "ERRORS",
    "LAWS",
    "LEVEL",
    "MEASURES",
    "POINTS",
    "Comparison",
    "Details",
    "Fit",
    "Growth",
    "Interval",
    "Law",
    "LeftOut",
    "Line",
    "Points",
    "Progress",
    "Quantile",
    "RunFit",
    "Score",
    "compare",
    "conversion",
    "details",
    "fieller",
    "fit_law",
    "fit_runs",
    "growth",
    "held_later",
    "law",
    "measured",
    "ordinary",
    "points",
    "quantile_fit",
    "regressions",
    "time_fit",
]
