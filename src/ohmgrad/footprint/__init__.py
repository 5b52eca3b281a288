"""Digital processors and programs, carbon intensity of electricity, overhead and price of power, as data with sources.

Does not import JAX and does not depend on the ledger or on crossbar chips.
"""

from ohmgrad.footprint.grid import Grid, given_grid, grid, regions
from ohmgrad.footprint.power import PUE, carbon_kilograms, usd_per_kwh
from ohmgrad.footprint.processor import BYTES, Precision, Processor, processor, processor_names, processor_text
from ohmgrad.footprint.program import Program, program, programs

__all__ = [
    "BYTES",
    "PUE",
    "Grid",
    "Precision",
    "Processor",
    "Program",
    "carbon_kilograms",
    "given_grid",
    "grid",
    "processor",
    "processor_names",
    "processor_text",
    "program",
    "programs",
    "regions",
    "usd_per_kwh",
]
