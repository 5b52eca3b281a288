"""Equal tuning: every cell gets the same number of trials, proposed by Optuna from the cell's own seed."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax

from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment
from ohmgrad.studies import groups, lanes
from ohmgrad.studies.cells import Cell, address
from ohmgrad.studies.schema import Settings, Space, Study

FIRST_SEED = 10**6
"""Seed of the first chip of trials; chips of the final trainings have smaller seeds, so that no chip is in both."""


class Trial(NamedTuple):
    """Values to try, and the length of their training."""

    values: Settings
    epochs: int


class Choice(NamedTuple):
    """The chosen values of a cell.

    Attributes:
        values: Values by field.
        at_edge: The fields whose value lies at an edge of its space (within 2 % of its length, or its first or last
            choice).
    """

    values: Settings
    at_edge: list[str]


class Tuner:
    """Proposes the trials of a cell in rounds, and chooses the best by validation accuracy.

    Without halving, a round has as many trials as there are final chips, so that both fill the same compiled call.

    Args:
        study: The study.
        cell: The cell.

    Raises:
        InputError: if Optuna is missing, or a space multiplies a field without a number.
    """

    def __init__(self, study: Study, cell: Cell) -> None:
        assert study.tuning is not None and cell.experiment is not None
        self.tuning, self.epochs = study.tuning, cell.experiment.training.epochs
        level = cell.levels.get(study.compare, "")
        self.spaces = {field: _Axis.of(field, space, cell) for field, space in self.tuning.of(level).items()}
        self._tried: list[tuple[Any, Settings, float]] = []
        self._study = _optuna(int(cell.key, 16) % 2**32, {name: axis.default for name, axis in self.spaces.items()})
        self._at_once = max(1, study.seeds // self.tuning.seeds)

    def rounds(self) -> Iterator[list[Trial]]:
        """Rounds of trials; `tell` must be called with the accuracies of each before the next is taken."""
        if self.tuning.halving:
            yield from self._halved()
            return
        number = self.tuning.trials if self.spaces else 0
        while len(self._tried) < number:
            self._asked = self._ask(min(self._at_once, number - len(self._tried)))
            yield [Trial(values, self.epochs) for _, values in self._asked]

    def _halved(self) -> Iterator[list[Trial]]:
        """Successive halving: all trials for a short time, the best of them for longer, and so on."""
        if not self.spaces:
            return
        self._asked = self._ask(self.tuning.trials)
        for number, part in self.tuning.rungs:
            best = sorted(self._tried, key=lambda tried: -tried[2])[:number]
            self._asked = [(trial, values) for trial, values, _ in best] or self._asked
            yield [Trial(values, max(1, self.epochs // part)) for _, values in self._asked]

    def _ask(self, number: int) -> list[tuple[Any, Settings]]:
        trials = [self._study.ask() for _ in range(number)]
        return [(trial, {name: axis.value(trial) for name, axis in self.spaces.items()}) for trial in trials]

    def tell(self, accuracies: Sequence[float]) -> None:
        """Tell the validation accuracies of the last round; of a trial that failed: 0."""
        found = [(trial, values, right) for (trial, values), right in zip(self._asked, accuracies, strict=True)]
        if self.tuning.halving:
            self._tried = found
            return
        self._tried += found
        for trial, _, right in found:
            self._study.tell(trial, right)

    def choice(self) -> Choice:
        """The values of the best trial; of equally good ones the first."""
        if not self._tried:
            return Choice({}, [])
        trial, values, _ = max(self._tried, key=lambda tried: tried[2])
        return Choice(values, [name for name, axis in self.spaces.items() if axis.is_edge(trial.params[name])])


class _Axis(NamedTuple):
    """A field to tune, its space, and its value in the recipe."""

    field: str
    space: Space
    given: Any

    @staticmethod
    def of(field: str, space: Space, cell: Cell) -> "_Axis":
        assert cell.experiment is not None
        given = _at(cell.experiment, field)
        if space.times and not _is_number(given):
            raise InputError(
                f"tuning.spaces: {field} has no number in the recipe, only {given}; allowed with times: a number or a "
                "list of numbers"
            )
        return _Axis(field, space, given)

    @property
    def default(self) -> Any:
        """The parameter of the recipe's value; None if it lies outside the space."""
        if self.space.choices:
            return json.dumps(self.given) if self.given in self.space.choices else None
        values = self.given if isinstance(self.given, list) else [self.given]
        parameter: Any = 1.0 if self.space.times else values[0] if len(set(values)) == 1 else None
        low, high = self._ends
        return parameter if _is_number(parameter) and low <= parameter <= high else None

    @property
    def samples(self) -> list[Any]:
        """Values of the space with which it can be checked: all choices, or those at its ends and in the middle."""
        if self.space.choices:
            return self.space.choices
        low, high = self._ends
        middle = math.sqrt(low * high) if self._log else (low + high) / 2
        return [self._of(parameter) for parameter in (low, middle, high)]

    def value(self, trial: Any) -> Any:
        """The value that Optuna proposes for a trial."""
        if self.space.choices:
            return json.loads(trial.suggest_categorical(self.field, [json.dumps(each) for each in self.space.choices]))
        return self._of(trial.suggest_float(self.field, *self._ends, log=self._log))

    def _of(self, parameter: float) -> Any:
        """The value of the field that a parameter within the ends stands for."""
        if parameter == self.default:
            return self.given
        if not isinstance(self.given, list):
            return _rounded(parameter * self.given if self.space.times else parameter)
        return [_rounded(parameter * each if self.space.times else parameter) for each in self.given]

    @property
    def _ends(self) -> tuple[float, float]:
        low, high = self.space.times or self.space.range or (0, 0)
        return low, high

    @property
    def _log(self) -> bool:
        return self.space.times is not None or self.space.scale == "log"

    def is_edge(self, parameter: Any) -> bool:
        """Whether a parameter lies at an edge of the space."""
        if self.space.choices:
            edges = json.dumps(self.space.choices[0]), json.dumps(self.space.choices[-1])
            return all(_is_number(each) for each in self.space.choices) and parameter in edges
        low, high, here = (math.log(each) if self._log else each for each in (*self._ends, parameter))
        return min(here - low, high - here) < 0.02 * (high - low)


def _is_number(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _at(experiment: Experiment, field: str) -> Any:
    value: Any = experiment
    for name in field.split("."):
        value = getattr(value, name, None)
    return getattr(value, "nominal", value)


def _optuna(seed: int, defaults: dict[str, Any]) -> Any:
    """An Optuna study whose first trial is the recipe's values."""
    try:
        import optuna
    except ImportError:
        raise InputError("tuning needs Optuna: pip install 'ohmgrad[studies]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    known = {name: value for name, value in defaults.items() if value is not None}
    if known:
        study.enqueue_trial(known)
    return study


def check_spaces(study: Study, cells: Sequence[Cell]) -> None:
    """Check that the search spaces suit the recipes, before anything is trained.

    Args:
        study: The study.
        cells: Its cells that can be built.

    Raises:
        InputError: if Optuna is missing, a space multiplies a field without a number, the recipe does not take its
            values, they change more than numbers, or a task has no validation samples.
    """
    if study.tuning is None:
        return
    _optuna(0, {})
    tried: set[Any] = set()
    for cell in cells:
        level = cell.levels.get(study.compare, "")
        for field, space in study.tuning.of(level).items():
            axis = _Axis.of(field, space, cell)
            if (level, field) not in tried:
                _try_out(axis, cell)
                tried.add((level, field))
    experiments = [cell.experiment for cell in cells if cell.experiment]
    for experiment in {each.data.model_dump_json(): each for each in experiments}.values():
        if jax.eval_shape(lanes.task_of(experiment).validation_set, jax.random.key(0)) is None:
            raise InputError("tuning: the task holds no samples back for it; allowed: `data.validation` above 0")


def _try_out(axis: _Axis, cell: Cell) -> None:
    """Check the values of a space in a recipe."""
    before = groups.program(cell)
    for value in axis.samples:
        try:
            experiment = cell.with_values({axis.field: value})
            after = groups.program(cell._replace(experiment=experiment))
        except InputError as error:
            raise InputError(f"tuning.spaces: {axis.field} = {value}: {error}") from None
        if after != before or (value != axis.given and address(experiment) == cell.key):
            raise InputError(
                f"tuning.spaces: {axis.field} cannot be tuned; allowed: numbers of the network, rule or hardware that "
                "change neither compiled code nor the length, the samples or the tests of a training"
            )
