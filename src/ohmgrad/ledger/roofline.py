"""Roofline price of verbs on a digital processor: each product is limited by arithmetic, memory, or its start."""

import math
from collections.abc import Sequence
from typing import Literal

from ohmgrad.counts import Verb
from ohmgrad.footprint import BYTES, Precision, Processor, Program
from ohmgrad.footprint.processor import SIGNIFICANT_BITS
from ohmgrad.ledger.bill import Bill, Line
from ohmgrad.ledger.price import weakest
from ohmgrad.quantity import Range


def price_processor(
    verbs: Sequence[Verb],
    machine: Processor,
    program: Program,
    batch: int,
    precision: Precision = "fp32",
    share: float = 1.0,
    bits: int | None = None,
) -> Bill:
    """Price the verbs of one training on a digital processor, run by a program.

    Low: arithmetic alone, at its peak and full power, in the fastest format with at least `bits` significant bits.
    Nominal and high: a product takes the longer of its arithmetic and its memory traffic (matrix, inputs and results
    once; a written matrix is also read), plus its starts, unless the program overlaps them; while the arithmetic waits,
    the processor draws `waiting_power`. A program that runs several trainings side by side shares starts among them.

    Args:
        verbs: What one training asks for.
        machine: The processor.
        program: How trainings run on it.
        batch: Samples in a batch, for the conditions of the bill.
        precision: Precision of the arithmetic.
        share: Share of the verbs that were really made, where settling ended early.
        bits: Bits of the chip's converters; None: those of `precision`.

    Raises:
        InputError: where the processor does not support the precision or the program's kind of start.
    """
    peak = machine.flops(precision)
    fastest, floor = machine.fastest(min(bits or 24, SIGNIFICANT_BITS[precision]))
    lines, busy, start = [], 0.0, machine.start(program.start)
    source = (
        f"starts: {start.source}; peak: {peak.source}; power: {machine.waiting_power.source}; {machine.watts.source}"
    )
    for kind in dict.fromkeys(verb.kind for verb in verbs):
        of_kind = [verb._replace(times=share * verb.times) for verb in verbs if verb.kind == kind]
        flop = 2 * math.fsum(verb.macs for verb in of_kind)
        working = Range(flop / floor.high, flop / peak.nominal, flop / peak.low)
        seconds = Range(
            working.low, *(_seconds(of_kind, machine, program, precision, at) for at in ("nominal", "high"))
        )
        waiting = [machine.waiting_power.nominal, machine.waiting_power.high]
        slow = [
            busy_seconds + power * (all_seconds - busy_seconds)
            for busy_seconds, all_seconds, power in zip(working[1:], seconds[1:], waiting, strict=True)
        ]
        busy += working.nominal
        starts = program.starts_per_verb.nominal * math.fsum(verb.times for verb in of_kind) / program.trainings
        lines.append(
            Line(
                "arithmetic" if kind != "write" else "weights",
                _ACTIONS[kind],
                starts,
                Range(seconds.low, *slow) * Range.of(machine.watts),
                seconds,
                source,
                weakest([start, peak, machine.watts, machine.waiting_power, program.starts_per_verb]),
            )
        )
    nominal = sum(line.seconds.nominal for line in lines)
    utilisation = busy / nominal if nominal else 0.0
    conditions = (
        f"{program.title}; {precision}, batch {batch}, utilisation {100 * utilisation:.2g} %; "
        f"low: {fastest} at its peak, utilisation 100 %"
    )
    return Bill(machine.title, conditions, tuple(lines), utilisation)


_ACTIONS = {"read": "forward products", "read_transposed": "transposed products", "write": "update"}


def _seconds(
    verbs: Sequence[Verb],
    machine: Processor,
    program: Program,
    precision: Precision,
    bound: Literal["nominal", "high"],
) -> float:
    """Seconds of all products of one training; at the `high` bound, peak and memory are at their slowest too."""
    slowest = bound if bound == "nominal" else "low"
    peak, memory = (getattr(figure, slowest) for figure in (machine.flops(precision), machine.bytes_per_second))
    start = getattr(program.starts_per_verb, bound) * getattr(machine.start(program.start), bound) / program.trainings
    total = []
    for verb in verbs:
        flop = 2 * verb.rows * verb.columns * verb.vectors
        product = max(flop / peak, BYTES[precision] * _numbers(verb) / memory)
        total.append(verb.times * (max(product, start) if program.overlapped else product + start))
    return math.fsum(total)


def _numbers(verb: Verb) -> int:
    """Numbers moved between memory and processor in one call: input and output vectors, and the matrix."""
    matrix = verb.rows * verb.columns * (2 if verb.kind == "write" else 1)
    return matrix + verb.vectors * (verb.rows + verb.columns)
