"""The same verbs on a digital processor, run by a program: each product bound by arithmetic, by memory or its start."""

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
    """What the verbs of one training take, as one of the trainings that the program runs side by side.

    Low: arithmetic at its peak and full power alone, as if nothing had to be fetched or started, in the fastest format
    that tells as many `bits` as the converters of the chip beside it (without: in `precision`). Nominal and high: a
    product takes as long as the slower of its arithmetic and its traffic with memory (matrix, inputs and results once;
    what is written is read before), and as its starts, unless these are overlapped, in addition; while the arithmetic
    waits, the processor draws a share of its power. `share` of the verbs were really made.

    Raises InputError where the machine lacks the precision or what starts the program.
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
    """Of one training's share of all products; at the `high` bound peak and memory are at their slowest too."""
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
    """Moved between memory and the processor in one call: the vectors of both edges, and the matrix."""
    matrix = verb.rows * verb.columns * (2 if verb.kind == "write" else 1)
    return matrix + verb.vectors * (verb.rows + verb.columns)
