"""The results of a study as one tidy table: one row per cell, setting and seed."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pandas as pd

from ohmgrad.studies.cells import Cell, names
from ohmgrad.studies.columns import FIGURES, RUN
from ohmgrad.studies.execute import Planned
from ohmgrad.studies.piece import choice, final_jobs
from ohmgrad.studies.store import Results, Row, Store
from ohmgrad.studies.tuning import Choice

TUNED, DEFAULT = "tuned", "default"


def table(planned: Planned, store: Store) -> pd.DataFrame:
    """The table of all results that there are.

    Args:
        planned: The plan.
        store: The results.

    Returns:
        One row per cell, setting ("tuned" or "default") and seed. Cells that could not be built or trained have
        `status` "failed" and a `reason`; trainings that are still missing have no row.

    Raises:
        InputError: if a file of results is damaged.
    """
    rows = [row for cell in planned.cells for row in _of_cell(planned, cell, store)]
    found = pd.DataFrame(rows, columns=["cell", *_levels(planned, planned.cells[0]), *RUN, *FIGURES])
    return found.astype(dict.fromkeys(FIGURES, float))


def _levels(planned: Planned, cell: Cell) -> dict[str, Any]:
    """The columns that say which cell a row belongs to."""
    found: dict[str, Any] = names(cell) | {name: _plain(level) for name, level in cell.levels.items()}
    if planned.study.sweeps:
        found |= {"sweep": cell.sweep, "level": _plain(cell.level)}
    return found


def _plain(level: Any) -> Any:
    return level if isinstance(level, int | float) and not isinstance(level, bool) else str(level)


def _of_cell(planned: Planned, cell: Cell, store: Store) -> Iterator[dict[str, Any]]:
    levels = {"cell": cell.key} | _levels(planned, cell)
    if reason := planned.failed.get(cell.key):
        setting = TUNED if planned.study.tuning else DEFAULT
        yield levels | _failed(setting, -1, reason, Choice({}, []))
        return
    known = store.load(cell.key)
    for setting, chosen in _settings(planned, cell, known):
        for job in final_jobs(planned.study, cell, {cell.key: chosen.values}):
            if row := known.get(job.address):
                yield levels | _row(setting, row, chosen)


def _settings(planned: Planned, cell: Cell, known: Results) -> Iterator[tuple[str, Choice]]:
    """The settings that a cell is trained with, and their values: tuned, if its trials are finished, then default."""
    if planned.study.tuning is not None:
        try:
            yield TUNED, choice(planned.study, cell, known)
        except KeyError:  # its trials are not finished
            return
    yield DEFAULT, Choice({}, [])


def _row(setting: str, row: Row, chosen: Choice) -> dict[str, Any]:
    if row.failed:
        return _failed(setting, row.seed, row.reason, chosen)
    done = {"status": "done", "reason": row.reason, "chosen": json.dumps(row.values)}
    return _who(setting, row.seed, chosen) | done | {name: row.figures.get(name) for name in FIGURES}


def _failed(setting: str, seed: int, reason: str, chosen: Choice) -> dict[str, Any]:
    return _who(setting, seed, chosen) | {"status": "failed", "reason": reason, "chosen": json.dumps(chosen.values)}


def _who(setting: str, seed: int, chosen: Choice) -> dict[str, Any]:
    return {"setting": setting, "seed": seed, "at_edge": ",".join(chosen.at_edge)}


def csv(found: pd.DataFrame) -> str:
    """The table as CSV."""
    return found.to_csv(index=False)


def parquet(found: pd.DataFrame) -> bytes:
    """The table as a Parquet file. Columns of mixed levels are text there."""
    plain = found.copy()
    for name in plain.columns:
        if len({type(value) for value in plain[name].dropna()} - {int, float}) and plain[name].dtype == object:
            plain[name] = plain[name].astype(str)
    content = BytesIO()
    plain.to_parquet(content, index=False)
    return content.getvalue()
