"""Calibration: weight and converter ranges determined before a training.

- `weight_max`: One extra chip is trained on ideal weights by the same rule, for the epochs of the training or for
  10,000 batches, whichever is less. The range is the 99.9 % quantile of the absolute weights of each matrix.
- `adc_full_scale_amperes`: These weights are programmed onto the hardware, and the rule runs its phases on a few
  batches. The range is the smallest at which at most one conversion in a thousand clips, plus 25 %.
- `input_gain` of a resistive network: chosen so that the outputs of untrained devices have a root mean square of 0.1,
  as in the published 1568-100-10 network at its gain of 100 (Scellier, arXiv:2402.11674), whose targets are 0 and 1.
- `node_ranges`: the 99.9 % quantile of the absolute node voltages of each layer, plus 25 %.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import recipes, training
from ohmgrad.crossbar import Adc, Hardware
from ohmgrad.data.batches import batches
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.networks import ResistiveNetwork
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.rules import ActivityDifference, Rule
from ohmgrad.runs import ranges
from ohmgrad.runs.ranges import Ranges, of_recipe
from ohmgrad.runs.setup import Learner
from ohmgrad.synapses import Crossbar, Ideal
from ohmgrad.synapses.crossbar import ArrayTerminals
from ohmgrad.variants import PerChip, per_chip

BATCHES_OF_IDEAL_WEIGHTS = 10_000
BATCHES_OF_CURRENTS = 4
BEYOND = 1e-3
"""Share of trained weights beyond `weight_max`, and of currents beyond the full scale before `ROOM` is added."""
ROOM = 1.25
OUTPUT = 0.1
"""Root mean square of the outputs of untrained devices."""
LARGEST = 1e6
"""If a weight exceeds this or is NaN, the training diverged."""
_SPAN, _HALVINGS = 1e3, 14
Watch = Callable[[int, int], None]
"""Callback: epochs of ideal weights done, epochs in total."""
_Matrices = Sequence[Float[Array, "_ _"]]


class Chip(NamedTuple):
    """The extra chip that a training's ranges are calibrated on.

    Attributes:
        rule: The learning rule, with its network.
        hardware: The arrays, or None.
        initial_gains: Per weight matrix: standard deviation of the initial weights times sqrt(inputs).
        learning_rates: One learning rate per weight matrix.
        fixed: Known ranges.
        key: The chip's randomness.
    """

    rule: Rule
    hardware: Hardware | None
    initial_gains: Sequence[float]
    learning_rates: Sequence[float]
    fixed: Ranges
    key: PRNGKeyArray


class _Trial(NamedTuple):
    """The training of the extra chips."""

    task: Task
    epochs: int
    batch: int
    watch: Watch


def calibrate(
    rule: Rule,
    task: Task,
    hardware: Hardware | None,
    *,
    initial_gains: Sequence[float],
    learning_rates: Sequence[float],
    epochs: int,
    batch: int = 64,
    seed: int = 0,
    fixed: Ranges = Ranges(),  # noqa: B008 (immutable)
    watch: Watch = lambda *_: None,
) -> Ranges:
    """Calibrate the ranges of a training, as a recipe does for fields set to auto. Rounded to three digits.

    Args:
        rule: The learning rule, with its network.
        task: The task to be learned.
        hardware: The arrays, or None for ideal weights (only a resistive network then has ranges).
        initial_gains: Per weight matrix: standard deviation of the initial weights times sqrt(inputs).
        learning_rates: One learning rate per weight matrix.
        epochs: Number of epochs of the training to calibrate for.
        batch: Samples between two writes.
        seed: Seed of the training's first chip. The calibration uses an extra chip, which is not trained later.
        fixed: Known ranges, which are returned unchanged. Numeric `node_ranges` of a resistive network are fixed, too.
        watch: Callback: epochs of ideal weights done, epochs in total.

    Returns:
        The fixed and the calibrated ranges; None for ranges that these parts do not have.

    Raises:
        InputError: if ideal weights grow without bound, or rule, task and hardware are incompatible.
    """
    Learner(rule, learning_rates, initial_gains).check()
    chip = Chip(rule, hardware, initial_gains, learning_rates, fixed, key(seed))
    (found,) = calibrate_each([chip], task, epochs, batch, watch)
    if isinstance(found, InputError):
        raise found
    return found


def key(seed: int) -> PRNGKeyArray:
    """Key of the extra chip of a training.

    Args:
        seed: Seed of the training's first chip.
    """
    return jax.random.fold_in(jax.random.key(seed), training.CALIBRATION)


def side_by_side(rule: Rule) -> bool:
    """Whether several chips are calibrated in the same compiled calls; resistive networks are one after another."""
    return not isinstance(rule.network, ResistiveNetwork)


def calibrate_each(
    chips: Sequence[Chip], task: Task, epochs: int, batch: int, watch: Watch = lambda *_: None
) -> list[Ranges | InputError]:
    """Calibrate the ranges of several trainings, whose parts may differ in their numbers, in the same compiled calls.

    Args:
        chips: The extra chip of each training.
        task: The task to be learned.
        epochs: Number of epochs of the trainings.
        batch: Samples between two writes.
        watch: Callback: epochs of ideal weights done, epochs in total.

    Returns:
        For each training, its fixed and calibrated ranges, or the error if its ideal weights grow without bound.

    Raises:
        InputError: if parts are incompatible.
    """
    first = chips[0]
    trial = _Trial(task, epochs, batch, watch)
    if not side_by_side(first.rule):
        return [_try(lambda chip=chip: _of_circuit(trial, chip)) for chip in chips]
    if first.hardware is None or None not in first.fixed[:2]:
        return [chip.fixed for chip in chips]
    learned = _learned(trial, chips)
    found: list[Ranges | InputError] = [
        _try(lambda weights=weights, chip=chip: _with_reach(chip.fixed, weights))
        for chip, weights in zip(chips, learned, strict=True)
    ]
    if first.fixed.adc_full_scale_amperes is not None:
        return found
    scales = _full_scales(trial, chips, found, learned)
    return [
        each if isinstance(each, InputError) else each._replace(adc_full_scale_amperes=amperes)
        for each, amperes in zip(found, scales, strict=True)
    ]


def _try(find: Callable[[], Ranges]) -> Ranges | InputError:
    try:
        return find()
    except InputError as error:
        return error


def _with_reach(fixed: Ranges, weights: _Matrices) -> Ranges:
    """The ranges with that of the weights. Raises InputError if these diverged."""
    _check_bounded(weights)
    return fixed if fixed.weight_max else fixed._replace(weight_max=_reach(weights))


def _of_circuit(trial: _Trial, chip: Chip) -> Ranges:
    """Calibrate a resistive network: its matrices share one scale, and its nodes rather than its lines are measured."""
    rule, hardware, fixed, key = chip.rule, chip.hardware, chip.fixed, chip.key
    assert isinstance(rule, ActivityDifference) and isinstance(rule.network, ResistiveNetwork)
    network = rule.network
    if network.node_ranges and fixed.node_ranges is None:
        fixed = fixed._replace(node_ranges=tuple(map(float, network.node_ranges)))
    measured = hardware is not None and ArrayTerminals(hardware).needs_ranges
    find_nodes = fixed.node_ranges is None and (measured or network.node_ranges is not None)
    x, target = trial.task.first_batch(key, trial.batch)
    learned = initial = rule.initial(list(chip.initial_gains), key)
    found = fixed if fixed.input_gain else fixed._replace(input_gain=_input_gain(rule, initial, x, key))
    rule = _with_network(rule, input_gain=found.input_gain)
    if find_nodes or (hardware is not None and fixed.weight_max is None):
        (learned,) = _learned(trial, [chip._replace(rule=rule)])
        _check_bounded(learned)
    if hardware is not None:
        if fixed.weight_max is None:
            found = found._replace(weight_max=(max(_reach(learned)),) * len(learned))
        # On devices, signals are smaller: the lowest conductance acts as a weight that cannot be removed.
        initial, learned = (
            [synapse.weights for synapse in _programmed(hardware, found, each, key)] for each in (initial, learned)
        )
        if fixed.input_gain is None:
            found = found._replace(input_gain=_input_gain(rule, initial, x, key))
            rule = _with_network(rule, input_gain=found.input_gain)
    if find_nodes:
        nodes = rule.settled([Ideal(weights) for weights in learned], x, target, "nudged", key).state
        found = found._replace(node_ranges=tuple(_rounded(ROOM * _within(layer, BEYOND)) for layer in nodes))
    if hardware is not None and found.adc_full_scale_amperes is None:
        layers = _programmed(hardware, found, learned, key)
        found = found._replace(adc_full_scale_amperes=tuple(_rounded(float(each.amperes_per_unit)) for each in layers))
    return found


def _with_network(rule: ActivityDifference, **numbers: Any) -> ActivityDifference:
    return replace(rule, network=replace(rule.network, **numbers))


def _input_gain(rule: ActivityDifference, weights: _Matrices, x, key: PRNGKeyArray) -> float:
    """The input gain at which the outputs reach a root mean square of `OUTPUT`, by bisection."""
    plain = _with_network(rule, input_gain=1.0)
    low, high = 1e-3, 1e6
    for _ in range(30):
        middle = math.sqrt(low * high)
        small = float(_output(plain, weights, x, jnp.float32(middle), key)) < OUTPUT
        low, high = (middle, high) if small else (low, middle)
    return _rounded(high)


@eqx.filter_jit
def _output(rule: ActivityDifference, weights, x, gain, key) -> Float[Array, ""]:
    """Root mean square of the outputs in the free phase, with inputs multiplied by `gain`."""
    output = rule.settled(
        [Ideal(each) for each in weights], gain * x, jnp.zeros((len(x), rule.shapes[-1][1])), "free", key
    ).state[-1]
    return jnp.sqrt(jnp.square(output).mean())


def _reach(weights: _Matrices) -> tuple[float, ...]:
    """Per matrix, the size that a share `BEYOND` of its weights exceeds."""
    return tuple(_rounded(max(_within(matrix, BEYOND), 1e-6)) for matrix in weights)


def _within(values: Float[Array, "..."], beyond: float) -> float:
    """The absolute value that a share `beyond` of the values exceeds."""
    return float(np.quantile(np.abs(values), 1 - beyond))


def _rounded(value: float) -> float:
    """Round to three digits, so that the recipe shows exactly the number used."""
    return float(f"{value:.3g}")


def _learned(trial: _Trial, chips: Sequence[Chip]) -> list[list[Float[Array, "_ _"]]]:
    """Per chip, ideal weights after training for the given epochs, or for BATCHES_OF_IDEAL_WEIGHTS batches if less."""
    task, keys = trial.task, jnp.stack([chip.key for chip in chips])
    steps = batches(task.samples, trial.batch)
    epochs = min(trial.epochs, max(1, BATCHES_OF_IDEAL_WEIGHTS // steps))
    rules = [chip.rule for chip in chips]
    untrained = training.ideal_chips(rules, [list(chip.initial_gains) for chip in chips], keys)
    trial.watch(0, epochs)
    trained = training.train(
        rules,
        task,
        training.Progress.start(untrained),
        keys,
        learning_rates=[list(chip.learning_rates) for chip in chips],
        epochs=epochs,
        batch=trial.batch,
        after_epoch=lambda progress: trial.watch(progress.epoch, epochs),
    )
    return [
        [synapse.weights for synapse in jax.tree.map(lambda leaf: leaf[place], trained.chips)]  # noqa: B023
        for place in range(len(chips))
    ]


def _check_bounded(weights: _Matrices) -> None:
    """Raises InputError if weights diverged."""
    if not all(float(jnp.abs(each).max()) <= LARGEST for each in weights):
        raise InputError(
            "hardware: no range can be found (auto), since ideal weights grow without bound; "
            "lower rule.learning_rates, or give the ranges as numbers"
        )


def _programmed(hardware: Hardware, found: Ranges, weights: _Matrices, key: PRNGKeyArray) -> list[Crossbar]:
    """A chip of the hardware programmed to these weights, with an ADC of one fixed range per matrix."""
    assert found.weight_max is not None
    return _with_fixed_adc(hardware, found.weight_max, weights, key)


def _with_fixed_adc(hardware: Hardware, weight_max: Sequence[Any], weights: _Matrices, key: PRNGKeyArray):
    plain = replace(hardware, adc=Adc(hardware.adc.bits))
    return training.programmed(weights, plain, weight_max, [1.0] * len(weights), key)[0]


def _full_scales(
    trial: _Trial, chips: Sequence[Chip], found: Sequence[Ranges | InputError], learned: Sequence[_Matrices]
) -> list[tuple[float, ...]]:
    """Per chip and matrix, the ADC full scale: at most BEYOND of the conversions clip below it, times ROOM."""
    number = len(chips)
    rules, arrays = (per_chip([getattr(chip, name) for chip in chips], number) for name in ("rule", "hardware"))
    weights = tuple(jnp.stack(each) for each in zip(*learned, strict=True))
    ones = (1.0,) * len(weights)  # of a chip whose weights diverged
    largest = jnp.asarray([ones if isinstance(each, InputError) else each.weight_max for each in found], jnp.float32)
    keys = jnp.stack([chip.key for chip in chips])
    scales = np.asarray(_smallest_scales(rules, arrays, trial.task, weights, largest, keys, trial.batch), np.float64)
    return [tuple(map(_rounded, row)) for row in scales.tolist()]


@eqx.filter_jit
def _smallest_scales(rules: PerChip, arrays: PerChip, task: Task, weights, weight_max, keys, batch: int):
    """`_full_scales` of all chips, by bisection; without ADC or with one of another range, the unit of current."""

    def one_chip(rule_numbers, hardware_numbers, weights, weight_max, key):
        rule, hardware = rules.of(rule_numbers), arrays.of(hardware_numbers)
        chip = _with_fixed_adc(hardware, list(weight_max), weights, key)
        unit = jnp.array([synapse.amperes_per_unit for synapse in chip])
        if not hardware.adc.bits or hardware.adc.range != "fixed":
            return unit

        def halved(_, ends):
            low, high = ends
            middle = jnp.sqrt(low * high)
            clips = _clipped(rule, task, chip, middle, batch, key) > BEYOND
            return jnp.where(clips, middle, low), jnp.where(clips, high, middle)

        return ROOM * jax.lax.fori_loop(0, _HALVINGS, halved, (unit / _SPAN, unit * _SPAN))[1]

    return jax.vmap(one_chip)(rules.each, arrays.each, weights, weight_max, keys)


def _clipped(rule: Rule, task: Task, chip: list[Crossbar], full_scales, batch: int, key) -> Float[Array, " matrices"]:
    """Share of clipped conversions per matrix while the rule runs a few batches without writing."""
    synapses = [replace(one, adc_full_scale_amperes=scale) for one, scale in zip(chip, full_scales, strict=True)]
    mounted, rule = rule.mounted(synapses), rule.on_chip(key)

    def step(total, inputs):
        element, key = inputs
        counts = rule.learn(mounted, *task.batch(element), key).counts
        return (total[0] + counts.clipped_conversions, total[1] + counts.adc_conversions), None

    order = jax.tree.map(lambda leaf: leaf[:BATCHES_OF_CURRENTS], task.epoch(key, batch))
    keys = jax.random.split(key, len(order[0]))
    (clipped, conversions), _ = jax.lax.scan(step, (jnp.zeros(len(chip)), jnp.zeros(len(chip))), (order, keys))
    return clipped / jnp.maximum(conversions, 1)


def calibrated(experiment: Experiment, parts: Parts, watch: Watch = lambda *_: None) -> tuple[Experiment, Parts]:
    """Calibrate a recipe: replace every range that is `auto` by a number.

    Args:
        experiment: A resolved recipe.
        parts: The parts built from it.
        watch: Callback: epochs of ideal weights done, epochs in total.

    Returns:
        The recipe with all ranges as numbers, and its parts with these ranges.

    Raises:
        InputError: if ideal weights grow without bound.
    """
    experiment = ranges.with_offset(experiment, parts.hardware)
    if not recipes.automatic(experiment):
        return experiment, parts
    found = calibrate(
        parts.rule,
        parts.task,
        parts.hardware,
        initial_gains=experiment.network.initial_gains,
        learning_rates=experiment.rule.learning_rates,
        epochs=experiment.training.epochs,
        batch=experiment.training.batch,
        seed=experiment.training.seed,
        fixed=of_recipe(experiment),
        watch=watch,
    )
    return ranges.filled(experiment, found), parts._replace(rule=found.rule(parts.rule))
