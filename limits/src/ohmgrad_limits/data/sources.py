"""Sources, licences and sizes of the data."""

import csv
from functools import cache

import numpy as np

from ohmgrad import records
from ohmgrad.quantity import Strict
from ohmgrad_limits.data.derived import DERIVED, check, flop
from ohmgrad_limits.data.table import Table, data_text


class Source(Strict):
    """A data set in this package. `folder` contains the table, its full licence and a notice of changes."""

    name: str
    title: str
    citation: str
    licence: str
    folder: str

    def rows(self) -> int:
        return sum(1 for _ in csv.DictReader(data_text(f"{self.folder}/models.csv").splitlines()))


@cache
def sources() -> tuple[Source, ...]:
    """All data sets."""
    return tuple(records.check(Source, row, "sources.yaml") for row in records.parse(data_text("sources.yaml")))


def counts(table: Table) -> dict:
    """Number of models of a table with an error and a computation, and the comparison of derived columns."""
    known = {measure: np.isfinite(flop(table, measure)) for measure in DERIVED}
    error, year = table.error[np.isfinite(table.error)], table.year[np.isfinite(table.year)]
    return {
        "benchmark": table.benchmark,
        "title": table.title,
        "models": len(table.models),
        "with_computation": int(np.any(list(known.values()), axis=0).sum()),
        **{measure: int(rows.sum()) for measure, rows in known.items()},
        "error_low": float(error.min()) if len(error) else None,
        "error_high": float(error.max()) if len(error) else None,
        "first_year": int(year.min()) if len(year) else None,
        "last_year": int(year.max()) if len(year) else None,
        "checks": [
            {
                "measure": each.measure,
                "tolerance": each.tolerance,
                "compared": each.compared,
                "within": each.within,
                "mismatches": [
                    {"model": model, "given_flop": given, "derived_flop": derived}
                    for model, given, derived in each.mismatches
                ],
            }
            for each in check(table)
        ],
    }
