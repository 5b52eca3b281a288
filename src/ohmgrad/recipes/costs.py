"""What a recipe asks of machines, from a trace of its rule; JAX is imported only where it was not asked before."""

from ohmgrad.cost.kept import Costs, OnArrays, kept
from ohmgrad.recipes.schema import Experiment
from ohmgrad.recipes.sizes import Sizes, sizes

_NO_MATTER = {"title", "expected", "training", "evaluation", "ledger"}
"""Sections of a recipe that change nothing of what a batch asks; but for how large it is."""


def costs(experiment: Experiment) -> Costs:
    """What a batch of the recipe's training, and one of its answers, asks.

    Raises InputError where the recipe's parts do not go together, or its own table of patterns cannot be read.
    """
    found = sizes(experiment)
    asked = [experiment.model_dump(mode="json", exclude=_NO_MATTER), found, experiment.training.batch]
    return kept(asked, lambda: _traced(experiment, found))


def _traced(experiment: Experiment, data: Sizes) -> Costs:
    import jax
    import jax.numpy as jnp

    from ohmgrad import cost
    from ohmgrad.recipes.build import learners

    rule, baseline, hardware = learners(experiment, data)
    seen = data.image if experiment.network.kind == "convolutional-hopfield" else (data.inputs,)
    batch = experiment.training.batch
    x, target = (jax.ShapeDtypeStruct((batch, *each), jnp.float32) for each in (seen, (data.outputs,)))
    learning, answering = cost.learning(rule, x, target), cost.answering(rule, x)
    on_arrays = None
    if hardware is not None:
        tiles = sum(map(hardware.tiles, rule.shapes))
        cells = sum(rows * columns for rows, columns in rule.shapes)
        on_arrays = OnArrays(
            cost.programming(rule, hardware),
            cost.on_arrays(rule, hardware, learning, data.mean_square),
            cost.on_arrays(rule, hardware, answering, data.mean_square),
            tiles * hardware.mapping.devices,
            cells / (tiles * hardware.rows * hardware.columns),
        )
    return Costs(learning, answering, cost.learning(baseline, x, target), on_arrays)
