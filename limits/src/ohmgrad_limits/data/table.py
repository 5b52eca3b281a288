"""Tables of models, published or the user's: one row per model, with its error and training computation."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from ohmgrad import files
from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.data.benchmarks import BENCHMARKS

TEXT = ("benchmark", "model", "title")
LOWEST_ERROR, HIGHEST = 1e-12, 1e90
"""Bounds of cells, so that their products stay finite."""
REQUIRED = ("model", "error")
PHASES = ("pretraining", "training", "finetuning")
PROCESSORS = ("gpu", "tpu", "cpu")
NUMBERS = (
    "error",
    "year",
    "multiply_adds",
    "ops_per_pass_flop",
    "training_epochs",
    "training_set_size",
    "network_operations_flop",
    "hardware_burden_flop",
    *(f"{phase}_days" for phase in PHASES),
    *(f"{phase}_{kind}_{what}" for phase in PHASES for kind in PROCESSORS for what in ("n", "peak_gflops")),
)
"""Numeric columns. All but `error` may be missing; any cell may be blank. Errors are fractions, times are in days,
`peak_gflops` is 1e9 FLOP per second of one processor."""
COMPUTE = ("multiply_adds", "ops_per_pass_flop", "network_operations_flop", "hardware_burden_flop", "training_days")
"""Columns of computation; a table needs at least one."""


@dataclass(frozen=True, eq=False)
class Table:
    """Models of one benchmark: names, titles of papers, and numbers by column (NaN: blank cell)."""

    benchmark: str
    title: str
    models: tuple[str, ...]
    papers: tuple[str, ...]
    numbers: dict[str, np.ndarray]

    @property
    def error(self) -> np.ndarray:
        return self.column("error")

    @property
    def year(self) -> np.ndarray:
        return self.column("year")

    def column(self, name: str) -> np.ndarray:
        """A column's numbers; all NaN if the table has no such column."""
        return self.numbers.get(name, np.full(len(self.models), np.nan))


TIMM = "imagenet-timm"
"""A later table of ImageNet models, with operations per pass only."""


def load(name: str) -> Table:
    """A table of models.

    Args:
        name: Name of a shipped table (`names`), or path of a CSV file.

    Raises:
        InputError: The name is unknown (with the closest name), or as in `read`.
    """
    if name.lower().endswith(".csv"):
        return read(Path(name))
    if name not in names():
        raise unknown("benchmark", name, names())
    return timm() if name == TIMM else published(name)


def names() -> list[str]:
    """Names of the shipped tables."""
    return [*BENCHMARKS, TIMM]


@cache
def published(name: str) -> Table:
    """The published models of one of the six benchmarks."""
    benchmark = BENCHMARKS[name]
    rows = [row for row in _released() if row["benchmark"] == benchmark.in_data]
    return _table(rows, name, benchmark.title, "models.csv")


@cache
def timm() -> Table:
    """ImageNet results of PyTorch Image Models: errors and multiply-adds (in the file: in 1e9)."""
    rows = list(csv.DictReader(io.StringIO(data_text("timm/models.csv"))))
    error = 1 - np.array([float(row["top1"]) for row in rows]) / 100
    multiply_adds = 1e9 * np.array([float(row["infer_gmacs"]) for row in rows])
    models = tuple(row["model"] for row in rows)
    return Table(TIMM, "ImageNet (timm)", models, models, {"error": error, "multiply_adds": multiply_adds})


@cache
def _released() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data_text("thompson/models.csv"))))


def data_text(path: str) -> str:
    """Text of a data file of this package."""
    return resources.files("ohmgrad_limits.data").joinpath(path).read_text(encoding="utf-8")


def read(path: Path) -> Table:
    """Read a user's table: a CSV file with a header, one row per model, of one benchmark.

    Required columns are `model`, `error` and one of COMPUTE. Columns other than TEXT and NUMBERS are ignored.

    Raises:
        InputError: A column is missing, a number is invalid or out of range, or there are two benchmarks.
    """
    text = files.read(path, "table", files.TABLE_BYTES)
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV table ({error})") from None
    columns = reader.fieldnames or []
    if twice := [name for name in columns if list(columns).count(name) > 1]:
        raise InputError(f"{path}: column '{twice[0]}' appears twice; allowed: once")
    if missing := [name for name in REQUIRED if name not in columns]:
        raise InputError(f"{path}: column '{missing[0]}' is missing; needed: {', '.join(REQUIRED)}")
    if not set(COMPUTE) & set(columns):
        raise InputError(f"{path}: no column of computation; needed: one of {', '.join(COMPUTE)}")
    if len(names := {row.get("benchmark") or path.stem for row in rows}) > 1:
        raise InputError(f"{path}: benchmark: models of {len(names)} benchmarks; allowed: one per table")
    if not rows:
        raise InputError(f"{path}: no models in it; needed: one row per model")
    return _table(rows, str(path), names.pop(), str(path))


def _table(rows: Sequence[dict[str, str]], name: str, title: str, source: str) -> Table:
    numbers = {
        column: np.array([_number(row[column], column, place, source) for place, row in enumerate(rows, start=1)])
        for column in NUMBERS
        if column in rows[0]
    }
    models, papers = (tuple(row.get(column) or "" for row in rows) for column in ("model", "title"))
    return Table(name, title, models, papers, numbers)


def _number(cell: str | None, column: str, row: int, source: str) -> float:
    """The number in a cell; NaN if blank."""
    if cell is None or not cell.strip():
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if column == "error" and not LOWEST_ERROR <= value < 1:
        raise InputError(
            f"{source}: row {row}, error: {cell!r} is not a fraction; allowed: {LOWEST_ERROR:g} <= error < 1"
        )
    if not 0 < value <= HIGHEST:
        raise InputError(f"{source}: row {row}, {column}: {cell!r} is not a number above 0, up to {HIGHEST:g}")
    return value
