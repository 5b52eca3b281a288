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
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import recipes, training
from ohmgrad.crossbar import Adc, Hardware, Pair
from ohmgrad.data.batches import batches
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.networks import ResistiveNetwork
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.rules import ActivityDifference, Rule
from ohmgrad.runs.ranges import Ranges, of_recipe, with_field
from ohmgrad.runs.setup import Learner
from ohmgrad.synapses import Crossbar, Ideal
from ohmgrad.synapses.crossbar import ArrayTerminals

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


@dataclass(frozen=True)
class _Trial:
    """The extra chip used for calibration: its parts and the training of its ideal weights."""

    rule: Rule
    task: Task
    hardware: Hardware | None
    initial_gains: Sequence[float]
    learning_rates: Sequence[float]
    epochs: int
    batch: int
    key: PRNGKeyArray
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
    key = jax.random.fold_in(jax.random.key(seed), training.CALIBRATION)
    trial = _Trial(rule, task, hardware, initial_gains, learning_rates, epochs, batch, key, watch)
    if isinstance(rule, ActivityDifference) and isinstance(rule.network, ResistiveNetwork):
        return _of_circuit(trial, rule, rule.network, fixed)
    if hardware is None or None not in fixed[:2]:
        return fixed
    learned = _learned(trial)
    found = fixed if fixed.weight_max else fixed._replace(weight_max=_reach(learned))
    if found.adc_full_scale_amperes is None:
        chip = _programmed(trial, hardware, found, learned)
        scales = [float(synapse.amperes_per_unit) for synapse in chip]
        if hardware.adc.bits and hardware.adc.range == "fixed":
            scales = _full_scales(trial, chip)
        found = found._replace(adc_full_scale_amperes=tuple(map(_rounded, scales)))
    return found


def _of_circuit(trial: _Trial, rule: ActivityDifference, network: ResistiveNetwork, fixed: Ranges) -> Ranges:
    """Calibrate a resistive network: its matrices share one scale, and its nodes rather than its lines are measured."""
    hardware, key = trial.hardware, trial.key
    if network.node_ranges and fixed.node_ranges is None:
        fixed = fixed._replace(node_ranges=tuple(map(float, network.node_ranges)))
    measured = hardware is not None and ArrayTerminals(hardware).needs_ranges
    find_nodes = fixed.node_ranges is None and (measured or network.node_ranges is not None)
    x, target = trial.task.first_batch(key, trial.batch)
    learned = initial = rule.initial(list(trial.initial_gains), key)
    found = fixed if fixed.input_gain else fixed._replace(input_gain=_input_gain(rule, initial, x, key))
    rule = _with_network(rule, input_gain=found.input_gain)
    if find_nodes or (hardware is not None and fixed.weight_max is None):
        learned = _learned(replace(trial, rule=rule))
    if hardware is not None:
        if fixed.weight_max is None:
            found = found._replace(weight_max=(max(_reach(learned)),) * len(learned))
        # On devices, signals are smaller: the lowest conductance acts as a weight that cannot be removed.
        initial, learned = (
            [synapse.weights for synapse in _programmed(trial, hardware, found, each)] for each in (initial, learned)
        )
        if fixed.input_gain is None:
            found = found._replace(input_gain=_input_gain(rule, initial, x, key))
            rule = _with_network(rule, input_gain=found.input_gain)
    if find_nodes:
        nodes = rule.settled([Ideal(weights) for weights in learned], x, target, "nudged", key).state
        found = found._replace(node_ranges=tuple(_rounded(ROOM * _within(layer, BEYOND)) for layer in nodes))
    if hardware is not None and found.adc_full_scale_amperes is None:
        chip = _programmed(trial, hardware, found, learned)
        found = found._replace(adc_full_scale_amperes=tuple(_rounded(float(each.amperes_per_unit)) for each in chip))
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


def _learned(trial: _Trial) -> list[Float[Array, "_ _"]]:
    """Ideal weights after training for the given epochs, or for BATCHES_OF_IDEAL_WEIGHTS batches if that is less."""
    rule, task, keys = trial.rule, trial.task, trial.key[None]
    steps = batches(task.samples, trial.batch)
    epochs = min(trial.epochs, max(1, BATCHES_OF_IDEAL_WEIGHTS // steps))
    chips = training.ideal_chips(rule, trial.initial_gains, keys)
    trial.watch(0, epochs)
    trained = training.train(
        rule,
        task,
        training.Progress.start(chips),
        keys,
        learning_rates=trial.learning_rates,
        epochs=epochs,
        batch=trial.batch,
        after_epoch=lambda progress: trial.watch(progress.epoch, epochs),
    )
    weights = [synapse.weights for synapse in jax.tree.map(lambda leaf: leaf[0], trained.chips)]
    if not all(float(jnp.abs(each).max()) <= LARGEST for each in weights):
        raise InputError(
            "hardware: no range can be found (auto), since ideal weights grow without bound; "
            "lower rule.learning_rates, or give the ranges as numbers"
        )
    return weights


def _programmed(trial: _Trial, hardware: Hardware, found: Ranges, weights: _Matrices) -> list[Crossbar]:
    """A chip of the hardware programmed to these weights, with an ADC of one fixed range per matrix."""
    assert found.weight_max is not None
    plain = replace(hardware, adc=Adc(hardware.adc.bits))
    return training.programmed(weights, plain, found.weight_max, [1.0] * len(weights), trial.key)[0]


def _full_scales(trial: _Trial, chip: list[Crossbar]) -> list[float]:
    """The smallest ADC full scales at which at most BEYOND of the conversions clip (bisection), times ROOM."""
    unit = jnp.array([synapse.amperes_per_unit for synapse in chip])
    low, high = unit / _SPAN, unit * _SPAN
    for _ in range(_HALVINGS):
        middle = jnp.sqrt(low * high)
        clips = _clipped(trial.rule, trial.task, chip, middle, trial.batch, trial.key) > BEYOND
        low, high = jnp.where(clips, middle, low), jnp.where(clips, high, middle)
    return [ROOM * float(amperes) for amperes in high]


@eqx.filter_jit
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
    hardware = parts.hardware
    if hardware is not None and isinstance(hardware.mapping, Pair):
        offset = float(hardware.mapping.offset(hardware.device))
        experiment = with_field(experiment, "hardware.mapping.offset_siemens", offset)
    wanted = recipes.automatic(experiment)
    if not wanted:
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
    for field in wanted:
        experiment = with_field(experiment, field, found.by_field[field])
    return experiment, parts._replace(rule=found.rule(parts.rule))
