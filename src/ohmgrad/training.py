"""One loop: batches in, settled states, writes, counters out; a whole epoch of many chips is one compiled function."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.data import Channel, Codebook
from ohmgrad.data.batches import batches
from ohmgrad.data.task import Task, filled_up
from ohmgrad.rules import Rule
from ohmgrad.synapses import Crossbar, Ideal, Optimised, Synapse

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


def ideal_chips(
    rule: Rule,
    gains: Sequence[float],
    chip_keys: Key[Array, "chips"],
    optimiser: optax.GradientTransformation | None = None,
) -> Chips:
    """Chips of ideal weights for a rule, one per key; an optimiser, where given, decides what a write does."""

    def synapse(weights):
        return Ideal(weights, rule.low) if optimiser is None else Optimised.begin(weights, optimiser, rule.low)

    def make(key):
        return rule.mounted([synapse(w) for w in rule.initial(gains, jax.random.fold_in(key, _WEIGHTS))])

    return jax.jit(jax.vmap(make))(chip_keys)


def crossbar_chips(
    rule: Rule,
    gains: Sequence[float],
    chip_keys: Key[Array, "chips"],
    hardware: Hardware,
    weight_max: Sequence[float],
    adc_full_scale_amperes: Sequence[float],
) -> tuple[Chips, Counts]:
    """Chips of crossbars programmed to the same weights that `ideal_chips` holds, and what the programming took."""

    def program(key):
        weights = rule.initial(gains, jax.random.fold_in(key, _WEIGHTS))
        write_key = jax.random.fold_in(key, _PROGRAMMING)
        chip, counts = programmed(weights, hardware, weight_max, adc_full_scale_amperes, write_key)
        return rule.mounted(chip), jax.tree.map(jnp.asarray, counts)

    return jax.jit(jax.vmap(program))(chip_keys)


def programmed(
    weights: Sequence[Float[Array, "_ _"]],
    hardware: Hardware,
    weight_max: Sequence[float],
    adc_full_scale_amperes: Sequence[float],
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


Schedule = Callable[[int, int], float]
"""The epoch (from 0) and how many there are, to what learning rates are multiplied by."""


def cosine(epoch: int, epochs: int) -> float:
    """From 1 to 0 along half of a cosine."""
    return (1 + math.cos(math.pi * epoch / epochs)) / 2


def exponential(share: float) -> Schedule:
    """Every epoch at so much of the rates of the one before."""
    return lambda epoch, epochs: share**epoch


def train(
    rule: Rule,
    task: Task,
    progress: Progress,
    chip_keys: Key[Array, "chips"],
    *,
    learning_rates: Sequence[float],
    epochs: int,
    batch: int,
    schedule: Schedule = cosine,
    after_epoch: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Train all chips side by side from `progress` to `epochs`, the learning rates falling along a schedule.

    The randomness of an epoch depends on the chip's key and the epoch's number alone, so training that was interrupted
    and continued gives the same bits as one that was not. `after_epoch` sees every new state.

    Raises:
        InputError: where a batch is larger than an epoch.
    """
    batches(task.samples, batch)
    progress = progress._replace(chips=_spread(progress.chips))
    while progress.epoch < epochs:
        decay = schedule(progress.epoch, epochs)
        rates = jnp.array([decay * rate for rate in learning_rates], jnp.float32)
        chips, loss, residual, counts = _epoch(
            rule, task, progress.chips, chip_keys, jnp.uint32(progress.epoch), rates, batch
        )
        # Whole numbers up to 2^24 are exact in float32; above, every addition within a batch rounds by up to 2^-24 of
        # the sum. The sum of an epoch is one of float64.
        counts = Counts(*(np.asarray(count, np.float64).sum(1) for count in counts))
        progress = Progress(
            chips=chips,
            epoch=progress.epoch + 1,
            loss=np.vstack([progress.loss, np.asarray(loss, np.float64)]),
            residual=np.vstack([progress.residual, np.asarray(residual, np.float64)]),
            counts=progress.counts.plus(counts),
        )
        after_epoch(progress)
    return progress


def _spread(chips: Chips) -> Chips:
    """The chips on as many of JAX's devices as can have equally many of them: they work side by side from here on."""
    number, devices = len(jax.tree.leaves(chips)[0]), jax.local_devices()
    share = max(n for n in range(1, len(devices) + 1) if number % n == 0)
    if share == 1:
        return chips
    return jax.device_put(chips, NamedSharding(Mesh(np.array(devices[:share]), "chips"), PartitionSpec("chips")))


@eqx.filter_jit
def _epoch(rule, task, chips, chip_keys, epoch, rates, batch):
    """Scan over batches {settle free, settle pushed, write, count}, vectorised over chips."""

    def one_chip(chip, key):
        own = rule.on_chip(jax.random.fold_in(key, _RULE))
        data_key, step_key = jax.random.split(jax.random.fold_in(jax.random.fold_in(key, _EPOCHS), epoch))
        order = task.epoch(data_key, batch)
        steps = len(order[0])

        def step(chip, inputs):
            element, key = inputs
            learn_key, *write_keys = jax.random.split(key, 1 + len(chip))
            x, target = task.batch(element)
            writes, inference, counts = own.learn(chip, x, target, learn_key)
            edges = Counts(edge_inputs=float(x.size + target.size), edge_outputs=float(inference.output.size))
            counts = counts.plus(edges)
            written = []
            for synapse, (pre, post), rate, write_key in zip(chip, writes, rates, write_keys, strict=True):
                synapse, more = synapse.write(pre, post, write_key, rate)
                written.append(synapse)
                counts = counts.plus(more)
            loss = rule.cost(inference.output, target).mean()
            log = loss, inference.residual.mean(), jax.tree.map(jnp.asarray, counts)
            return tuple(written), log

        chip, (loss, residual, counts) = jax.lax.scan(step, chip, (order, jax.random.split(step_key, steps)))
        return chip, loss.mean(), residual.mean(), counts

    return jax.vmap(one_chip)(chips, chip_keys)


class Answers(NamedTuple):
    """What every chip answers to its samples, and which answers are right."""

    output: Float[Array, "chips samples outputs"]
    right: Bool[Array, "chips samples"]


@eqx.filter_jit
def answer(
    rule: Rule,
    task: Task,
    chips: Chips,
    x: Float[Array, "..."],
    index: Int[Array, "..."],
    chip_keys: Key[Array, "chips"],
) -> Answers:
    """Test every chip, through the same noisy verbs as in training.

    `index` has shape (chips, samples) and x (chips, samples, ...) where every chip has samples of its own, or both lack
    the axis over chips where all share them.
    """

    def one_chip(chip, x, index, key):
        def some(inputs):
            x, key = inputs
            return rule.infer(chip, x, key).output

        parts = -(-len(x) // _AT_ONCE)
        padded = filled_up(x, -(-len(x) // parts))
        output = jax.lax.map(some, (padded, jax.random.split(key, parts)))
        output = output.reshape(-1, output.shape[-1])[: len(x)]
        return Answers(output, task.right(output, index))

    own = 0 if index.ndim == 2 else None
    return jax.vmap(one_chip, (0, own, own, 0))(chips, x, index, chip_keys)


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
