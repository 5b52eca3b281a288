"""Groups cells whose trainings share compiled code, and cuts them into pieces of work."""

import json
import os
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from ohmgrad.errors import InputError
from ohmgrad.studies import lanes
from ohmgrad.studies.cells import Cell
from ohmgrad.studies.schema import Study
from ohmgrad.variants import structure

CHIPS_AT_ONCE = 64
"""Largest number of chips of a compiled call, unless a single cell has more."""
_GROUP, _FEW = 8, 24
"""Calls of more than `_FEW` chips are filled up to a multiple of `_GROUP`, which a CPU trains fastest."""


class Piece(NamedTuple):
    """Cells that one worker trains side by side.

    Attributes:
        keys: Content addresses of the cells.
        chips: Number of chips of every compiled call; calls of fewer chips are filled up.
        structure: Pieces of the same number share compiled code.
    """

    keys: list[str]
    chips: int
    structure: int


class Grouped(NamedTuple):
    """The work of a study.

    Attributes:
        pieces: Pieces of work.
        failed: Content address and reason of cells that cannot be built.
    """

    pieces: list[Piece]
    failed: dict[str, str]


def grouped(study: Study, cells: Sequence[Cell], workers: int = 1, first: int = 0) -> Grouped:
    """Group the cells of a study. Cells of equal recipes are trained once.

    Args:
        study: The study.
        cells: Cells that can be built.
        workers: Number of workers that should get work, if there are enough cells.
        first: Number of the first structure.
    """
    chips = chips_of_cell(study)
    groups: dict[Hashable, dict[Hashable, list[str]]] = {}
    failed: dict[str, str] = {}
    for cell in {cell.key: cell for cell in cells}.values():
        try:
            code, work = program(cell)
        except InputError as error:
            failed[cell.key] = str(error)
            continue
        groups.setdefault(code, {}).setdefault(work, []).append(cell.key)
    at_once = max(1, CHIPS_AT_ONCE // chips)
    if len(groups) < workers:
        most = max((len(keys) for by_work in groups.values() for keys in by_work.values()), default=1)
        at_once = min(at_once, -(-most // workers))
    pieces = []
    for place, by_work in enumerate(groups.values(), start=first):
        cut = [keys[i : i + at_once] for keys in by_work.values() for i in range(0, len(keys), at_once)]
        filled = _filled_up(chips * max(map(len, cut)))
        pieces += [Piece(keys, filled, place) for keys in cut]
    return Grouped(sorted(pieces, key=lambda piece: -len(piece.keys)), failed)


def chips_of_cell(study: Study) -> int:
    """Chips that a cell takes in a compiled call: those of its final training. Longer rounds take several calls."""
    return max(study.seeds, study.tuning.seeds if study.tuning else 0)


def _filled_up(chips: int) -> int:
    return chips if chips <= _FEW else -(-chips // _GROUP) * _GROUP


def program(cell: Cell) -> tuple[Hashable, Hashable]:
    """What must be equal for two cells to share compiled code, and what for them to share a call.

    Args:
        cell: A cell that can be built.

    Raises:
        InputError: if its parts are incompatible, or do not fit on the arrays.
    """
    experiment = cell.experiment
    assert experiment is not None
    found, settings = lanes.machine_of(experiment), experiment.training
    task = lanes.task_of(experiment)
    code = (
        structure(found.rule),
        structure(found.hardware),
        structure(found.optimiser),
        structure(task),
        settings.batch,
        bool(settings.step_seconds),
    )
    shared = experiment.data.model_dump_json(), settings.model_dump_json(exclude={"seed", "seeds"})
    tests = experiment.evaluation.model_dump_json()
    return code, (code, json.dumps(shared), tests)


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
