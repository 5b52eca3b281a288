"""The same verbs on a digital processor: each kernel bound by arithmetic, by memory or by its launch."""

import math
from collections.abc import Iterable, Sequence

from ohmgrad.counts import Verb
from ohmgrad.figure import Figure, Range
from ohmgrad.footprint import BYTES, Precision, Processor
from ohmgrad.ledger.bill import Bill, Line

KERNELS_PER_VERB = Figure(
    low=1.0,
    nominal=2.0,
    high=3.0,
    basis="assumption",
    source="assumed: one matrix product and one fused elementwise kernel per verb",
)


def price_processor(
    verbs: Sequence[Verb], machine: Processor, batch: int, precision: Precision = "fp32", share: float = 1.0
) -> Bill:
    """What verbs take as batched kernels; `share` of them were really made.

    Low: arithmetic at its peak and full power alone, as if nothing had to be fetched or launched. Nominal and high: a
    kernel takes as long as the slowest of its arithmetic, its traffic with memory (matrix, inputs and results once;
    what is written is read before) and its launches; while the arithmetic waits, the processor draws a share of its
    power. Raises InputError where the machine lacks the precision.
    """
    peak, lines, busy = machine.flops(precision), [], 0.0
    for kind in dict.fromkeys(verb.kind for verb in verbs):
        of_kind = [verb._replace(times=share * verb.times) for verb in verbs if verb.kind == kind]
        working = Range.of(2 * sum(verb.macs for verb in of_kind)).over(Range.of(peak))
        seconds = Range(
            working.low,
            _seconds(of_kind, machine, precision, "nominal", peak.nominal),
            _seconds(of_kind, machine, precision, "high", peak.low),
        )
        waiting = [machine.waiting_power.nominal, machine.waiting_power.high]
        slow = [
            busy_seconds + power * (all_seconds - busy_seconds)
            for busy_seconds, all_seconds, power in zip(working[1:], seconds[1:], waiting, strict=True)
        ]
        busy += working.nominal
        joules = Range(seconds.low, *slow) * Range.of(machine.watts)
        source = (
            f"launches: {machine.launch_seconds.source}; peak: {peak.source}; power: {machine.waiting_power.source}"
        )
        lines.append(
            Line(
                "arithmetic" if kind != "write" else "weights",
                _ACTIONS[kind],
                _kernels(of_kind, "nominal"),
                joules,
                seconds,
                source,
                machine.launch_seconds.basis,
            )
        )
    nominal = sum(line.seconds.nominal for line in lines)
    utilisation = busy / nominal if nominal else 0.0
    conditions = f"{precision}, batch {batch}, utilisation {_percent(utilisation)} (nominal), 100 % (low)"
    return Bill(machine.title, conditions, tuple(lines), utilisation)


_ACTIONS = {"read": "forward products", "read_transposed": "transposed products", "write": "update"}


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _kernels(verbs: Iterable[Verb], bound: str) -> float:
    return getattr(KERNELS_PER_VERB, bound) * math.fsum(verb.times for verb in verbs)


def _seconds(verbs: Iterable[Verb], machine: Processor, precision: Precision, bound: str, peak: float) -> float:
    """Of all kernels, each as slow as its slowest bound; at the `high` bound, memory is at its slowest too."""
    memory = machine.bytes_per_second.nominal if bound == "nominal" else machine.bytes_per_second.low
    launch = getattr(KERNELS_PER_VERB, bound) * getattr(machine.launch_seconds, bound)
    return math.fsum(
        verb.times
        * max(
            2 * verb.rows * verb.columns * verb.vectors / peak,
            BYTES[precision] * _numbers(verb) / memory,
            launch,
        )
        for verb in verbs
    )


def _numbers(verb: Verb) -> int:
    """Moved between memory and the processor in one call: the vectors of both edges, and the matrix."""
    matrix = verb.rows * verb.columns * (2 if verb.kind == "write" else 1)
    return matrix + verb.vectors * (verb.rows + verb.columns)
