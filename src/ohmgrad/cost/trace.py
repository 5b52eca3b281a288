"""The work of one batch, from an abstract trace of a rule of any kind; nothing is computed."""

from dataclasses import replace
from typing import Any

import jax
from jaxtyping import PRNGKeyArray

from ohmgrad import training
from ohmgrad.cost.program import follow
from ohmgrad.cost.work import Work, summed
from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import Settling
from ohmgrad.rules import Rule
from ohmgrad.synapses import Ideal, Synapse

Batch = Any
"""An array or a jax.ShapeDtypeStruct, with samples along the first axis."""


def learning(rule: Rule, x: Batch, target: Batch) -> Work:
    """The work of training with one batch: inference, learning phases, and writing every matrix.

    Phases that may end early (`tolerance`) are counted with their maximal number of sweeps.

    Args:
        rule: The rule, shipped or user-defined.
        x: Inputs of a batch; only shape and dtype are used.
        target: Targets of a batch; only shape and dtype are used.

    Raises:
        InputError: if the rule calls verbs in a loop whose length depends on values, or does not return the counts of
            all verbs that it calls.
    """

    def learned(chip: tuple[Synapse, ...], rule: Rule, x, target, key: PRNGKeyArray) -> Counts:
        return training.step(rule, chip, x, target, [1.0] * len(chip), key)[2]

    return _asked(learned, rule, x, target)


def answering(rule: Rule, x: Batch) -> Work:
    """The work of inference with one batch; arguments and errors as in `learning`."""

    def answered(chip: tuple[Synapse, ...], rule: Rule, x, key: PRNGKeyArray) -> Counts:
        inference = rule.infer(chip, x, key)
        return inference.counts.plus(Counts(edge_inputs=float(x.size), edge_outputs=float(inference.output.size)))

    return _asked(answered, rule, x)


def _asked(counted, rule: Rule, *batch: Batch) -> Work:
    """The work of a function (chip, rule, *batch, key) -> Counts."""
    rule = _without_tolerance(rule)

    def whole(weights, key, *batch) -> Counts:
        own = rule.on_chip(key)
        return counted(own.mounted([Ideal(matrix, rule.low) for matrix in weights]), own, *batch, key)

    weights = [jax.ShapeDtypeStruct(shape, batch[0].dtype) for shape in rule.shapes]
    program = jax.make_jaxpr(whole)(weights, jax.eval_shape(lambda: jax.random.key(0)), *batch)
    numbers, verbs = follow(program)
    counts, verbs = Counts(*numbers), summed(verbs)
    for name in ("neuron_updates", "free_phases", "pushed_phases", "edge_inputs", "edge_outputs"):
        if getattr(counts, name) is None:
            raise InputError(f"{type(rule).__name__}: its {name} depend on values; allowed: numbers that shapes decide")
    phases = counts.free_phases + counts.pushed_phases
    work = Work(verbs, counts.neuron_updates, phases, counts.edge_inputs, counts.edge_outputs)
    if counts.calls != work.calls:
        raise InputError(
            f"{type(rule).__name__}: it asks for {work.calls:g} verbs and counts {counts.calls or 0:g}; "
            "needed: the counts that every verb returns, added up"
        )
    return work


def _without_tolerance(rule: Rule) -> Rule:
    """The rule with phases that always make all sweeps."""

    def all_sweeps(part):
        return replace(part, tolerance=None) if isinstance(part, Settling) else part

    return jax.tree.map(all_sweeps, rule, is_leaf=lambda part: isinstance(part, Settling))
