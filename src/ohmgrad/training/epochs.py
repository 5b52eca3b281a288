"""Training many chips at once; an epoch of all chips is one compiled function."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Key, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.data.batches import batches
from ohmgrad.data.task import Task
from ohmgrad.rules import Inference, Rule
from ohmgrad.training.fabrication import EPOCHS, RULE, Chips, Values, Variants, aged, of_chips
from ohmgrad.variants import PerChip, per_chip


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
        decayed = of_chips(jnp.asarray(schedule(progress.epoch, epochs) * rates, jnp.float32), number)
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
    _traced.append(batch)

    def one_chip(chip, key, rule_numbers, task_numbers, rates):
        rule, task = rules.of(rule_numbers), tasks.of(task_numbers)
        chip_rule = rule.on_chip(jax.random.fold_in(key, RULE))
        data_key, step_key = jax.random.split(jax.random.fold_in(jax.random.fold_in(key, EPOCHS), epoch))
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

    return _over_chips(one_chip, chips, chip_keys, rules.each, tasks.each, rates)


_traced: list[int] = []
"""The batch size of every epoch program of this process, added when it is traced."""


def compiled() -> int:
    """Number of epoch programs that this process has compiled, or loaded from the cache of compiled code."""
    return len(_traced)


def _over_chips(one_chip: Callable, *arguments):
    """`one_chip` for all chips at once; on CPUs for groups of chips in turn, which fit the caches.

    A group takes chips that are `groups` apart, so that the chips of every JAX device share every group.
    """
    number = len(jax.tree.leaves(arguments)[0])
    if number <= _GROUP or number % _GROUP or jax.default_backend() != "cpu":
        return jax.vmap(one_chip)(*arguments)
    split = jax.tree.map(lambda leaf: leaf.reshape(_GROUP, -1, *leaf.shape[1:]).swapaxes(0, 1), arguments)
    done = jax.lax.map(lambda group: jax.vmap(one_chip)(*group), split)
    return jax.tree.map(lambda leaf: leaf.swapaxes(0, 1).reshape(number, *leaf.shape[2:]), done)


_GROUP = 8
"""Chips of a group: fastest for `braille` (bench/RESULTS.md, "Hardware as data")."""
