"""The work that a recipe requires of machines, from an abstract trace of its rule."""

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
"""Sections of a recipe that do not affect the work of a batch, except for its size (`training.batch`)."""


class OnArrays(NamedTuple):
    """Counts on the arrays of one chip, for training and inference."""

    programming: Counts
    """Programming of the initial weights."""
    learning: Counts
    """One batch of training."""
    answering: Counts
    """One batch of inference."""
    arrays: int
    """Number of arrays that hold the matrices."""
    cells_used: float
    """Share of the cells of these arrays that hold weights. Other cells are neither driven nor written, nor priced."""

    def training(self, batches: int) -> Counts:
        """Counts of a training, including the programming of the initial weights.

        Args:
            batches: Number of batches of the training.
        """
        return self.learning.times(float(batches)).plus(self.programming)


class Costs(NamedTuple):
    """The work of a recipe per batch, from which its training and inference are priced."""

    learning: Work
    """One batch of training."""
    answering: Work
    """One batch of inference."""
    baseline: Work
    """One batch of backpropagation through the same layers."""
    on_arrays: OnArrays | None
    """Counts on arrays; None without hardware."""


def costs(experiment: Experiment) -> Costs:
    """The work of one batch of a recipe's training, and of its inference. Results are cached.

    Raises:
        InputError: if parts of the recipe are incompatible, or its table of patterns cannot be read.
    """
    batch = experiment.training.batch
    return _costs(_Asked(experiment, sizes(experiment), batch, experiment.model_dump_json(exclude=_NO_MATTER)))


class _Asked(NamedTuple):
    """Cache key of a recipe; equal for recipes whose batches require the same work."""

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
    """The work of one batch of training, and of one batch of inference.

    Args:
        rule: The learning rule with its network.
        hardware: The arrays, or None for ideal weights.
        x: Inputs of a batch; only shape and dtype are used.
        target: Targets of a batch; only shape and dtype are used.
        mean_square: Mean square of the numbers of a sample, with bounds.

    Raises:
        InputError: if the work of the rule cannot be counted (see `cost.learning`).
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
    """The work of one batch of backpropagation through the same layers."""
    layers = network.one_pass
    if isinstance(layers, FeedForward):
        return cost.learning(baseline(network, layers), x, target)
    layers = network if layers is None else layers
    if isinstance(layers, SettlingNetwork):
        return cost.learning(OnePass(layers), x, target)
    return cost.backpropagation(layers.shapes, x.shape[0])
