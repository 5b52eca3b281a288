"""The cells of a study: every combination of levels, as a checked recipe, or the reason why it cannot be built."""

import hashlib
import itertools
import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import ohmgrad
from ohmgrad import recipes, records
from ohmgrad.errors import InputError, unknown
from ohmgrad.parts import kind_of
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import resolve
from ohmgrad.recipes.schema.data import CorruptedWords
from ohmgrad.studies.schema import RECIPE, SWEEP, Settings, Study, alternatives

VERSION = 1
"""Version of the results of a training; raised when the same recipe and seed give other results."""
_SHOWN_ONLY = ("title", "expected", "ledger")
"""Sections of a recipe that do not affect the training."""
MOST_CELLS = 10_000
IDEAL = "ideal"


class Cell(NamedTuple):
    """One combination of levels.

    Attributes:
        levels: The level of each factor, by name.
        sweep: Name of the sweep that the cell belongs to; "" for a cell that none changes.
        level: Its level in the sweep; "" without one.
        base: Name or path of the recipe that the settings change.
        settings: The recipe fields that it sets, in order.
        experiment: The resolved recipe; None if it cannot be built.
        reason: Why it cannot be built, or "".
        key: Content address: 12 hexadecimal digits of the hash of the recipe.
    """

    levels: dict[str, Any]
    sweep: str
    level: Any
    base: str
    settings: Settings
    experiment: Experiment | None
    reason: str
    key: str

    def with_values(self, values: Settings) -> Experiment:
        """The recipe with tuned values.

        Args:
            values: Values by field.

        Raises:
            InputError: if the recipe does not take these values.
        """
        return _loaded(self.base, self.settings | values)


@dataclass(frozen=True)
class Expanded:
    """All cells of a study, and the number of cells that a condition of `where` dropped."""

    cells: list[Cell]
    dropped: int


def expanded(study: Study, most: int = MOST_CELLS) -> Expanded:
    """All cells of a study.

    Args:
        study: The study.
        most: Largest number of cells.

    Raises:
        InputError: for too many cells, unknown fields, clashing factors, or a factor that changes nothing.
    """
    factors = {name: alternatives(name, factor) for name, factor in study.factors.items()}
    sweeps = {name: alternatives(name, factor) for name, factor in study.sweeps.items()}
    _check_size(factors, sweeps, most)
    _check_fields(study, factors | sweeps)
    _check_clashes(factors)
    places = list(_places(study))
    cells = [_cell(study, *place) for place in places if _kept(study, place)]
    dropped = len(places) - len(cells)
    if not cells:
        raise InputError("where: no cell fulfils all conditions; allowed: conditions that some cells fulfil")
    _check_effects(factors, cells)
    return Expanded(cells, dropped)


def some(study: Study, numbers: Collection[int]) -> list[Cell]:
    """Some cells of a checked study, without building the others.

    Args:
        study: The study.
        numbers: Places of the cells among all that `expanded` gives.
    """
    kept = (place for place in _places(study) if _kept(study, place))
    return [_cell(study, *place) for number, place in enumerate(kept) if number in numbers]


_Place = tuple[dict[str, Any], str, Any, list[Settings]]
"""Levels of the factors, sweep, its level, and the settings of all of them."""


def _kept(study: Study, place: _Place) -> bool:
    levels, sweep, *_ = place
    return all(condition.keeps(levels | {SWEEP: sweep}) for condition in study.where)


def _places(study: Study) -> Iterator[_Place]:
    """All combinations of levels, each followed by all steps of the sweeps from it."""
    factors = {name: alternatives(name, factor) for name, factor in study.factors.items()}
    sweeps = {name: alternatives(name, factor) for name, factor in study.sweeps.items()}
    for combined in itertools.product(*factors.values()):
        levels = dict(zip(factors, combined, strict=True))
        chosen = [factors[name][level] for name, level in levels.items()]
        yield levels, "", "", chosen
        for sweep, steps in sweeps.items():
            for level, settings in steps.items():
                yield levels, sweep, level, [*chosen, settings]


def _cell(study: Study, levels: dict[str, Any], sweep: str, level: Any, chosen: Sequence[Settings]) -> Cell:
    fields = dict(study.settings)
    for settings in chosen:
        fields |= settings
    base = str(fields.pop(RECIPE, study.recipe))
    try:
        experiment, reason = _loaded(base, fields), ""
    except InputError as error:
        experiment, reason = None, str(error).replace("`settings` ", "")
    key = address(experiment) if experiment else _digest([base, fields])
    return Cell(levels, sweep, level, base, fields, experiment, reason, key)


def _loaded(base: str, fields: Settings) -> Experiment:
    """The resolved recipe; code words are tested at the headline level only."""
    experiment = resolve(recipes.load(base, [f"{name}={json.dumps(value)}" for name, value in fields.items()]))
    if not isinstance(experiment.data, CorruptedWords):
        return experiment
    tests = experiment.evaluation.model_copy(update={"levels": [experiment.evaluation.headline_level]})
    return experiment.model_copy(update={"evaluation": tests})


def address(experiment: Experiment) -> str:
    """Content address of a recipe: 12 hexadecimal digits. Equal for recipes whose trainings are the same.

    Args:
        experiment: The resolved recipe.
    """
    training = experiment.training.model_copy(update={"seeds": 1, "seed": 0})
    same = experiment.model_copy(update={"training": training})
    # Without defaults, so that a new field of recipes leaves the addresses as they are.
    fields = same.model_dump(mode="json", exclude=set(_SHOWN_ONLY), exclude_defaults=True)
    return _digest([VERSION, ohmgrad.__version__, fields])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def names(cell: Cell) -> dict[str, str]:
    """The rule, network, task and device of a cell: its level of the factor of this name, else the kind or name."""
    found = dict.fromkeys(("rule", "network", "task", "device"), "")
    if cell.experiment is not None:
        data, arrays = cell.experiment.data, cell.experiment.hardware
        found = {
            "rule": kind_of(type(cell.experiment.rule).part),
            "network": kind_of(type(cell.experiment.network).part),
            "task": getattr(data, "name", None) or getattr(data, "kind", "own"),
            "device": IDEAL if arrays is None else arrays.device.preset or "own",
        }
    return found | {name: str(cell.levels[name]) for name in found if name in cell.levels}


def _check_size(factors: dict[str, dict], sweeps: dict[str, dict], most: int) -> None:
    number = math.prod(map(len, factors.values())) * (1 + sum(map(len, sweeps.values())))
    if number > most:
        raise InputError(
            f"the factors give {number:,} cells; allowed: up to {most:,}; use fewer levels, or raise `max_cells`"
        )


def _check_fields(study: Study, factors: dict[str, dict[Any, Settings]]) -> None:
    """Check the names of fields, before they are used in a hundred cells."""
    named = {("set", field) for field in study.settings}
    named |= {
        (f"factors.{name}", field) for name, steps in factors.items() for each in steps.values() for field in each
    }
    if study.tuning:
        named |= {("tuning.spaces", field) for space in study.tuning.spaces.values() for field in space}
    for where, field in sorted(named):
        *parents, last = field.split(".")
        known = records.fields_along(Experiment, parents)  # none below a part of the user's own
        if field != RECIPE and known and last not in known:
            raise InputError(
                f"{where}: {unknown('recipe field', field, ['.'.join([*parents, each]) for each in known])}"
            )


def _check_clashes(factors: dict[str, dict[Any, Settings]]) -> None:
    """Check that no factor sets again what an earlier one has set."""
    for (first, steps), (second, later) in itertools.combinations(factors.items(), 2):
        for early in {field for settings in steps.values() for field in settings}:
            for late in {field for settings in later.values() for field in settings}:
                if early == late or early.startswith(f"{late}."):
                    raise InputError(
                        f"factors.{second}: sets {late}, which factors.{first} sets already; allowed: each field in "
                        "one factor, and a section before its fields"
                    )


def _check_effects(factors: dict[str, dict[Any, Settings]], cells: list[Cell]) -> None:
    """Check that every factor changes the recipe of some cell."""
    for name, levels in factors.items():
        if len(levels) == 1:
            continue
        seen: dict[Any, list[str]] = {}
        for cell in cells:
            others = json.dumps([cell.levels | {name: None}, cell.sweep, cell.level], sort_keys=True, default=str)
            seen.setdefault(others, []).append(cell.key)
        alike = [keys for keys in seen.values() if len(keys) > 1]  # conditions may leave only one level in each place
        if alike and all(len(set(keys)) == 1 for keys in alike):
            raise InputError(f"factors.{name}: changes nothing; all its levels give the same recipes")
