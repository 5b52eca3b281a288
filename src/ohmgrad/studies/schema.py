"""Schema of a study file: base recipe, factors, sweeps, conditions, tuning, seeds."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from ohmgrad import records
from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import Strict
from ohmgrad.studies.columns import ALWAYS, RESERVED
from ohmgrad.studies.library import names, text


def _as_json(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError):
        raise ValueError(
            "should be a text, a finite number, true, false, null, or a list or mapping of these"
        ) from None
    return value


Text = Annotated[str, Field(min_length=1, max_length=80)]
Value = Annotated[Any, AfterValidator(_as_json)]
"""The value of a recipe field, as in YAML."""
Settings = dict[str, Value]
"""Recipe fields and their values: {"hardware.adc.bits": 4}. The field `recipe` replaces the base recipe."""
Steps = Annotated[int, Field(ge=2, le=1000)]
Ends = Annotated[list[float], Field(min_length=2, max_length=2)]
RECIPE = "recipe"
SWEEP = "sweep"
"""In a condition: the name of the sweep that a cell belongs to; "" for a cell that none changes."""


def spaced(ends: Sequence[float], steps: int, scale: str) -> list[float]:
    """Evenly spaced values from one end to the other, on a linear or a log scale, rounded to six digits."""
    low, high = ends
    values = np.geomspace(low, high, steps) if scale == "log" else np.linspace(low, high, steps)
    return [float(f"{value:.6g}") for value in values]


class Levels(Strict):
    """Levels of one recipe field, as a list or as a range."""

    field: Text | None = Field(None, description="the recipe's field; none: the name of the factor")
    levels: list[Value] | None = Field(None, description="its values")
    range: Ends | None = Field(None, description="instead: first and last value")
    steps: Steps = Field(5, description="number of values of the range")
    scale: Literal["linear", "log"] = Field("linear", description="how the values of the range are spaced")

    @model_validator(mode="after")
    def _one_of_both(self) -> "Levels":
        if (self.levels is None) == (self.range is None):
            raise ValueError("needs levels or a range, one of them")
        if self.scale == "log" and min(self.range or [1.0]) <= 0:
            raise ValueError("a range on a log scale needs ends above 0")
        return self

    @property
    def values(self) -> list[Value]:
        """The levels, those of a range included."""
        return spaced(self.range, self.steps, self.scale) if self.range else self.levels or []


def _form(value: Any) -> str | None:
    if isinstance(value, list):
        return "list"
    if isinstance(value, Levels) or (isinstance(value, dict) and value.keys() & {"levels", "range"}):
        return "field"
    return "named" if isinstance(value, dict) else None


Factor = Annotated[
    Annotated[list[Value], Tag("list")]
    | Annotated[Levels, Tag("field")]
    | Annotated[dict[Text, Settings], Tag("named")],
    Discriminator(
        _form,
        custom_error_type="factor",
        custom_error_message="should be a list of values, levels of a field, or named alternatives",
    ),
]
"""A list of values of the field that the factor is named after, levels of a field, or named alternatives."""


def alternatives(name: str, factor: Any, section: str = "factors") -> dict[Value, Settings]:
    """The levels of a factor or sweep, each with the fields that it sets.

    Args:
        name: Name of the factor.
        factor: The factor, as in the study file.
        section: Where it stands there, for messages.

    Raises:
        InputError: if it has no levels, or one twice.
    """
    if isinstance(factor, dict):
        found, given = factor, factor
    else:
        field, given = (factor.field or name, factor.values) if isinstance(factor, Levels) else (name, factor)
        found = {_hashable(level): {field: level} for level in given}
    if not found:
        raise InputError(f"{section}.{name}: has no levels; allowed: at least one")
    if len(given) > len(found):
        raise InputError(f"{section}.{name}: holds the same level twice")
    return found


def _hashable(level: Value) -> Value:
    return level if isinstance(level, str | int | float | bool) else json.dumps(level)


class Condition(Strict):
    """A condition on cells: where all factors of `if` have these levels, those of `then` must have one of theirs."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)
    given: dict[Text, Value] = Field(
        {}, alias="if", description="factor, or sweep: level, or list of levels; none: always"
    )
    then: dict[Text, Value] = Field(description="factor: level, or list of levels, that such cells must have")

    def keeps(self, levels: dict[str, Value]) -> bool:
        """Whether a cell of these levels fulfils the condition."""
        return not _all_in(levels, self.given) or _all_in(levels, self.then)


def _all_in(levels: dict[str, Value], allowed: dict[str, Value]) -> bool:
    return all(levels[name] in _several(values) for name, values in allowed.items())


def _several(values: Value) -> list[Value]:
    return list(map(_hashable, values if isinstance(values, list) else [values]))


class Space(Strict):
    """The values that a field may take in tuning."""

    times: Ends | None = Field(None, description="lowest and highest factor on the recipe's value (log)")
    range: Ends | None = Field(None, description="instead: lowest and highest value")
    scale: Literal["linear", "log"] = Field("linear", description="of the range")
    choices: list[Value] | None = Field(None, min_length=2, description="instead: the allowed values")

    @model_validator(mode="after")
    def _one_of_three(self) -> "Space":
        if sum(each is not None for each in (self.times, self.range, self.choices)) != 1:
            raise ValueError("needs times, range or choices, one of them")
        for ends in (self.times, self.range):
            if ends is not None and not ends[0] < ends[1]:
                raise ValueError(f"the lowest value {ends[0]:g} is not below the highest {ends[1]:g}")
        if min(self.times or [1.0]) <= 0 or (self.scale == "log" and min(self.range or [1.0]) <= 0):
            raise ValueError("a log scale needs ends above 0")
        return self

    def words(self) -> str:
        """The space in words."""
        if self.choices is not None:
            return "one of " + ", ".join(map(str, self.choices))
        low, high = self.times or self.range or (0, 0)
        return f"{low:g} to {high:g} {'times the default' if self.times else f'({self.scale})'}"


EVERY = "every"
"""The entry of `tuning.spaces` for every level of the compared factor."""


class Tuning(Strict):
    """Equal tuning: the same number of trials for every cell, chosen on validation samples."""

    trials: Annotated[int, Field(ge=1, le=1000)] = Field(description="trials of each cell; the first is the default")
    seeds: Annotated[int, Field(ge=1, le=16)] = Field(1, description="chips of each trial")
    halving: Annotated[int, Field(ge=2, le=10)] | None = Field(
        None, description="successive halving: all trials begin short; one in so many goes on, so many times as long"
    )
    spaces: dict[Text, dict[Text, Space]] = Field(
        min_length=1, description="by level of the compared factor, or `every`: the fields and their spaces"
    )

    @property
    def rungs(self) -> list[tuple[int, int]]:
        """Numbers of trials, and the factor by which their training is shortened; without halving only one."""
        if self.halving is None:
            return [(self.trials, 1)]
        number = int(math.log(self.trials, self.halving) + 1e-9)
        return [(max(1, self.trials // self.halving**i), self.halving ** (number - i)) for i in range(number + 1)]

    def of(self, level: Value) -> dict[str, Space]:
        """The search space of a level of the compared factor."""
        return self.spaces.get(EVERY, {}) | self.spaces.get(str(level), {})


class Study(Strict):
    """A comparison of many trainings."""

    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="one line, for the report")
    recipe: str = Field("braille", description="the base: a shipped recipe, or the path of a YAML file")
    settings: Settings = Field({}, alias="set", description="recipe fields that all cells share")
    factors: dict[Text, Factor] = Field(
        min_length=1, description="by name; they cross: a list of values of a field, or named alternatives"
    )
    sweeps: dict[Text, Factor] = Field({}, description="like factors, but varied one at a time")
    where: list[Condition] = Field([], description="conditions; cells that violate one are dropped")
    compare: str = Field("rule", description="the factor whose levels are compared")
    tuning: Tuning | None = Field(None, description="none: the values of the recipe")
    seeds: Annotated[int, Field(ge=1, le=64)] = Field(5, description="chips of each cell")
    seed: Annotated[int, Field(ge=0, le=10**6 - 64)] = Field(0, description="seed of the first chip; others count on")

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    @model_validator(mode="after")
    def _names_are_known(self) -> "Study":
        for name in self.factors:
            if name in RESERVED:
                raise ValueError(f"factors.{name}: the table of results has a column of this name; allowed: another")
        if self.compare not in {*ALWAYS, *self.factors}:
            raise ValueError(f"compare: {unknown('factor', self.compare, {*ALWAYS, *self.factors})}")
        for condition in self.where:
            self._check_levels(condition.given)
            self._check_levels(condition.then)
        if self.tuning is not None:
            self._check_spaces(self.tuning)
        return self

    def _check_spaces(self, tuning: Tuning) -> None:
        """Check that every level of the compared factor, and nothing else, has a space: tuning is equal for all."""
        levels = [*map(str, self._levels(self.compare))]
        for name in tuning.spaces:
            if name not in (EVERY, *levels):
                raise ValueError(f"tuning.spaces: {unknown(f'level of {self.compare}', name, [EVERY, *levels])}")
        for level in levels or [EVERY]:
            if not tuning.of(level):
                raise ValueError(
                    f"tuning.spaces: '{level}' has no space; allowed: one for every level of {self.compare}"
                )

    def _levels(self, name: str) -> list[Value]:
        if name == SWEEP:
            return ["", *self.sweeps]
        return list(alternatives(name, self.factors[name])) if name in self.factors else []

    def _check_levels(self, named: dict[str, Value]) -> None:
        for name, values in named.items():
            if name not in (*self.factors, SWEEP):
                raise ValueError(f"where: {unknown('factor', name, [*self.factors, SWEEP])}")
            levels = self._levels(name)
            for value in _several(values):
                if value not in levels:
                    raise ValueError(f"where: {unknown(f'level of {name}', str(value), map(str, levels))}")

    def as_text(self) -> str:
        """The study as JSON, which `of_text` reads."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=1) + "\n"


def load(name: str) -> Study:
    """Load and check a study.

    Args:
        name: Name of a shipped study, or path of a YAML file.

    Raises:
        InputError: if it is invalid; the message names the field and what is allowed.
    """
    study = of_text(text(name), f"study {Path(name).stem}")
    if name in names():
        return study
    # Modules and the base recipe are found from wherever the study is run later.
    folders = [*study.settings.get("modules", []), str(Path(name).resolve().parent)]
    base = str(Path(study.recipe).resolve()) if Path(study.recipe).is_file() else study.recipe
    return study.model_copy(update={"settings": study.settings | {"modules": folders}, "recipe": base})


def of_text(content: str, what: str) -> Study:
    """Check the text of a study file.

    Args:
        content: YAML text.
        what: Prefix of error messages.

    Raises:
        InputError: if the text is not a valid study.
    """
    return records.load(Study, content, what)
