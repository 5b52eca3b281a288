"""Counts the calls of verbs in a traced program (jaxpr), multiplied by the lengths of the loops around them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from ohmgrad.counts import Verb
from ohmgrad.errors import InputError
from ohmgrad.synapses.synapse import MARK

Number = float | None
"""The value of all entries of an array if it is known without running the program, else None."""
Found = tuple[list[Number], list[Verb]]


def follow(program: ClosedJaxpr) -> Found:
    """Analyse a traced program.

    Args:
        program: The jaxpr.

    Returns:
        The value of each output (None if it depends on the inputs), and the verbs called.

    Raises:
        InputError: if a loop whose length depends on values calls verbs.
    """
    return _follow(program, [None] * len(program.jaxpr.invars))


def _follow(program: ClosedJaxpr | Jaxpr, inputs: Sequence[Number]) -> Found:
    jaxpr = program.jaxpr if isinstance(program, ClosedJaxpr) else program
    consts = program.consts if isinstance(program, ClosedJaxpr) else [None] * len(jaxpr.constvars)
    known: dict[Any, Number] = dict(zip(jaxpr.invars, inputs, strict=True))
    known |= dict(zip(jaxpr.constvars, map(_constant, consts), strict=True))
    verbs: list[Verb] = []

    def number(atom: Any) -> Number:
        return _constant(atom.val) if isinstance(atom, Literal) else known.get(atom)

    for equation in jaxpr.eqns:
        outputs, more = _equation(equation, [number(atom) for atom in equation.invars])
        known |= dict(zip(equation.outvars, outputs, strict=True))
        verbs += more
    return [number(atom) for atom in jaxpr.outvars], verbs


def _constant(value: Any) -> Number:
    """The value of a real scalar; None for any other constant."""
    return float(value) if np.ndim(value) == 0 and np.result_type(value).kind in "fiu" else None


def _equation(equation: Any, inputs: list[Number]) -> Found:
    """Analyse one primitive: the mark of a verb, a loop, a branch, a nested program, or arithmetic."""
    name, unknown = equation.primitive.name, _unknown(equation)
    if equation.primitive is MARK:
        verb = equation.params["verb"]
        return [verb.times], [verb]
    if name in _LOOPS:
        return _LOOPS[name](equation, inputs)
    if name in _ARITHMETIC and None not in inputs:
        return [_ARITHMETIC[name](*inputs)], []
    if name == "reduce_sum" and inputs[0] is not None:
        return [inputs[0] * equation.invars[0].aval.size / max(equation.outvars[0].aval.size, 1)], []
    within = [value for value in equation.params.values() if isinstance(value, ClosedJaxpr | Jaxpr)]
    if len(within) != 1:
        return unknown, []
    taken = len(within[0].jaxpr.invars if isinstance(within[0], ClosedJaxpr) else within[0].invars)
    outputs, verbs = _follow(within[0], inputs[len(inputs) - taken :] if taken else [])
    return (outputs if len(outputs) == len(unknown) else unknown), verbs


def _unknown(equation: Any) -> list[Number]:
    """Unknown outputs of an equation."""
    return [None for _ in equation.outvars]


def _scan(equation: Any, inputs: list[Number]) -> Found:
    """A loop of fixed length; a carried number that grows by the same amount in every iteration is known."""
    body, turns = equation.params["jaxpr"], equation.params["length"]
    first, last = equation.params["num_consts"], equation.params["num_consts"] + equation.params["num_carry"]
    start = inputs[first:last]
    once, verbs = _follow(body, inputs)
    twice, _ = _follow(body, [*inputs[:first], *once[: len(start)], *inputs[last:]])
    carried = [_after(turns, *each) for each in zip(start, once, twice, strict=False)]
    stacked = [one if one == two else None for one, two in zip(once, twice, strict=True)]
    return carried + stacked[len(start) :], [verb._replace(times=turns * verb.times) for verb in verbs]


def _after(turns: int, start: Number, once: Number, twice: Number) -> Number:
    """A number after `turns` iterations if each adds the same amount; else None."""
    if start is None or once is None or twice is None or twice - once != once - start:
        return None
    return start + turns * (once - start)


def _while(equation: Any, inputs: list[Number]) -> Found:
    """A loop whose length depends on values: it must not call verbs, since their number would be unknown."""
    body = equation.params["body_jaxpr"]
    if _follow(body, [None] * len(body.jaxpr.invars))[1]:
        raise InputError(
            "a loop that calls verbs ends when values say so, and states no most turns; "
            "allowed: scan, or fori_loop of a fixed length"
        )
    return _unknown(equation), []


def _cond(equation: Any, inputs: list[Number]) -> Found:
    """The verbs of the branch with most multiplications; outputs are known if all branches agree on them."""
    branches = [_follow(branch, inputs[1:]) for branch in equation.params["branches"]]
    numbers = [each[0] if len(set(each)) == 1 else None for each in zip(*(found for found, _ in branches), strict=True)]
    return numbers, max((verbs for _, verbs in branches), key=lambda verbs: sum(verb.macs for verb in verbs))


_LOOPS: dict[str, Callable[[Any, list[Number]], Found]] = {"scan": _scan, "while": _while, "cond": _cond}
_ARITHMETIC: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "add_any": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    **dict.fromkeys(("convert_element_type", "broadcast_in_dim", "reshape", "squeeze", "copy"), lambda a: a),
}
