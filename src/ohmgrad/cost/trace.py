"""What one batch asks, from an abstract trace of a rule: nothing is computed, and no kind of rule is known here."""

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
"""Anything with a shape and a dtype, the samples first: an array, or a jax.ShapeDtypeStruct."""


def learning(rule: Rule, x: Batch, target: Batch) -> Work:
    """What a training asks for one batch: to settle or pass, to write every matrix.

    Phases that end early where they have settled are counted with all sweeps that they may take.

    Args:
        rule: any rule, a user's own too.
        x: the inputs of a batch, of which only shape and dtype are used.
        target: its targets.

    Raises:
        InputError: where the rule loops as often as values decide, or does not hand on the counts of a verb.
    """

    def learned(chip: tuple[Synapse, ...], rule: Rule, x, target, key: PRNGKeyArray) -> Counts:
        return training.step(rule, chip, x, target, [1.0] * len(chip), key)[2]

    return _asked(learned, rule, x, target)


def answering(rule: Rule, x: Batch) -> Work:
    """What one batch of answers asks; as `learning`."""

    def answered(chip: tuple[Synapse, ...], rule: Rule, x, key: PRNGKeyArray) -> Counts:
        inference = rule.infer(chip, x, key)
        return inference.counts.plus(Counts(edge_inputs=float(x.size), edge_outputs=float(inference.output.size)))

    return _asked(answered, rule, x)


def _asked(counted, rule: Rule, *batch: Batch) -> Work:
    """Of a function of a chip, the rule on it, a batch and a key, that returns counts."""
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
    """The same rule with phases that make all of their sweeps."""

    def all_sweeps(part):
        return replace(part, tolerance=None) if isinstance(part, Settling) else part

    return jax.tree.map(all_sweeps, rule, is_leaf=lambda part: isinstance(part, Settling))
