"""Results as tables of text, for the terminal and the page."""

from ohmgrad_limits.show.tables.claims import claims, simulated, variations
from ohmgrad_limits.show.tables.data import checks, data_sources, table_counts
from ohmgrad_limits.show.tables.fits import details, fits, run_fits, runs_left_out
from ohmgrad_limits.show.tables.forecasts import assumptions, forecast, lever_outcomes, lever_sources, targets

__all__ = [
    "assumptions",
    "checks",
    "claims",
    "data_sources",
    "details",
    "fits",
    "forecast",
    "lever_outcomes",
    "lever_sources",
    "run_fits",
    "runs_left_out",
    "simulated",
    "table_counts",
    "targets",
    "variations",
]
