"""Trains many chips of different recipes in the same compiled calls; the recipes differ in their numbers only."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad import recipes, training
from ohmgrad.counts import Counts
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.recipes import Experiment, build, tasks
from ohmgrad.recipes.build import Machine
from ohmgrad.runs import arms, calibration, ranges, trials
from ohmgrad.runs.calibration import Chip
from ohmgrad.runs.ranges import of_recipe
from ohmgrad.runs.trainer import schedule
from ohmgrad.training import Chips, Progress

Watch = Callable[[], None]
"""Callback: one epoch of all chips of a call is done."""


class Lane(NamedTuple):
    """One chip of a call: a recipe whose ranges are numbers, its parts, and the chip's seed."""

    experiment: Experiment
    machine: Machine
    seed: int


class Trained(NamedTuple):
    """What a chip came to. Shares are from 0 to 1; None: the recipe has no such number.

    Attributes:
        accuracy: Share of right answers in the headline test.
        validation: Share of right answers to the validation samples.
        loss: Mean loss of the last epoch.
        residual: Largest change of a neuron in the last sweep of the free phases of the last epoch.
        unsettled: Share of phases that did not settle.
        unverified: Share of writes that failed to verify.
        pulses_per_device: Mean number of pulses that a device got.
        overflowed: Whether numbers overflowed in training; the accuracy is that of the chip all the same.
        counts: Counts of the training.
    """

    accuracy: float
    validation: float | None
    loss: float | None
    residual: float | None
    unsettled: float | None
    unverified: float | None
    pulses_per_device: float | None
    overflowed: bool
    counts: Counts


def task_of(experiment: Experiment) -> Task:
    """The task of a recipe; recipes with the same data share it."""
    return _task(_Same(experiment))


class _Same(NamedTuple):
    """A recipe as the key of its task."""

    experiment: Experiment

    def _key(self) -> tuple[str, bool]:
        return self.experiment.data.model_dump_json(), "image" in self.experiment.network_class.of_the_task()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


@lru_cache(maxsize=4)
def _task(same: _Same) -> Task:
    return tasks.task(same.experiment)


def machine_of(experiment: Experiment) -> Machine:
    """The parts of a recipe, without its task.

    Raises:
        InputError: if they are incompatible, or do not fit on the arrays.
    """
    task = task_of(experiment)
    found = build.machine(experiment, task)
    build.check_on_arrays(experiment, found)
    if found.hardware is not None and experiment.hardware is not None:
        found.hardware.check_fits(found.rule.shapes, experiment.hardware.array_pairs)
    return found


def calibrated(experiments: Sequence[Experiment], chips_at_once: int = 1) -> list[Experiment | InputError]:
    """Find the ranges of recipes that are auto, in the same compiled calls.

    Args:
        experiments: Recipes of one structure, with the same data.
        chips_at_once: A call of fewer chips is filled up to this number, so that calls share compiled code.

    Returns:
        For each, the recipe with all ranges as numbers, or why there are none.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, experiment in enumerate(experiments):
        alike.setdefault(tuple(recipes.automatic(experiment)), []).append(place)
    found: dict[int, Experiment | InputError] = {}
    for places in alike.values():
        found |= zip(places, _calibrated_alike([experiments[i] for i in places], chips_at_once), strict=True)
    return [found[place] for place in range(len(experiments))]


def _calibrated_alike(experiments: Sequence[Experiment], chips_at_once: int) -> list[Experiment | InputError]:
    """As `calibrated`, of recipes in which the same ranges are auto."""
    first, chips, known = experiments[0], [], []
    for experiment in experiments:
        machine = machine_of(experiment)
        experiment = ranges.with_offset(experiment, machine.hardware)
        gains, rates = experiment.network.initial_gains, experiment.rule.learning_rates
        key = calibration.key(experiment.training.seed)
        chips.append(Chip(machine.rule, machine.hardware, gains, rates, of_recipe(experiment), key))
        known.append(experiment)
    settings = first.training
    if calibration.side_by_side(chips[0].rule):
        chips += [chips[-1]] * (chips_at_once - len(chips))
    found = calibration.calibrate_each(chips, task_of(first), settings.epochs, settings.batch)
    return [
        each if isinstance(each, InputError) else ranges.filled(experiment, each)
        for experiment, each in zip(known, found, strict=False)
    ]


def lane(experiment: Experiment, seed: int) -> Lane:
    """A chip of a recipe.

    Args:
        experiment: A resolved recipe with all ranges as numbers.
        seed: The chip's seed.
    """
    return Lane(experiment, machine_of(experiment), seed)


def train(lanes: Sequence[Lane], watch: Watch = lambda: None) -> list[Trained]:
    """Train and test chips side by side.

    Args:
        lanes: The chips; their recipes have the same data, length of training and structure.
        watch: Callback after every epoch.

    Returns:
        What each chip came to.

    Raises:
        InputError: if the recipes differ in more than their numbers.
    """
    first = lanes[0].experiment
    task, settings, keys = task_of(first), first.training, training.keys([each.seed for each in lanes])
    chips, counts = _untrained(lanes, keys)
    rules = [each.machine.rule for each in lanes]
    progress = training.train(
        rules,
        task,
        Progress.start(chips, counts),
        keys,
        learning_rates=[list(each.experiment.rule.learning_rates) for each in lanes],
        epochs=settings.epochs,
        batch=settings.batch,
        schedule=schedule(settings),
        step_seconds=settings.step_seconds,
        after_epoch=lambda progress: watch(),
    )
    accuracy, validation = _tested(lanes, task, progress.chips, keys)
    return [
        _came_to(each, progress, place, accuracy[place], None if validation is None else validation[place])
        for place, each in enumerate(lanes)
    ]


def _untrained(lanes: Sequence[Lane], keys) -> tuple[Chips, Counts]:
    """Untrained chips, and the counts of programming them."""
    rules = [each.machine.rule for each in lanes]
    gains = [list(each.experiment.network.initial_gains) for each in lanes]
    if lanes[0].machine.hardware is None:
        optimisers: Any = [each.machine.optimiser for each in lanes]
        return training.ideal_chips(rules, gains, keys, None if optimisers[0] is None else optimisers), Counts()
    hardware: Any = [each.machine.hardware for each in lanes]
    known = [of_recipe(each.experiment) for each in lanes]
    largest: Any = [each.weight_max for each in known]
    amperes: Any = [each.adc_full_scale_amperes for each in known]
    return training.crossbar_chips(rules, gains, keys, hardware, largest, amperes)


def _tested(lanes: Sequence[Lane], task: Task, chips: Chips, keys) -> tuple[np.ndarray, np.ndarray | None]:
    """Per chip, the share of right answers in the headline test, and to the validation samples if there are any."""
    settings = lanes[0].experiment.evaluation
    rules, chips = [each.machine.rule for each in lanes], arms.aged(settings, chips)
    kind = trials.headline(settings, task)
    exams = [next(trial for trial in trials.trials(settings, task, keys) if trial.kind == kind)]
    if held_back := trials.validation(settings, task, keys):
        exams.append(held_back)
    shares = [
        np.asarray(training.answer(rules, task, chips, each.x, each.truth, each.keys).right.mean(1), np.float64)
        for each in exams
    ]
    return shares[0], shares[1] if held_back else None


def _came_to(one: Lane, progress: Progress, place: int, accuracy: float, validation: float | None) -> Trained:
    counts = Counts(*(float(count[place].sum()) for count in progress.counts))
    loss, residual = float(progress.loss[-1, place]), float(progress.residual[-1, place])
    hardware, pulses = one.machine.hardware, None
    if hardware is not None:
        cells = sum(rows * columns for rows, columns in one.machine.rule.shapes)
        pulses = counts.pulses / (cells * hardware.mapping.devices)
    return Trained(
        accuracy=float(accuracy),
        validation=None if validation is None else float(validation),
        loss=_finite(loss),
        residual=_finite(residual),
        unsettled=_share(counts.free_unsettled + counts.pushed_unsettled, counts.free_phases + counts.pushed_phases),
        unverified=_share(counts.unverified, counts.verifications),
        pulses_per_device=pulses,
        overflowed=not np.isfinite(progress.loss[:, place]).all(),
        counts=Counts(*(count if np.isfinite(count) else 0.0 for count in counts)),
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _share(part: float, whole: float) -> float | None:
    return _finite(part / whole) if whole else None


def bytes_of(one: Lane) -> int:
    """Bytes of the arrays of a chip."""
    chips = jax.eval_shape(lambda: _untrained([one], training.keys([one.seed]))[0])
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(chips) if isinstance(leaf, jnp.ndarray))
