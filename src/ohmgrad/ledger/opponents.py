"""What a chip is held against: every program that runs the same verbs on a digital processor, and the best of them."""

from collections.abc import Sequence
from typing import NamedTuple

from ohmgrad.counts import Verb
from ohmgrad.footprint import BYTES, Precision, Processor, Program, programs
from ohmgrad.ledger.bill import Bill
from ohmgrad.ledger.roofline import price_processor


class Opponent(NamedTuple):
    """A program on a processor, and its bill for one training."""

    name: str
    program: Program
    machine: Processor
    bill: Bill


def opponents(
    verbs: Sequence[Verb],
    machines: Sequence[Processor],
    batch: int,
    precision: Precision = "fp32",
    share: float = 1.0,
    bits: int | None = None,
) -> tuple[Opponent, ...]:
    """All programs on all machines whose memory holds the weights of the trainings that they run side by side.

    A machine without the precision computes in its finest one. See `price_processor` for the rest.
    """
    found = []
    for machine in machines:
        own = precision if precision in machine.peak_flops else machine.finest
        for name, program in programs(machine).items():
            needed = program.trainings * BYTES[own] * _weights(verbs)
            if program.trainings == 1 or machine.memory_bytes is None or needed <= machine.memory_bytes.nominal:
                bill = price_processor(verbs, machine, program, batch, own, share, bits)
                found.append(Opponent(name, program, machine, bill))
    return tuple(found)


def best(found: Sequence[Opponent]) -> Opponent:
    """The one of the lowest energy, at nominal figures."""
    return min(found, key=lambda each: each.bill.joules.nominal)


def best_alone(found: Sequence[Opponent]) -> Opponent:
    """The best of those that run one training alone."""
    return best([each for each in found if each.program.trainings == 1])


def _weights(verbs: Sequence[Verb]) -> int:
    """Numbers in all matrices: each is written by one verb, or, where nothing is written, read."""
    written = [(verb.rows, verb.columns) for verb in verbs if verb.kind == "write"]
    return sum(rows * columns for rows, columns in written or {(verb.rows, verb.columns) for verb in verbs})
