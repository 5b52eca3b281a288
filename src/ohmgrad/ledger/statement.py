"""A cost statement: bills of the chip and the best digital programs, ratios, carbon, money, and a life of
inferences."""

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
    """The work of a training, or of a life of inferences.

    Attributes:
        verbs: The verbs, for digital processors.
        counts: The counts on the chip; None where there is no chip.
        backpropagation: The verbs of backpropagation on a feed-forward network with the same layers.
    """

    verbs: tuple[Verb, ...]
    counts: Counts | None
    backpropagation: tuple[Verb, ...]


class Machines(NamedTuple):
    """The machines that work is priced on.

    Attributes:
        chip: The chip, if any.
        arrays: Its arrays, converters and device.
        digital: The processors to compare it with.
        sites: Sites to compare; carbon and money of the statement are those of the first.
        precision: Precision of the processors' arithmetic.
    """

    chip: Chip | None
    arrays: Arrays
    digital: tuple[Processor, ...]
    sites: tuple[Site, ...]
    precision: Precision = "fp32"


class Bills(NamedTuple):
    """The bills of the same work on all machines.

    Attributes:
        chip: The chip's bill, if there is a chip.
        digital: The same work on digital processors, by every program.
        digital_backprop: Backpropagation on digital processors, by every program.
    """

    chip: Bill | None
    digital: tuple[Opponent, ...]
    digital_backprop: tuple[Opponent, ...]

    @property
    def named(self) -> dict[str, Bill]:
        """The chip's bill and those of the best programs, by name: chip, digital, digital_backprop."""
        chip = {} if self.chip is None else {"chip": self.chip}
        return chip | {"digital": best(self.digital).bill, "digital_backprop": best(self.digital_backprop).bill}


def bills(asked: Asked, machines: Machines, batch: int, share: float = 1.0) -> Bills:
    """Price work on all machines.

    Args:
        asked: The work.
        machines: The machines.
        batch: Samples in a batch.
        share: Share of the verbs that were really made, where settling ended early.

    Raises:
        InputError: where the chip has no figure for its converters, or a processor none for a program.
    """
    chip = bits = None
    if machines.chip is not None and asked.counts is not None:
        chip = price_chip(asked.counts, machines.chip, machines.arrays)
        bits = max(machines.arrays.dac_bits, machines.arrays.adc_bits)
    digital = [
        opponents(verbs, machines.digital, batch, machines.precision, made, bits)
        for verbs, made in ((asked.verbs, share), (asked.backpropagation, 1.0))
    ]
    return Bills(chip, *digital)


def statement(what: str, training: Bills, machines: Machines) -> dict:
    """The cost statement of a training, for JSON; each range as low, nominal, high.

    Args:
        what: What is priced, in words.
        training: Its bills.
        machines: The machines that they are of.

    Returns:
        Totals, ratios, lines, all opponents, carbon and money.
    """
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
    """A site, and carbon and money of each machine there, for JSON."""
    machine = {key: best(getattr(training, key)).machine for key in ("digital", "digital_backprop")}
    upkeeps = {name: upkeep(bill, site, machine.get(name)).as_dict() for name, bill in training.named.items()}
    return {"site": site.as_dict(), **upkeeps}


def _opponent(each: Opponent, chip: Bill | None) -> dict:
    """An opponent, and its ratio to the chip, for JSON."""
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
    """Energy of a training and the inferences after it, for JSON.

    Args:
        training: Bills of the training.
        inferences: Bills of all inferences.
        number: Number of inferences.

    Returns:
        By machine: joules of training, inferences and both, and the share of the inferences; and the ratio of totals.
    """
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
        chip, digital = (before[name].joules + after[name].joules for name in ("chip", "digital"))
        table["ratio"] = digital.over(chip).as_json()
    return table
