"""The cells of a study: every combination of levels, as a checked recipe, or the reason why it cannot be built."""

import hashlib
import itertools
import json
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import ohmgrad
from ohmgrad import recipes, records
from ohmgrad.errors import InputError, unknown
from ohmgrad.parts import custom, kind_of
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import resolve
from ohmgrad.recipes.schema.data import CorruptedWords
from ohmgrad.studies.columns import ALWAYS
from ohmgrad.studies.schema import RECIPE, SWEEP, Settings, Study, alternatives

VERSION = 1
"""Version of the results of a training; raised when the same recipe and seed give other results."""
_SHOWN_ONLY = ("title", "expected", "ledger", "modules")
"""Sections of a recipe that do not affect the training; of modules their content does."""
MOST_CELLS = 10_000
_TRIED = 100
"""Number of cells in which a field of a user's own part is looked for."""
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


def expanded(study: Study, most: int | None = None) -> Expanded:
    """All cells of a study.

    Args:
        study: The study.
        most: Largest number of cells. None: `MOST_CELLS`.

    Raises:
        InputError: for too many cells, unknown fields, clashing factors, or a factor that changes nothing.
    """
    factors = {name: alternatives(name, factor) for name, factor in study.factors.items()}
    sweeps = {name: alternatives(name, factor, "sweeps") for name, factor in study.sweeps.items()}
    _check_size(factors, sweeps, MOST_CELLS if most is None else most)
    _check_clashes(factors)
    _check_overrides(study, factors, sweeps)
    _check_fields(study, factors, sweeps)
    places = list(_places(study))
    cells = [_cell(study, *place) for place in places if _kept(study, place)]
    dropped = len(places) - len(cells)
    if not cells:
        raise InputError("where: no cell fulfils all conditions; allowed: conditions that some cells fulfil")
    _check_effects(factors, sweeps, cells)
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
    modules = sorted(custom.sources(experiment.modules or []).values())
    return _digest([VERSION, ohmgrad.__version__, fields, modules])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def names(cell: Cell) -> dict[str, str]:
    """The rule, network, task and device of a cell: its level of the factor of this name, else the kind or name."""
    found = dict.fromkeys(ALWAYS, "")
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


_Steps = dict[str, dict[Any, Settings]]
"""Settings by level, by factor or sweep."""


def _fields(section: str, steps: _Steps) -> set[tuple[str, str]]:
    """The fields that factors or sweeps set, each with its place in the study file."""
    return {
        (f"{section}.{name}", field) for name, each in steps.items() for settings in each.values() for field in settings
    }


def _tuned(study: Study) -> set[tuple[str, str]]:
    """The fields that are tuned, each with its place in the study file."""
    spaces = study.tuning.spaces if study.tuning else {}
    return {(f"tuning.spaces.{level}", field) for level, space in spaces.items() for field in space}


def _check_fields(study: Study, factors: _Steps, sweeps: _Steps) -> None:
    """Check the names of fields, before they are used in thousands of cells."""
    named = {("set", field) for field in study.settings} | _fields("factors", factors) | _fields("sweeps", sweeps)
    for where, field in sorted(named | _tuned(study)):
        if field != RECIPE and (error := _unknown_field(field)) and not _in_own_part(study, field):
            raise InputError(f"{where}: {error}")


def _unknown_field(field: str) -> InputError | None:
    """Why no recipe of shipped parts has this field, with the nearest name; None if one has it."""
    names = field.split(".")
    for place, name in enumerate(names):
        parents = names[:place]
        known = records.fields_along(Experiment, parents)
        if known and name not in known:
            return unknown("recipe field", field, [".".join([*parents, each]) for each in known])
    return None


def _in_own_part(study: Study, field: str) -> bool:
    """Whether a recipe of the study has this field, as one with a part of the user's own may."""
    for place in itertools.islice(_places(study), _TRIED):
        value: Any = _cell(study, *place).experiment
        for name in field.split("."):
            value = getattr(value, name, None) if name in getattr(type(value), "model_fields", {}) else None
        if value is not None:
            return True
    return False


def _check_clashes(factors: _Steps) -> None:
    """Check that no factor sets again what an earlier one has set."""
    for (first, steps), (second, later) in itertools.combinations(factors.items(), 2):
        for early in {field for settings in steps.values() for field in settings}:
            for late in {field for settings in later.values() for field in settings}:
                if early == late or early.startswith(f"{late}."):
                    raise _clash(f"factors.{second}", late, first)


def _check_overrides(study: Study, factors: _Steps, sweeps: _Steps) -> None:
    """Check that neither sweeps nor tuning change the field whose values are the levels of a factor."""
    plain = {name: steps for name, steps in factors.items() if not isinstance(study.factors[name], dict)}
    varied = {field: where.removeprefix("factors.") for where, field in _fields("factors", plain)}
    for where, field in sorted(_fields("sweeps", sweeps) | _tuned(study)):
        if field in varied:
            raise _clash(where, field, varied[field])


def _clash(where: str, field: str, factor: str) -> InputError:
    return InputError(
        f"{where}: sets {field}, which factors.{factor} sets already; allowed: each field in one of them, and a "
        "section before its fields"
    )


def _check_effects(factors: _Steps, sweeps: _Steps, cells: list[Cell]) -> None:
    """Check that every factor and sweep changes the recipe of some cell."""
    for name, levels in factors.items():
        if len(levels) > 1 and _changes_nothing(
            (cell.levels | {name: None}, cell.sweep, cell.level, cell.key) for cell in cells
        ):
            raise InputError(f"factors.{name}: changes nothing; all its levels give the same recipes")
    for name in sweeps:
        if _changes_nothing((cell.levels, cell.key) for cell in cells if cell.sweep in ("", name)):
            raise InputError(f"sweeps.{name}: changes nothing; all its levels give the recipes that it starts from")


def _changes_nothing(places: Iterable[tuple[Any, ...]]) -> bool:
    """Whether all cells at the same place have the same address, and some place has several.

    Args:
        places: Per cell, what says where it is, and last its content address.
    """
    seen: dict[str, list[str]] = {}
    for *place, key in places:
        seen.setdefault(json.dumps(place, sort_keys=True, default=str), []).append(key)
    several = [keys for keys in seen.values() if len(keys) > 1]  # conditions may leave only one level in each place
    return bool(several) and all(len(set(keys)) == 1 for keys in several)
