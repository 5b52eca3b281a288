"""Training and testing of many chips at once; an epoch of all chips is one compiled function."""

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
"""One synapse per weight matrix; all arrays have a leading axis over chips."""


_WEIGHTS, _PROGRAMMING, _EPOCHS, TESTS, _, _RULE, VALIDATION, CALIBRATION = range(8)
"""Numbers folded into a chip's key, one per use, so that no two uses share random numbers."""


class Progress(NamedTuple):
    """State of a training.

    Attributes:
        chips: The chips.
        epoch: Number of finished epochs.
        loss: Mean loss, of shape (epochs, chips).
        residual: Mean residual of the free phase, of shape (epochs, chips).
        counts: Totals so far in float64, one value per chip; those of `counts.BY_MATRIX` have one column per weight
            matrix on crossbars.
        seconds: The chips' clock: time since they were made, through training and rest.
        earlier: Number of epochs for which these chips were trained before this training.
    """

    chips: Chips
    epoch: int
    loss: np.ndarray
    residual: np.ndarray
    counts: Counts
    seconds: float = 0.0
    earlier: int = 0

    def aged(self, seconds: float) -> "Progress":
        """Let the chips rest for some time."""
        return self._replace(chips=aged(self.chips, seconds), seconds=self.seconds + seconds)

    def after(self, chips: Chips, loss: Array, residual: Array, counts: Counts, seconds: float) -> "Progress":
        """Append an epoch.

        Args:
            chips: The chips after the epoch.
            loss: Mean loss of each chip.
            residual: Mean residual of each chip.
            counts: Counts of the epoch, per chip and batch.
            seconds: Duration of the epoch on the chips' clock.
        """
        # Counts of a batch are float32: exact up to 2^24; above, each addition rounds by up to 2^-24, relative. The
        # sums over batches are float64.
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
        """Start a new training of the same chips, with counts and history of its own."""
        return Progress.start(self.chips)._replace(seconds=self.seconds, earlier=self.earlier + self.epoch)

    def mean_counts(self) -> Counts:
        """Counts of one chip, averaged over chips and summed over matrices: what the ledger prices."""
        return Counts(*(float(count.reshape(len(count), -1).sum(1).mean()) for count in self.counts))

    @staticmethod
    def start(chips: Chips, counts: Counts | None = None) -> "Progress":
        """Begin a training.

        Args:
            chips: The chips.
            counts: Counts of programming the chips, one value per chip.
        """
        number = jax.tree.leaves(chips)[0].shape[0]
        history = np.zeros((0, number))
        totals = (np.asarray(count, np.float64) for count in counts or Counts())
        return Progress(chips, 0, history, history, Counts(*(t if t.ndim else np.full(number, t) for t in totals)))


def keys(seeds: Sequence[int]) -> Key[Array, "chips"]:
    """One random key per chip, from one seed per chip."""
    return jax.vmap(jax.random.key)(jnp.array(seeds, jnp.uint32))


Variants = Rule | Sequence[Rule]
"""One rule for all chips, or one per chip; these may differ in their numbers only (`variants.per_chip`)."""
Values = Sequence[float] | Sequence[Sequence[float]] | Array | np.ndarray
"""One value per weight matrix, or one per chip and weight matrix."""


def ideal_chips(
    rule: Variants,
    gains: Values,
    chip_keys: Key[Array, "chips"],
    optimiser: Optimiser | Sequence[Optimiser] | None = None,
) -> Chips:
    """Create chips of ideal weights.

    Args:
        rule: The rule, which draws the initial weights: one for all chips, or one per chip.
        gains: Standard deviation of the initial weights times sqrt(inputs), per weight matrix, or per chip and matrix.
        chip_keys: One key per chip.
        optimiser: Optimiser of the weights: one for all chips, or one per chip. None: writes add the plain update.

    Raises:
        InputError: where variants differ in more than their numbers.
    """
    chips = len(chip_keys)
    return _ideal_chips(per_chip(rule, chips), _of_chips(gains, chips), chip_keys, per_chip(optimiser, chips))


@eqx.filter_jit
def _ideal_chips(rules: PerChip, gains, chip_keys, optimisers: PerChip) -> Chips:
    def make(key, gains, rule_numbers, optimiser_numbers):
        rule, optimiser = rules.of(rule_numbers), optimisers.of(optimiser_numbers)
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
    """Create chips of crossbars, programmed to the same initial weights as `ideal_chips`.

    Args:
        rule: The rule: one for all chips, or one per chip.
        gains: Standard deviation of the initial weights times sqrt(inputs), per weight matrix, or per chip and matrix.
        chip_keys: One key per chip.
        hardware: The hardware: one for all chips, or one per chip.
        weight_max: The largest weight that the devices can represent, per weight matrix, or per chip and matrix.
        adc_full_scale_amperes: Line current at which the ADC clips, per weight matrix, or per chip and matrix.

    Returns:
        The chips, and the counts of programming them, one value per chip.

    Raises:
        InputError: where variants differ in more than their numbers, or the hardware does not support the network.
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
    def program(key, rule_numbers, hardware_numbers, gains, weight_max, amperes):
        rule, hardware = rules.of(rule_numbers), arrays.of(hardware_numbers)
        weights = rule.initial(list(gains), jax.random.fold_in(key, _WEIGHTS))
        write_key = jax.random.fold_in(key, _PROGRAMMING)
        chip, counts = programmed(weights, hardware, list(weight_max), list(amperes), write_key)
        return rule.mounted(chip), jax.tree.map(jnp.asarray, counts)

    return jax.vmap(program)(chip_keys, rules.each, arrays.each, gains, weight_max, amperes)


def _of_chips(values: Values, chips: int) -> Float[Array, "chips matrices"]:
    """Broadcast values to all chips."""
    array = jnp.asarray(values, jnp.float32)
    return jnp.broadcast_to(array, (chips, array.shape[-1]))


def programmed(
    weights: Sequence[Float[Array, "_ _"]],
    hardware: Hardware,
    weight_max: Sequence[Number],
    adc_full_scale_amperes: Sequence[Number],
    key: PRNGKeyArray,
) -> tuple[list[Crossbar], Counts]:
    """Program the matrices of one chip.

    Args:
        weights: The initial weights of each matrix.
        hardware: The hardware.
        weight_max: The largest weight that the devices can represent, per matrix.
        adc_full_scale_amperes: Line current at which the ADC clips, per matrix.
        key: Randomness of fabrication and programming.

    Returns:
        One crossbar per matrix, and the counts of the programming.
    """
    chip, total = [], Counts()
    ranges = zip(weight_max, adc_full_scale_amperes, strict=True)
    keys = jax.random.split(key, len(weights))
    for place, matrix, (largest, amperes), matrix_key in zip(jnp.eye(len(weights)), weights, ranges, keys, strict=True):
        synapse, counts = Crossbar.program(matrix, hardware, largest, amperes, matrix_key)
        chip.append(replace(synapse, place=place))
        total = total.plus(counts.placed(place))
    return chip, total


def aged(chips: Chips, seconds: float) -> Chips:
    """Let chips rest for some time, in seconds; ideal weights do not age."""
    return jax.vmap(lambda chip: tuple(synapse.aged(seconds) for synapse in chip))(chips)


Schedule = Callable[[int, int], float]
"""Factor of the learning rates, as a function of the epoch (from 0) and the number of epochs."""


def cosine(epoch: int, epochs: int) -> float:
    """Schedule that falls from 1 to 0 along half a period of a cosine."""
    return (1 + math.cos(math.pi * epoch / epochs)) / 2


def exponential(share: float) -> Schedule:
    """Schedule that multiplies learning rates by `share` after every epoch."""
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
    """Train all chips in parallel.

    The random numbers of an epoch depend only on the chip's key and on how many epochs the chip was trained for before:
    a training that was interrupted and continued gives the same bits as one that was not.

    Args:
        rule: The rule: one for all chips, or one per chip.
        task: The task: one for all chips, or one per chip.
        progress: The state to continue from.
        chip_keys: One key per chip.
        learning_rates: Learning rate of each weight matrix, or per chip and matrix.
        epochs: Total number of epochs, those of `progress` included.
        batch: Samples per step.
        schedule: Factor of the learning rates in each epoch.
        step_seconds: Time by which devices age before every step; 0: no ageing during training.
        after_epoch: Called with the new state after every epoch.

    Returns:
        The state after the last epoch.

    Raises:
        InputError: where a batch is larger than an epoch, or variants differ in more than their numbers.
    """
    steps = batches((task[0] if isinstance(task, Sequence) else task).samples, batch)
    if step_seconds and not progress.seconds:
        progress = progress.aged(0.0)  # adds the time since the last write of each device to the arrays
    age_step = jnp.float32(step_seconds) if step_seconds else None
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
            age_step,
        )
        progress = progress.after(chips, loss, residual, counts, steps * step_seconds)
        after_epoch(progress)
    return progress


def _spread(chips: Chips) -> Chips:
    """Distribute chips evenly over JAX's devices; uses the largest number of devices that divides that of chips."""
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
    """Train one chip on one batch: learn, then write every matrix. `ohmgrad.cost` traces this function.

    Args:
        rule: The rule.
        chip: One synapse per weight matrix, without an axis over chips.
        x: Inputs.
        target: Targets.
        rates: Learning rate of each matrix.
        key: Randomness of the step.

    Returns:
        The chip after the writes; the network's answer before them; the counts of the step.
    """
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
    """One epoch of all chips: a scan over batches (age, learn, write, count), vectorised over chips."""

    def one_chip(chip, key, rule_numbers, task_numbers, rates):
        rule, task = rules.of(rule_numbers), tasks.of(task_numbers)
        chip_rule = rule.on_chip(jax.random.fold_in(key, _RULE))
        data_key, step_key = jax.random.split(jax.random.fold_in(jax.random.fold_in(key, _EPOCHS), epoch))
        order = task.epoch(data_key, batch)
        steps = len(order[0])

        def one_batch(chip, inputs):
            element, key = inputs
            x, target = task.batch(element)
            if step_seconds is not None:
                chip = tuple(synapse.aged(step_seconds) for synapse in chip)
            chip, inference, counts = step(chip_rule, chip, x, target, rates, key)
            loss = rule.cost(inference.output, target).mean()
            return chip, (loss, inference.residual.mean(), jax.tree.map(jnp.asarray, counts))

        chip, (loss, residual, counts) = jax.lax.scan(one_batch, chip, (order, jax.random.split(step_key, steps)))
        return chip, loss.mean(), residual.mean(), counts

    return jax.vmap(one_chip)(chips, chip_keys, rules.each, tasks.each, rates)


class Answers(NamedTuple):
    """Answers of all chips in a test.

    Attributes:
        output: Outputs of the networks.
        right: Whether each answer is right.
    """

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
    """Test all chips, with the same noisy verbs as in training.

    Args:
        rule: The rule: one for all chips, or one per chip.
        task: The task: one for all chips, or one per chip.
        chips: The chips.
        x: Inputs, of shape (samples, ...), or (chips, samples, ...) if every chip has its own.
        index: Index of the right answer to each sample, of shape (samples,) or (chips, samples), as x.
        chip_keys: One key per chip: randomness of reads.
    """
    number = len(chip_keys)
    return _answer(per_chip(rule, number), per_chip(task, number), chips, x, index, chip_keys)


@eqx.filter_jit
def _answer(rules: PerChip, tasks: PerChip, chips, x, index, chip_keys) -> Answers:
    def one_chip(chip, x, index, key, rule_numbers, task_numbers):
        rule, task = rules.of(rule_numbers), tasks.of(task_numbers)
        output = _outputs(rule, chip, x, key)
        return Answers(output, task.right(output, index))

    sample_axis = 0 if index.ndim == 2 else None
    axes = (0, sample_axis, sample_axis, 0, 0, 0)
    return jax.vmap(one_chip, axes)(chips, x, index, chip_keys, rules.each, tasks.each)


def predict(
    rule: Variants, chips: Chips, x: Float[Array, "samples ..."], chip_keys: Key[Array, "chips"]
) -> Float[Array, "chips samples outputs"]:
    """Outputs of all chips for the same samples.

    Args:
        rule: The rule: one for all chips, or one per chip.
        chips: The chips.
        x: Inputs.
        chip_keys: One key per chip: randomness of reads.
    """
    return _predict(per_chip(rule, len(chip_keys)), chips, x, chip_keys)


@eqx.filter_jit
def _predict(rules: PerChip, chips, x, chip_keys):
    def one_chip(chip, key, rule_numbers):
        return _outputs(rules.of(rule_numbers), chip, x, key)

    return jax.vmap(one_chip)(chips, chip_keys, rules.each)


def _outputs(rule: Rule, chip: Chips, x: Float[Array, "samples ..."], key: PRNGKeyArray):
    """Outputs of one chip, computed in parts of at most `_AT_ONCE` samples."""

    def one_part(inputs):
        x, key = inputs
        return rule.infer(chip, x, key).output

    parts = -(-len(x) // _AT_ONCE)
    padded = filled_up(x, -(-len(x) // parts))
    output = jax.lax.map(one_part, (padded, jax.random.split(key, parts)))
    return output.reshape(-1, output.shape[-1])[: len(x)]


_AT_ONCE = 1024
"""Largest number of samples tested at once, so that the activities of a large network fit in memory."""


def accuracy(
    rule: Rule, task: Codebook, chips: Chips, channel: Channel, chip_keys: Key[Array, "chips"], copies: int = 16
) -> np.ndarray:
    """Share of right answers of each chip, on code words sent through a noisy channel.

    Args:
        rule: The rule.
        task: The code words.
        chips: The chips.
        channel: The channel; every chip gets its own noise.
        chip_keys: One key per chip.
        copies: Number of noisy copies of each word.

    Returns:
        Accuracies, of shape (chips,).
    """
    draw_keys, noise_keys = jax.vmap(lambda key: jax.random.split(jax.random.fold_in(key, TESTS)), out_axes=1)(
        chip_keys
    )
    x, index = jax.vmap(lambda key: task.test(channel, copies, key))(draw_keys)
    return np.asarray(answer(rule, task, chips, x, index, noise_keys).right.mean(1))
