"""A whole statement: the chip's bill beside the best digital program's, ratios, carbon, money, a life of inferences."""

from typing import NamedTuple

from ohmgrad.counts import Counts, Verb
from ohmgrad.footprint import Precision, Processor
from ohmgrad.ledger.bill import Bill
from ohmgrad.ledger.chip import Chip
from ohmgrad.ledger.opponents import Opponent, best, opponents
from ohmgrad.ledger.price import Arrays, price_chip
from ohmgrad.ledger.upkeep import Site, upkeep
from ohmgrad.quantity import Range

METHOD = (
    "low adds up all lows, high all highs, as if all figures were wrong in the same direction; a ratio's low is the "
    "digital program's low over the chip's high; the program is the one that takes the least at nominal figures. What "
    "both sides share (overhead, grid, price of electricity) cancels in ratios of carbon and money, so these are the "
    "ratios of energy"
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
    digital: tuple[Processor, ...]
    """Whose programs compete with the chip."""
    sites: tuple[Site, ...]
    """Where they may stand, to be compared; the first one's carbon and money are the statement's."""
    precision: Precision = "fp32"


class Bills(NamedTuple):
    """One thing asked, priced on all machines."""

    chip: Bill | None
    digital: tuple[Opponent, ...]
    """The same on digital processors, by every program."""
    digital_backprop: tuple[Opponent, ...]
    """Backpropagation instead."""

    @property
    def named(self) -> dict[str, Bill]:
        """The chip's bill, and the best programs' bills."""
        chip = {} if self.chip is None else {"chip": self.chip}
        return chip | {"digital": best(self.digital).bill, "digital_backprop": best(self.digital_backprop).bill}


def bills(asked: Asked, machines: Machines, batch: int, share: float = 1.0) -> Bills:
    """Of one thing asked; `share` of its verbs were really made, where settling ended early."""
    chip = bits = None
    if machines.chip is not None and asked.counts is not None:
        chip = price_chip(asked.counts, machines.chip, machines.arrays)
        bits = max(machines.arrays.dac_bits, machines.arrays.adc_bits)
    found = [
        opponents(verbs, machines.digital, batch, machines.precision, made, bits)
        for verbs, made in ((asked.verbs, share), (asked.backpropagation, 1.0))
    ]
    return Bills(chip, *found)


def statement(what: str, training: Bills, machines: Machines) -> dict:
    """As JSON: totals, ratios, lines, all opponents, carbon and money, each range as low, nominal, high."""
    chip, named = training.chip, training.named
    table: dict = {"what": what, "method": METHOD}
    for name, bill in named.items():
        table |= {f"{name}_energy_joules": bill.joules._asdict(), f"{name}_seconds": bill.seconds._asdict()}
    if chip is not None:
        table |= {
            "ratio": named["digital"].joules.over(chip.joules).as_json(),
            "ratio_backprop": named["digital_backprop"].joules.over(chip.joules).as_json(),
            "ratio_seconds": named["digital"].seconds.over(chip.seconds).as_json(),
        }
    table["opponents"] = {
        key: [_opponent(each, chip) for each in getattr(training, key)] for key in ("digital", "digital_backprop")
    }
    footprints = [_footprint(training, site) for site in machines.sites]
    table["footprint"] = footprints[0]
    if len(footprints) > 1:
        table["footprints"] = footprints
    lines = [line.as_dict() | {"machine": name} for name, bill in named.items() for line in bill.lines]
    return table | {name: bill.as_dict() for name, bill in named.items()} | {"lines": lines}


def _footprint(training: Bills, site: Site) -> dict:
    """As JSON: a site, and carbon and money of each machine there."""
    machine = {key: best(getattr(training, key)).machine for key in ("digital", "digital_backprop")}
    upkeeps = {name: upkeep(bill, site, machine.get(name)).as_dict() for name, bill in training.named.items()}
    return {"site": site.as_dict(), **upkeeps}


def _opponent(each: Opponent, chip: Bill | None) -> dict:
    """As JSON."""
    bill = each.bill
    return {
        "program": each.name,
        "title": each.program.title,
        "trainings": each.program.trainings,
        "machine": bill.machine,
        "utilisation": bill.utilisation,
        "energy_joules": bill.joules._asdict(),
        "seconds": bill.seconds._asdict(),
        "ratio": None if chip is None else bill.joules.over(chip.joules).as_json(),
    }


def life(training: Bills, inferences: Bills, number: int) -> dict:
    """As JSON: a training and the inferences after it, and which share of the energy the inferences are."""
    table: dict = {"inferences": number}
    before, after = training.named, inferences.named
    for name, bill in before.items():
        used = after[name].joules
        shares = [b / (a + b) if a + b else 0.0 for a, b in zip(bill.joules, used, strict=True)]
        table[name] = {
            "training_joules": bill.joules._asdict(),
            "inference_joules": used._asdict(),
            "total_joules": (bill.joules + used)._asdict(),
            "inference_share": Range(min(shares), shares[1], max(shares))._asdict(),
        }
    if "chip" in before and "chip" in after:
        whole, rival = (before[name].joules + after[name].joules for name in ("chip", "digital"))
        table["ratio"] = rival.over(whole).as_json()
    return table
