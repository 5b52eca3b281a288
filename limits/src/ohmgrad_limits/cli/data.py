"""`ohmgrad limits data`: sources and licences, models by benchmark."""

from typing import Annotated

import typer

from ohmgrad.cli.console import AsJson, print_json
from ohmgrad_limits.cli import grids


def data_command(
    benchmark: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.csv", help="Show only this benchmark, or your own table in a CSV file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the data: sources and licences, models by benchmark, derived columns compared with the released ones.

    Your own table is a CSV file with a header. Required columns: model, error (as
    a fraction), and one of hardware_burden_flop, network_operations_flop,
    ops_per_pass_flop, multiply_adds, or training_days with training_gpu_n and
    training_gpu_peak_gflops. Optional columns: year, benchmark, training_epochs,
    training_set_size. Other columns are ignored.

    Examples:

      ohmgrad limits data
      ohmgrad limits data --benchmark mine.csv --json
    """
    from ohmgrad_limits import data
    from ohmgrad_limits.show import tables

    counts = [data.counts(data.load(name)) for name in ([benchmark] if benchmark else data.names())]
    found = () if benchmark else data.sources()
    if as_json:
        shown = [each.model_dump() | {"rows": each.rows()} for each in found]
        print_json({"sources": shown, "benchmarks": counts})
        return
    listed = [tables.data_sources(found)] if found else []
    checks = tables.checks(counts)
    grids.show(*listed, tables.table_counts(counts), *([checks] if checks.rows else []))
