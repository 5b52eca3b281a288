"""One loop: batches in, settled states, writes, counters out; a whole epoch of many chips is one compiled function."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.data import Channel, Codebook
from ohmgrad.data.batches import batches
from ohmgrad.data.task import Task, filled_up
from ohmgrad.parts import Number
from ohmgrad.rules import Inference, Rule
from ohmgrad.synapses import Crossbar, Ideal, Optimised, Optimiser, Synapse
from ohmgrad.synapses.crossbar import ArrayTerminals
from ohmgrad.variants import PerChip, per_chip

__all__ = [
    "Answers",
    "Chips",
    "Progress",
    "Schedule",
    "Values",
    "Variants",
    "accuracy",
    "aged",
    "answer",
    "cosine",
    "crossbar_chips",
    "exponential",
    "ideal_chips",
    "keys",
    "predict",
    "programmed",
    "step",
    "train",
]
Chips = tuple[Synapse, ...]
"""One synapse per weight matrix, every array in them with a leading axis over chips (seeds)."""


_WEIGHTS, _PROGRAMMING, _EPOCHS, TESTS, _, _RULE, VALIDATION, CALIBRATION = range(8)
"""What a chip's key is folded with, so that no two uses share their random numbers."""


class Progress(NamedTuple):
    """A training after some epochs; histories have one row per epoch and one column per chip."""

    chips: Chips
    epoch: int
    loss: np.ndarray
    residual: np.ndarray
    counts: Counts
    """Totals so far, one value per chip, in float64; those of `counts.BY_MATRIX` with a column per weight matrix where
    that is an array's."""
    seconds: float = 0.0
    """The chips' clock: since they were made, through training and rest."""
    earlier: int = 0
    """Epochs that these chips were trained for before this training."""

    def aged(self, seconds: float) -> "Progress":
        """The same training after the chips rested so long."""
        return self._replace(chips=aged(self.chips, seconds), seconds=self.seconds + seconds)

    def after(self, chips: Chips, loss: Array, residual: Array, counts: Counts, seconds: float) -> "Progress":
        """One epoch later, which took so long: its loss and residual per chip, its counts per chip and batch."""
        # Whole numbers up to 2^24 are exact in float32; above, every addition within a batch rounds by up to 2^-24 of
        # the sum. The sum of an epoch is one of float64.
        totals = Counts(*(np.asarray(count, np.float64).sum(1) for count in counts))
        return self._replace(
            chips=chips,
            epoch=self.epoch + 1,
            loss=np.vstack([self.loss, np.asarray(loss, np.float64)]),
            residual=np.vstack([self.residual, np.asarray(residual, np.float64)]),
            counts=self.counts.plus(totals),
            seconds=self.seconds + seconds,
        )

    def continued(self) -> "Progress":
        """A new training of the same chips, which counts only its own epochs and verbs."""
        return Progress.start(self.chips)._replace(seconds=self.seconds, earlier=self.earlier + self.epoch)

    def mean_counts(self) -> Counts:
        """What training one chip took, on average over chips: what the ledger prices."""
        return Counts(*(float(count.reshape(len(count), -1).sum(1).mean()) for count in self.counts))

    @staticmethod
    def start(chips: Chips, counts: Counts | None = None) -> "Progress":
        number = jax.tree.leaves(chips)[0].shape[0]
        history = np.zeros((0, number))
        totals = (np.asarray(count, np.float64) for count in counts or Counts())
        return Progress(chips, 0, history, history, Counts(*(t if t.ndim else np.full(number, t) for t in totals)))


def keys(seeds: Sequence[int]) -> Key[Array, "chips"]:
    """One random key per chip."""
    return jax.vmap(jax.random.key)(jnp.array(seeds, jnp.uint32))


Variants = Rule | Sequence[Rule]
"""One rule for all chips, or one for each; they differ in their numbers (`variants.per_chip`)."""
Values = Sequence[float] | Sequence[Sequence[float]] | Array | np.ndarray
"""One value per weight matrix, or for each chip one per weight matrix."""


def ideal_chips(
    rule: Variants,
    gains: Values,
    chip_keys: Key[Array, "chips"],
    optimiser: Optimiser | Sequence[Optimiser] | None = None,
) -> Chips:
    """Chips of ideal weights for a rule, one per key; an optimiser, where given, decides what a write does."""
    chips = len(chip_keys)
    return _ideal_chips(per_chip(rule, chips), _of_chips(gains, chips), chip_keys, per_chip(optimiser, chips))


@eqx.filter_jit
def _ideal_chips(rules: PerChip, gains, chip_keys, optimisers: PerChip) -> Chips:
    def make(key, gains, own_rule, own_optimiser):
        rule, optimiser = rules.of(own_rule), optimisers.of(own_optimiser)
        weights = rule.initial(list(gains), jax.random.fold_in(key, _WEIGHTS))
        if optimiser is None:
            return rule.mounted([Ideal(each, rule.low) for each in weights])
        return rule.mounted([Optimised.begin(each, optimiser, rule.low) for each in weights])

    return jax.vmap(make)(chip_keys, gains, rules.each, optimisers.each)


def crossbar_chips(
    rule: Variants,
    gains: Values,
    chip_keys: Key[Array, "chips"],
    hardware: Hardware | Sequence[Hardware],
    weight_max: Values,
    adc_full_scale_amperes: Values,
) -> tuple[Chips, Counts]:
    """Chips of crossbars programmed to the same weights that `ideal_chips` holds, and what the programming took.

    Args:
        rule: For all chips, or one for each.
        gains: Standard deviation of the first weights times sqrt(inputs), per weight matrix, or per chip and matrix.
        chip_keys: One per chip.
        hardware: Of all chips, or of each; the numbers may differ, not the structure.
        weight_max: The weight that the whole range of the devices stands for, likewise.
        adc_full_scale_amperes: Line current at which converters clip, likewise.

    Raises:
        InputError: where variants differ in their structure.
    """
    chips = len(chip_keys)
    first = hardware[0] if isinstance(hardware, Sequence) else hardware
    for each in rule if isinstance(rule, Sequence) else [rule]:
        each.check(lambda: ArrayTerminals(first), np.asarray(weight_max, np.float64))
        first.check_signs(each.low)
    values = (_of_chips(each, chips) for each in (gains, weight_max, adc_full_scale_amperes))
    return _crossbar_chips(per_chip(rule, chips), per_chip(hardware, chips), chip_keys, *values)


@eqx.filter_jit
def _crossbar_chips(rules: PerChip, arrays: PerChip, chip_keys, gains, weight_max, amperes) -> tuple[Chips, Counts]:
    def program(key, own_rule, own_hardware, gains, weight_max, amperes):
        rule, hardware = rules.of(own_rule), arrays.of(own_hardware)
        weights = rule.initial(list(gains), jax.random.fold_in(key, _WEIGHTS))
        write_key = jax.random.fold_in(key, _PROGRAMMING)
        chip, counts = programmed(weights, hardware, list(weight_max), list(amperes), write_key)
        return rule.mounted(chip), jax.tree.map(jnp.asarray, counts)

    return jax.vmap(program)(chip_keys, rules.each, arrays.each, gains, weight_max, amperes)


def _of_chips(values: Values, chips: int) -> Float[Array, "chips matrices"]:
    """One row for every chip."""
    array = jnp.asarray(values, jnp.float32)
    return jnp.broadcast_to(array, (chips, array.shape[-1]))


def programmed(
    weights: Sequence[Float[Array, "_ _"]],
    hardware: Hardware,
    weight_max: Sequence[Number],
    adc_full_scale_amperes: Sequence[Number],
    key: PRNGKeyArray,
) -> tuple[list[Crossbar], Counts]:
    """The matrices of one chip programmed to given weights, and what that took."""
    chip, total = [], Counts()
    ranges = zip(weight_max, adc_full_scale_amperes, strict=True)
    keys = jax.random.split(key, len(weights))
    for place, matrix, (largest, amperes), matrix_key in zip(jnp.eye(len(weights)), weights, ranges, keys, strict=True):
        synapse, counts = Crossbar.program(matrix, hardware, largest, amperes, matrix_key)
        chip.append(replace(synapse, place=place))
        total = total.plus(counts.placed(place))
    return chip, total


def aged(chips: Chips, seconds: float) -> Chips:
    """The same chips after a rest of so many seconds; ideal weights do not age."""
    return jax.vmap(lambda chip: tuple(synapse.aged(seconds) for synapse in chip))(chips)


Schedule = Callable[[int, int], float]
"""The epoch (from 0) and how many there are, to what learning rates are multiplied by."""


def cosine(epoch: int, epochs: int) -> float:
    """From 1 to 0 along half of a cosine."""
    return (1 + math.cos(math.pi * epoch / epochs)) / 2


def exponential(share: float) -> Schedule:
    """Every epoch at so much of the rates of the one before."""
    return lambda epoch, epochs: share**epoch


def train(
    rule: Variants,
    task: Task | Sequence[Task],
    progress: Progress,
    chip_keys: Key[Array, "chips"],
    *,
    learning_rates: Values,
    epochs: int,
    batch: int,
    schedule: Schedule = cosine,
    step_seconds: float = 0.0,
    after_epoch: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Train all chips side by side from `progress` to `epochs`, the learning rates falling along a schedule.

    Rule and task are those of all chips, or one of each chip, of one structure (`variants.per_chip`). The randomness of
    an epoch depends on the chip's key and on how many epochs the chip was trained for before, so training that was
    interrupted and continued gives the same bits as one that was not. `after_epoch` sees every new state. Devices age
    by `step_seconds` before every step; 0: not while they are trained.

    Raises:
        InputError: where a batch is larger than an epoch.
    """
    steps = batches((task[0] if isinstance(task, Sequence) else task).samples, batch)
    if step_seconds and not progress.seconds:
        progress = progress.aged(0.0)  # from here on, arrays know when each device was written
    passing = jnp.float32(step_seconds) if step_seconds else None
    progress, number = progress._replace(chips=_spread(progress.chips)), len(chip_keys)
    rules, tasks, rates = per_chip(rule, number), per_chip(task, number), np.asarray(learning_rates, np.float64)
    while progress.epoch < epochs:
        decayed = _of_chips(jnp.asarray(schedule(progress.epoch, epochs) * rates, jnp.float32), number)
        chips, loss, residual, counts = _epoch(
            rules,
            tasks,
            progress.chips,
            chip_keys,
            jnp.uint32(progress.earlier + progress.epoch),
            decayed,
            batch,
            passing,
        )
        progress = progress.after(chips, loss, residual, counts, steps * step_seconds)
        after_epoch(progress)
    return progress


def _spread(chips: Chips) -> Chips:
    """The chips on as many of JAX's devices as can have equally many of them: they work side by side from here on."""
    number, devices = len(jax.tree.leaves(chips)[0]), jax.local_devices()
    share = max(n for n in range(1, len(devices) + 1) if number % n == 0)
    if share == 1:
        return chips
    return jax.device_put(chips, NamedSharding(Mesh(np.array(devices[:share]), "chips"), PartitionSpec("chips")))


def step(
    rule: Rule,
    chip: Chips,
    x: Float[Array, "batch ..."],
    target: Float[Array, "batch outputs"],
    rates: Sequence[float] | Float[Array, " matrices"],
    key: PRNGKeyArray,
) -> tuple[Chips, Inference, Counts]:
    """One batch: learn, write every matrix, and count all that this took; `ohmgrad.cost` traces the same."""
    learn_key, *write_keys = jax.random.split(key, 1 + len(chip))
    writes, inference, counts = rule.learn(chip, x, target, learn_key)
    edges = Counts(edge_inputs=float(x.size + target.size), edge_outputs=float(inference.output.size))
    counts, written = counts.plus(edges), []
    for synapse, (pre, post), rate, write_key in zip(chip, writes, rates, write_keys, strict=True):
        synapse, more = synapse.write(pre, post, write_key, rate)
        written.append(synapse)
        counts = counts.plus(more)
    return tuple(written), inference, counts


@eqx.filter_jit
def _epoch(rules: PerChip, tasks: PerChip, chips, chip_keys, epoch, rates, batch, step_seconds):
    """Scan over batches {age, settle free, settle pushed, write, count}, vectorised over chips."""

    def one_chip(chip, key, own_rule, own_task, rates):
        rule, task = rules.of(own_rule), tasks.of(own_task)
        own = rule.on_chip(jax.random.fold_in(key, _RULE))
        data_key, step_key = jax.random.split(jax.random.fold_in(jax.random.fold_in(key, _EPOCHS), epoch))
        order = task.epoch(data_key, batch)
        steps = len(order[0])

        def one_batch(chip, inputs):
            element, key = inputs
            x, target = task.batch(element)
            if step_seconds is not None:
                chip = tuple(synapse.aged(step_seconds) for synapse in chip)
            chip, inference, counts = step(own, chip, x, target, rates, key)
            loss = rule.cost(inference.output, target).mean()
            return chip, (loss, inference.residual.mean(), jax.tree.map(jnp.asarray, counts))

        chip, (loss, residual, counts) = jax.lax.scan(one_batch, chip, (order, jax.random.split(step_key, steps)))
        return chip, loss.mean(), residual.mean(), counts

    return jax.vmap(one_chip)(chips, chip_keys, rules.each, tasks.each, rates)


class Answers(NamedTuple):
    """What every chip answers to its samples, and which answers are right."""

    output: Float[Array, "chips samples outputs"]
    right: Bool[Array, "chips samples"]


def answer(
    rule: Variants,
    task: Task | Sequence[Task],
    chips: Chips,
    x: Float[Array, "..."],
    index: Int[Array, "..."],
    chip_keys: Key[Array, "chips"],
) -> Answers:
    """Test every chip, through the same noisy verbs as in training.

    `index` has shape (chips, samples) and x (chips, samples, ...) where every chip has samples of its own, or both lack
    the axis over chips where all share them.
    """
    number = len(chip_keys)
    return _answer(per_chip(rule, number), per_chip(task, number), chips, x, index, chip_keys)


@eqx.filter_jit
def _answer(rules: PerChip, tasks: PerChip, chips, x, index, chip_keys) -> Answers:
    def one_chip(chip, x, index, key, own_rule, own_task):
        rule, task = rules.of(own_rule), tasks.of(own_task)

        output = _outputs(rule, chip, x, key)
        return Answers(output, task.right(output, index))

    own = 0 if index.ndim == 2 else None
    return jax.vmap(one_chip, (0, own, own, 0, 0, 0))(chips, x, index, chip_keys, rules.each, tasks.each)


def predict(
    rule: Variants, chips: Chips, x: Float[Array, "samples ..."], chip_keys: Key[Array, "chips"]
) -> Float[Array, "chips samples outputs"]:
    """What every chip answers to the same samples."""
    return _predict(per_chip(rule, len(chip_keys)), chips, x, chip_keys)


@eqx.filter_jit
def _predict(rules: PerChip, chips, x, chip_keys):
    def one_chip(chip, key, own_rule):
        return _outputs(rules.of(own_rule), chip, x, key)

    return jax.vmap(one_chip)(chips, chip_keys, rules.each)


def _outputs(rule: Rule, chip: Chips, x: Float[Array, "samples ..."], key: PRNGKeyArray):
    """What one chip answers, so many samples at once as fit in memory."""

    def some(inputs):
        x, key = inputs
        return rule.infer(chip, x, key).output

    parts = -(-len(x) // _AT_ONCE)
    padded = filled_up(x, -(-len(x) // parts))
    output = jax.lax.map(some, (padded, jax.random.split(key, parts)))
    return output.reshape(-1, output.shape[-1])[: len(x)]


_AT_ONCE = 1024
"""Samples that are tested at once, at most: what settles between two layers of a large network must fit in memory."""


def accuracy(
    rule: Rule, task: Codebook, chips: Chips, channel: Channel, chip_keys: Key[Array, "chips"], copies: int = 16
) -> np.ndarray:
    """The share of right answers of each chip on words sent through `channel`, drawn apart for each."""
    draw_keys, noise_keys = jax.vmap(lambda key: jax.random.split(jax.random.fold_in(key, TESTS)), out_axes=1)(
        chip_keys
    )
    x, index = jax.vmap(lambda key: task.test(channel, copies, key))(draw_keys)
    return np.asarray(answer(rule, task, chips, x, index, noise_keys).right.mean(1))
