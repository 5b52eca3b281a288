"""What is known: published models with their errors and what their training took, each set with its source and licence.

A `Table` holds the models of one benchmark, shipped or a user's own; their computation is read from it or derived. Each
folder is a set of data with its licence in full and a notice of what was changed.
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
