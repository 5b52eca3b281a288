"""A whole statement: the chip's bill beside a processor's, their ratios, carbon and money, and a life of inferences."""

from typing import NamedTuple

from ohmgrad.counts import Counts, Verb
from ohmgrad.figure import Range
from ohmgrad.footprint import Precision, Processor
from ohmgrad.ledger.bill import Bill
from ohmgrad.ledger.chip import Chip
from ohmgrad.ledger.price import Arrays, price_chip
from ohmgrad.ledger.roofline import price_processor
from ohmgrad.ledger.upkeep import Site, upkeep

METHOD = (
    "low adds up all lows, high all highs, as if all figures were wrong in the same direction; a ratio's low is GPU "
    "low over chip high. What both sides share (overhead, grid, price of electricity) cancels in ratios of carbon and "
    "money, so these are the ratios of energy"
)


class Asked(NamedTuple):
    """What a training, or a life of inferences, asks of machines."""

    verbs: tuple[Verb, ...]
    counts: Counts | None
    """On the chip; none where there is no chip."""
    backpropagation: tuple[Verb, ...]
    """The same on a network of the same layers in one pass."""


class Machines(NamedTuple):
    """What prices it, and where."""

    chip: Chip | None
    arrays: Arrays
    gpu: Processor
    precision: Precision = "fp32"
    site: Site = Site()


class Bills(NamedTuple):
    """One thing asked, priced on all machines."""

    chip: Bill | None
    gpu: Bill
    gpu_backprop: Bill

    @property
    def named(self) -> dict[str, Bill]:
        return {name: bill for name, bill in self._asdict().items() if bill is not None}


def bills(asked: Asked, machines: Machines, batch: int, share: float = 1.0) -> Bills:
    """Of one thing asked; `share` of its verbs were really made, where settling ended early."""
    chip = None
    if machines.chip is not None and asked.counts is not None:
        chip = price_chip(asked.counts, machines.chip, machines.arrays)
    gpu = price_processor(asked.verbs, machines.gpu, batch, machines.precision, share)
    return Bills(chip, gpu, price_processor(asked.backpropagation, machines.gpu, batch, machines.precision))


def statement(what: str, training: Bills, machines: Machines) -> dict:
    """As JSON: totals, ratios, lines, carbon and money, each range as low, nominal, high."""
    chip, gpu, backprop = training
    table: dict = {"what": what, "method": METHOD}
    lines = [line.as_dict() | {"machine": name} for name, bill in training.named.items() for line in bill.lines]
    if chip is not None:
        table |= _totals("chip", chip)
    table |= _totals("gpu", gpu) | _totals("gpu_backprop", backprop)
    if chip is not None:
        table |= {
            "ratio": gpu.joules.over(chip.joules).as_json(),
            "ratio_backprop": backprop.joules.over(chip.joules).as_json(),
            "ratio_seconds": gpu.seconds.over(chip.seconds).as_json(),
        }
    upkeeps = {
        name: upkeep(bill, machines.site, None if name == "chip" else machines.gpu).as_dict()
        for name, bill in training.named.items()
    }
    return (
        table
        | {name: bill.as_dict() for name, bill in training.named.items()}
        | {"lines": lines, "footprint": {"site": machines.site.as_dict(), **upkeeps}}
    )


def _totals(name: str, bill: Bill) -> dict:
    return {f"{name}_energy_joules": bill.joules._asdict(), f"{name}_seconds": bill.seconds._asdict()}


def life(training: Bills, inferences: Bills, number: int) -> dict:
    """As JSON: a training and the inferences after it, and which share of the energy the inferences are."""
    table: dict = {"inferences": number}
    for name, bill in training.named.items():
        after = inferences.named[name].joules
        shares = [b / (a + b) if a + b else 0.0 for a, b in zip(bill.joules, after, strict=True)]
        table[name] = {
            "training_joules": bill.joules._asdict(),
            "inference_joules": after._asdict(),
            "total_joules": (bill.joules + after)._asdict(),
            "inference_share": Range(min(shares), shares[1], max(shares))._asdict(),
        }
    if training.chip is not None and inferences.chip is not None:
        whole = training.chip.joules + inferences.chip.joules
        table["ratio"] = (training.gpu.joules + inferences.gpu.joules).over(whole).as_json()
    return table
