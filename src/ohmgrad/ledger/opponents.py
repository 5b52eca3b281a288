"""Digital competitors of a chip: every program that runs the same verbs on a processor, and the best of them."""

from collections.abc import Sequence
from typing import NamedTuple

from ohmgrad.counts import Verb
from ohmgrad.footprint import BYTES, Precision, Processor, Program, programs
from ohmgrad.ledger.bill import Bill
from ohmgrad.ledger.roofline import price_processor


class Opponent(NamedTuple):
    """A program on a digital processor, and its bill for one training.

    Attributes:
        name: Name of the program.
        program: The program.
        machine: The processor.
        bill: What one training takes.
    """

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
    """Price the same verbs by every program that can run on each processor.

    A program that runs several trainings side by side counts only where the memory holds the weights of all. See
    `price_processor` for how a program is priced.

    Args:
        verbs: What one training asks for.
        machines: The processors.
        batch: Samples in a batch.
        precision: Precision of the arithmetic; a processor without it uses its finest one.
        share: Share of the verbs that were really made, where settling ended early.
        bits: Bits of the chip's converters, for the low bound.
    """
    priced = []
    for machine in machines:
        available = precision if precision in machine.peak_flops else machine.finest
        for name, program in programs(machine).items():
            needed = program.trainings * BYTES[available] * _weights(verbs)
            if program.trainings == 1 or machine.memory_bytes is None or needed <= machine.memory_bytes.nominal:
                bill = price_processor(verbs, machine, program, batch, available, share, bits)
                priced.append(Opponent(name, program, machine, bill))
    return tuple(priced)


def best(candidates: Sequence[Opponent]) -> Opponent:
    """The opponent with the lowest nominal energy."""
    return min(candidates, key=lambda each: each.bill.joules.nominal)


def best_alone(candidates: Sequence[Opponent]) -> Opponent:
    """The opponent with the lowest nominal energy among the programs that run a single training."""
    return best([each for each in candidates if each.program.trainings == 1])


def _weights(verbs: Sequence[Verb]) -> int:
    """Number of weights in all matrices: those that are written, or, where nothing is written, those that are read."""
    written = [(verb.rows, verb.columns) for verb in verbs if verb.kind == "write"]
    return sum(rows * columns for rows, columns in written or {(verb.rows, verb.columns) for verb in verbs})
