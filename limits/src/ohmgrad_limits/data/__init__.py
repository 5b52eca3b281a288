"""Published models with their errors and training computation, each data set with its source and licence.

A `Table` contains the models of one benchmark, shipped or the user's. Their computation is read from it or derived.
Each folder is one data set with its full licence and a notice of changes.
"""

from ohmgrad_limits.data.benchmarks import BENCHMARKS, Benchmark
from ohmgrad_limits.data.derived import (
    DERIVED,
    FLOP_PER_MULTIPLY_ADD,
    Check,
    check,
    flop,
    hardware_burden,
    network_operations,
    operations_per_pass,
)
from ohmgrad_limits.data.notable import Notable, notable, utilisation
from ohmgrad_limits.data.sources import Source, counts, sources
from ohmgrad_limits.data.table import LOWEST_ERROR, Table, load, names, published, read

__all__ = [
    "BENCHMARKS",
    "DERIVED",
    "FLOP_PER_MULTIPLY_ADD",
    "LOWEST_ERROR",
    "Benchmark",
    "Check",
    "Notable",
    "Source",
    "Table",
    "check",
    "counts",
    "flop",
    "hardware_burden",
    "load",
    "names",
    "network_operations",
    "notable",
    "operations_per_pass",
    "published",
    "read",
    "sources",
    "utilisation",
]
