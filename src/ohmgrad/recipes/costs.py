"""What a recipe asks of machines, from a trace of its rule."""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ohmgrad import cost
from ohmgrad.cost import Work
from ohmgrad.cost.one_pass import OnePass
from ohmgrad.cost.trace import Batch
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.crossbar.expected import ACTIVITIES
from ohmgrad.networks import FeedForward, Network, SettlingNetwork
from ohmgrad.quantity import Range
from ohmgrad.recipes.build import baseline, machine
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.sizes import Sizes, sizes
from ohmgrad.rules import Rule

_NO_MATTER = {"title", "expected", "training", "evaluation", "ledger"}
"""Sections of a recipe that change nothing of what a batch asks; but for how large it is."""


class OnArrays(NamedTuple):
    """What a training of one chip and its answers count on arrays."""

    programming: Counts
    """Of the first weights."""
    learning: Counts
    """One batch of the training."""
    answering: Counts
    """One batch of answers."""
    arrays: int
    """Arrays that the matrices stand on."""
    cells_used: float
    """Share of the cells of these arrays that hold weights; the rest is neither driven nor written, and not priced."""

    def training(self, batches: int) -> Counts:
        """Of a training, from the programming of its first weights on."""
        return self.learning.times(float(batches)).plus(self.programming)


class Costs(NamedTuple):
    """What pricing needs to know of a training: all that takes a trace, or the parts of the chip, to tell."""

    learning: Work
    """One batch of the training."""
    answering: Work
    """One batch of answers."""
    baseline: Work
    """One batch of backpropagation through the same layers."""
    on_arrays: OnArrays | None


def costs(experiment: Experiment) -> Costs:
    """What a batch of the recipe's training, and one of its answers, asks.

    Raises InputError where the recipe's parts do not go together, or its table of patterns cannot be read.
    """
    batch = experiment.training.batch
    return _costs(_Asked(experiment, sizes(experiment), batch, experiment.model_dump_json(exclude=_NO_MATTER)))


class _Asked(NamedTuple):
    """A recipe, equal to others that ask the same of a batch."""

    experiment: Experiment
    data: Sizes
    batch: int
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self[1:] == other[1:]

    def __hash__(self) -> int:
        return hash(self[1:])


@lru_cache(maxsize=16)
def _costs(asked: _Asked) -> Costs:
    experiment, data, batch, _ = asked
    learns = machine(experiment, data)
    sample = learns.rule.network.sample
    x, target = (jax.ShapeDtypeStruct((batch, *each), jnp.float32) for each in (sample, (data.outputs,)))
    return of_parts(learns.rule, learns.hardware, x, target, data.mean_square)


def of_parts(rule: Rule, hardware: Hardware | None, x: Batch, target: Batch, mean_square: Range = ACTIVITIES) -> Costs:
    """What a batch of a training, and one of its answers, asks.

    Args:
        rule: The learning rule with its network.
        hardware: The arrays, or None for ideal weights.
        x: The inputs of a batch, of which only shape and dtype are used.
        target: Its targets, likewise.
        mean_square: Of the numbers of a sample.

    Raises:
        InputError: where a rule asks for what cannot be counted (`cost.learning`).
    """
    learning, answering = cost.learning(rule, x, target), cost.answering(rule, x)
    on_arrays = None
    if hardware is not None:
        tiles = sum(map(hardware.tiles, rule.shapes))
        cells = sum(rows * columns for rows, columns in rule.shapes)
        on_arrays = OnArrays(
            cost.programming(rule, hardware),
            cost.on_arrays(rule, hardware, learning, mean_square),
            cost.on_arrays(rule, hardware, answering, mean_square),
            tiles * hardware.mapping.devices,
            cells / (tiles * hardware.rows * hardware.columns),
        )
    return Costs(learning, answering, _baseline(rule.network, x, target), on_arrays)


def _baseline(network: Network, x: Batch, target: Batch) -> Work:
    """What backpropagation through the same layers asks for a batch."""
    layers = network.one_pass
    if isinstance(layers, FeedForward):
        return cost.learning(baseline(network, layers), x, target)
    layers = network if layers is None else layers
    if isinstance(layers, SettlingNetwork):
        return cost.learning(OnePass(layers), x, target)
    return cost.backpropagation(layers.shapes, x.shape[0])
