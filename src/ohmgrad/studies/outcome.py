"""What a study's folder holds at the end: table, findings, and a recipe for each cell that trains it again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import ohmgrad
from ohmgrad import files, recipes
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.loading import with_field
from ohmgrad.studies import results
from ohmgrad.studies.execute import Planned
from ohmgrad.studies.findings import findings
from ohmgrad.studies.piece import final_jobs
from ohmgrad.studies.schema import Settings, alternatives
from ohmgrad.studies.store import Store

TABLE, FINDINGS, RECIPES = "table.csv", "findings.json", "recipes"


class Outcome(NamedTuple):
    """The results of a study.

    Attributes:
        study: What was done, for the report.
        table: One row per cell, setting and seed.
        findings: What the table says (`studies.findings`).
    """

    study: dict[str, Any]
    table: pd.DataFrame
    findings: dict[str, Any]


def gathered(planned: Planned, folder: Path) -> Outcome:
    """Gather the results that a study's folder holds, finished or not.

    Args:
        planned: The plan.
        folder: The study's folder.

    Raises:
        InputError: if a file of results is damaged.
    """
    study, table = planned.study, results.table(planned, Store(folder))
    sweeps = {name: list(alternatives(name, sweep)) for name, sweep in study.sweeps.items()}
    found = findings(table, list(study.factors), sweeps, study.compare)
    return Outcome(_described(planned, table, sweeps), table, found)


def write(planned: Planned, folder: Path, outcome: Outcome) -> None:
    """Write table, findings and recipes into a study's folder.

    Args:
        planned: The plan.
        folder: The study's folder.
        outcome: Its results.
    """
    files.write(folder / TABLE, results.csv(outcome.table))
    files.write(folder / "table.parquet", results.parquet(outcome.table))
    files.write(folder / FINDINGS, json.dumps(outcome.findings, indent=1, allow_nan=False) + "\n")
    files.make_folder(folder / RECIPES, "`folder`")
    store, done = Store(folder), outcome.table[outcome.table["status"] == "done"]
    first = dict(zip(reversed(list(done["cell"])), reversed(list(done["chosen"])), strict=True))  # tuned before default
    for key, chosen in first.items():
        experiment = _to_repeat(planned, key, json.loads(chosen), store)
        files.write(folder / RECIPES / f"{key}.yaml", recipes.dump(experiment))


def _to_repeat(planned: Planned, key: str, values: Settings, store: Store) -> Experiment:
    """The recipe that trains the final chips of a cell again, with these values and their calibrated ranges."""
    study, cell = planned.study, planned.by_key[key]
    rows = (store.load(key).get(job.address) for job in final_jobs(study, cell, {key: values}))
    trained = next(row for row in rows if row is not None and not row.failed)
    experiment = cell.with_values(values)
    fields = trained.ranges | {"training.seeds": study.seeds, "training.seed": study.seed}
    for field, value in fields.items():
        experiment = with_field(experiment, field, value)
    return experiment


def _described(planned: Planned, table: pd.DataFrame, sweeps: dict[str, list]) -> dict[str, Any]:
    """What was done, for the report."""
    study, done = planned.study, set(table.loc[table.status == "done", "cell"])
    reached = done | set(table["cell"])
    tuning = study.tuning and {
        "trials": study.tuning.trials,
        "seeds": study.tuning.seeds,
        "halving": study.tuning.halving,
        "spaces": {
            level: {field: space.words() for field, space in spaces.items()}
            for level, spaces in study.tuning.spaces.items()
        },
    }
    return {
        "title": study.title,
        "factors": list(study.factors),
        "sweeps": sweeps,
        "tuning": tuning,
        "seeds": study.seeds,
        "cells": len(planned.by_key),
        "dropped": planned.dropped,
        "failed": len(reached - done),
        "done": len(done),
        "missing": len(planned.by_key.keys() - reached),
        "version": ohmgrad.__version__,
        "date": datetime.now(UTC).date().isoformat(),
        "reproduce": {key: f"ohmgrad train {RECIPES}/{key}.yaml" for key in done},
    }
