"""What computing takes beside the arithmetic: processors as data, their grid, overhead and price of power.

Below the ledger and the limits; imports no JAX and knows no chip.
"""

from ohmgrad.footprint.grid import Grid, grid, regions
from ohmgrad.footprint.power import PUE, carbon_kilograms, usd_per_kwh
from ohmgrad.footprint.processor import BYTES, Precision, Processor, processor, processor_names, processor_text

__all__ = [
    "BYTES",
    "PUE",
    "Grid",
    "Precision",
    "Processor",
    "carbon_kilograms",
    "grid",
    "processor",
    "processor_names",
    "processor_text",
    "regions",
    "usd_per_kwh",
]
