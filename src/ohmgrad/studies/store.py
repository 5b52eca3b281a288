"""Results of trainings on disk, one file per cell, addressed by content: recipe, tuned values, epochs and seed."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ohmgrad import files, records
from ohmgrad.errors import InputError
from ohmgrad.quantity import Strict
from ohmgrad.studies.schema import Settings

CELLS = "cells"
Results = dict[str, "Row"]
"""Results of one cell, by the address of the training."""


class Row(Strict):
    """The result of training one chip.

    Attributes:
        values: Tuned values by field.
        epochs: Length of the training.
        seed: The chip's seed.
        reason: Why it could not be trained, or what went wrong in it; "" if nothing.
        failed: Whether it could not be trained, so that there are no figures.
        ranges: The ranges that were calibrated for it.
        figures: Accuracy, loss, joules, ... by name; None: the recipe has no such figure.
    """

    values: Settings
    epochs: int
    seed: int
    reason: str = ""
    failed: bool = False
    ranges: Settings = Field(default_factory=dict)
    figures: dict[str, float | None] = Field(default_factory=dict)

    @property
    def validation(self) -> float:
        """Share of right answers to the validation samples; 0 if the training failed."""
        return self.figures.get("validation") or 0.0


class _File(Strict):
    digest: str
    rows: dict[str, Row]


def address(values: Settings, epochs: int, seed: int) -> str:
    """Address of a training among those of its cell."""
    return hashlib.sha256(json.dumps([values, epochs, seed], sort_keys=True).encode()).hexdigest()[:16]


class Store:
    """The results of a study in a folder. Files are written whole or not at all.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / CELLS

    def load(self, cell: str) -> Results:
        """The results of a cell; empty if there are none.

        Raises:
            InputError: if the file is damaged; names it, and how its results are computed again.
        """
        path = self.path(cell)
        if not files.exists(path):
            return {}
        try:
            found = records.check(_File, files.read_json(path, str(path)), str(path))
            if found.digest != _digest(found.rows):
                raise InputError(f"{path}: its digest does not fit its content")
        except (InputError, ValidationError) as error:
            raise InputError(f"{error}; it is damaged; `recompute` of study run trains its cell again") from None
        return found.rows

    def save(self, cell: str, results: Results) -> None:
        """Save results of a cell beside those that its file already has."""
        merged = results | self.load(cell)
        content = _File(digest=_digest(merged), rows=merged)
        files.write(self.path(cell), content.model_dump_json(indent=1) + "\n")

    def path(self, cell: str) -> Path:
        """The file of a cell."""
        return self.folder / f"{cell}.json"

    def damaged(self, cells: Iterable[str]) -> dict[str, str]:
        """The cells whose files are damaged, and why."""
        found = {}
        for cell in cells:
            try:
                self.load(cell)
            except InputError as error:
                found[cell] = str(error)
        return found


def _digest(rows: dict[str, Row]) -> str:
    plain: Any = {name: row.model_dump(mode="json") for name, row in rows.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
