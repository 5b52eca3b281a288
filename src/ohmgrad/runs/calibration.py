"""Ranges that are `auto`: found before a run from what its task, its rule and its device make of a few batches.

- `weight_max`: what ideal weights come to. One more chip is trained on ideal weights by the recipe's own rule, for the
  recipe's epochs or for as many as fit into 10,000 batches; of each matrix, one weight in a thousand is larger.
- `adc_full_scale_amperes`: those weights are programmed onto the hardware; the rule then settles it freely and pushed
  on a few batches, through converters that clip one current in a thousand at most; a quarter of that is added.
- `input_gain` of a resistive network: the outputs of untrained devices have a root mean square of 0.1, as they have in
  the published 1568-100-10 at its gain of 100 (Scellier, arXiv:2402.11674), whose targets are 0 and 1.
- `node_ranges`: as the ADC's full scale, of the voltages of each layer's nodes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad import training
from ohmgrad.crossbar import Adc, Pair
from ohmgrad.data.task import Task
from ohmgrad.errors import InputError
from ohmgrad.networks import ResistiveNetwork
from ohmgrad.recipes import Experiment
from ohmgrad.recipes.build import Parts
from ohmgrad.recipes.device_ranges import automatic
from ohmgrad.records import AUTO
from ohmgrad.rules import ActivityDifference, Rule
from ohmgrad.synapses import Crossbar, Ideal

BATCHES_OF_IDEAL_WEIGHTS = 10_000
BATCHES_OF_CURRENTS = 4
BEYOND = 1e-3
"""Share of learned weights beyond `weight_max`, and of currents beyond the full scale before there is more room."""
ROOM = 1.25
OUTPUT = 0.1
"""Root mean square of the outputs of untrained devices."""
LARGEST = 1e6
"""Weights beyond this, or no numbers at all, mean that the training diverged."""
_SPAN, _HALVINGS = 1e3, 14
Watch = Callable[[int, int], None]
"""Told the epochs of ideal weights done and to do."""


def calibrated(experiment: Experiment, parts: Parts, watch: Watch) -> tuple[Experiment, Parts]:
    """The experiment with a number for every range that is `auto`, and its parts.

    The chip that is tried is none of those of the run.
    """
    if experiment.hardware is not None and parts.hardware is not None and isinstance(parts.hardware.mapping, Pair):
        offset = float(parts.hardware.mapping.offset(parts.hardware.device))
        mapping = experiment.hardware.mapping.model_copy(update={"offset_siemens": offset})
        experiment = _with(experiment, "hardware", mapping=mapping)
    wanted = automatic(experiment)
    if not wanted:
        return experiment, parts
    key = jax.random.fold_in(jax.random.key(experiment.training.seed), training.CALIBRATION)
    if isinstance(parts.rule, ActivityDifference) and isinstance(parts.rule.network, ResistiveNetwork):
        return _of_circuit(experiment, parts, parts.rule, wanted, key, watch)
    learned = _learned(experiment, parts, key, watch)
    experiment = _reaching(experiment, wanted, [_within(weights, BEYOND) for weights in learned])
    if "hardware.adc_full_scale_amperes" in wanted:
        chip = _programmed(experiment, parts, learned, key)
        scales = [float(synapse.amperes_per_unit) for synapse in chip]
        if parts.hardware is not None and parts.hardware.adc.bits and parts.hardware.adc.range == "fixed":
            scales = _full_scales(parts.rule, parts.task, chip, experiment.training.batch, key)
        experiment = _with(experiment, "hardware", adc_full_scale_amperes=[_rounded(scale) for scale in scales])
    return experiment, parts


def _of_circuit(experiment, parts, rule, wanted, key, watch) -> tuple[Experiment, Parts]:
    """Of a resistive network, whose matrices share one scale and whose nodes are measured, not its lines."""
    x, target = _samples(parts.task, experiment.training.batch, key)
    initial = rule.initial(experiment.network.initial_gains, key)
    if "network.input_gain" in wanted:
        experiment, rule = _with_gain(experiment, rule, initial, x, key)
    learned = initial
    if {"hardware.weight_max", "network.node_ranges"} & set(wanted):
        learned = _learned(experiment, parts._replace(rule=rule), key, watch)
    experiment = _reaching(experiment, wanted, [max(_within(weights, BEYOND) for weights in learned)] * len(learned))
    if parts.hardware is not None:
        # On devices, whose least conductance is a weight that nothing removes, signals are smaller.
        initial, learned = (
            [synapse.weights for synapse in _programmed(experiment, parts, weights, key)]
            for weights in (initial, learned)
        )
        if "network.input_gain" in wanted:
            experiment, rule = _with_gain(experiment, rule, initial, x, key)
    if "network.node_ranges" in wanted:
        nodes = rule.settled([Ideal(weights) for weights in learned], x, target, "nudged", key).state
        ranges = [_rounded(ROOM * _within(layer, BEYOND)) for layer in nodes]
        experiment = _with(experiment, "network", node_ranges=ranges)
        rule = replace(rule, network=replace(rule.network, node_ranges=tuple(ranges)))
    if "hardware.adc_full_scale_amperes" in wanted:
        scales = [_rounded(float(each.amperes_per_unit)) for each in _programmed(experiment, parts, learned, key)]
        experiment = _with(experiment, "hardware", adc_full_scale_amperes=scales)
    return experiment, parts._replace(rule=rule)


def _with_gain(experiment, rule: ActivityDifference, weights, x, key) -> tuple[Experiment, ActivityDifference]:
    """With the input gain, found by halving, at which outputs are as large as they should be."""
    assert isinstance(rule.network, ResistiveNetwork)
    plain = replace(rule, network=replace(rule.network, input_gain=1.0))
    low, high = 1e-3, 1e6
    for _ in range(30):
        middle = math.sqrt(low * high)
        small = float(_output(plain, weights, x, jnp.float32(middle), key)) < OUTPUT
        low, high = (middle, high) if small else (low, middle)
    gain = _rounded(high)
    return _with(experiment, "network", input_gain=gain), replace(rule, network=replace(rule.network, input_gain=gain))


@eqx.filter_jit
def _output(rule: ActivityDifference, weights, x, gain, key) -> Float[Array, ""]:
    """Root mean square of the outputs left to themselves, with the inputs raised by a gain."""
    output = rule.settled(
        [Ideal(each) for each in weights], gain * x, jnp.zeros((len(x), rule.shapes[-1][1])), "free", key
    ).state[-1]
    return jnp.sqrt(jnp.square(output).mean())


def _samples(task: Task, batch: int, key: PRNGKeyArray):
    """Inputs and targets of the first batch of an epoch."""
    return task.batch(jax.tree.map(lambda leaf: leaf[0], task.epoch(key, batch)))


def _reaching(experiment: Experiment, wanted: Sequence[str], reach: Sequence[float]) -> Experiment:
    if "hardware.weight_max" not in wanted:
        return experiment
    return _with(experiment, "hardware", weight_max=[_rounded(max(weight, 1e-6)) for weight in reach])


def _within(values: Float[Array, "..."], beyond: float) -> float:
    """The size that this share of values exceeds."""
    return float(np.quantile(np.abs(values), 1 - beyond))


def _with(experiment: Experiment, section: str, **values) -> Experiment:
    return experiment.model_copy(update={section: getattr(experiment, section).model_copy(update=values)})


def _rounded(value: float) -> float:
    """To three digits: what a person reads in the recipe is what is used."""
    return float(f"{value:.3g}")


def _learned(experiment: Experiment, parts: Parts, key: PRNGKeyArray, watch: Watch) -> list[Float[Array, "_ _"]]:
    """What ideal weights come to, or how far they get in as many batches as are tried."""
    settings, rule, keys = experiment.training, parts.rule, key[None]
    steps = len(jax.eval_shape(lambda key: parts.task.epoch(key, settings.batch), key)[0])
    epochs = min(settings.epochs, max(1, BATCHES_OF_IDEAL_WEIGHTS // steps))
    chips = training.ideal_chips(rule, experiment.network.initial_gains, keys)
    watch(0, epochs)
    trained = training.train(
        rule,
        parts.task,
        training.Progress.start(chips),
        keys,
        learning_rates=experiment.rule.learning_rates,
        epochs=epochs,
        batch=settings.batch,
        after_epoch=lambda progress: watch(progress.epoch, epochs),
    )
    weights = [synapse.weights for synapse in jax.tree.map(lambda leaf: leaf[0], trained.chips)]
    if not all(float(jnp.abs(each).max()) <= LARGEST for each in weights):
        raise InputError(
            "hardware: no range can be found (auto), since ideal weights grow without bound; "
            "lower rule.learning_rates, or give the ranges as numbers"
        )
    return weights


def _programmed(experiment: Experiment, parts: Parts, weights, key: PRNGKeyArray) -> list[Crossbar]:
    """A chip of the recipe's hardware that holds these weights, its converters plain ones of one fixed range each."""
    assert parts.hardware is not None and experiment.hardware is not None
    largest = experiment.hardware.weight_max
    assert largest != AUTO
    plain = replace(parts.hardware, adc=Adc(parts.hardware.adc.bits))
    return training.programmed(weights, plain, largest, [1.0] * len(weights), key)[0]


def _full_scales(rule: Rule, task: Task, chip: list[Crossbar], batch: int, key: PRNGKeyArray) -> list[float]:
    """By halving: the least full scales at which no more than BEYOND of the conversions clip; with ROOM."""
    unit = jnp.array([synapse.amperes_per_unit for synapse in chip])
    low, high = unit / _SPAN, unit * _SPAN
    for _ in range(_HALVINGS):
        middle = jnp.sqrt(low * high)
        clips = _clipped(rule, task, chip, middle, batch, key) > BEYOND
        low, high = jnp.where(clips, middle, low), jnp.where(clips, high, middle)
    return [ROOM * float(amperes) for amperes in high]


@eqx.filter_jit
def _clipped(rule: Rule, task: Task, chip: list[Crossbar], full_scales, batch: int, key) -> Float[Array, " matrices"]:
    """The share of clipped conversions of every matrix while the rule learns a few batches, nothing being written."""
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
