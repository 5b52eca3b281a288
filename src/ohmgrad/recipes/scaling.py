"""Energy of a training step against the width of the layers: on a chip and by the best digital program."""

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ohmgrad import cost, footprint, ledger, networks, records, rules
from ohmgrad.cost import Work
from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.errors import InputError
from ohmgrad.quantity import NonNegative, Range
from ohmgrad.recipes import priced
from ohmgrad.recipes.build import hardware
from ohmgrad.recipes.schema.hardware import HardwareSettings

WIDTHS = tuple(2**power for power in range(6, 15))
MARKS = (1e2, 1e3, 1e4, 1e5)
"""Ratios whose crossings are reported."""
FREE_SWEEPS, PUSHED_SWEEPS = 6, 4
"""As in the recipe `braille`."""


class Point(NamedTuple):
    """One step of one batch at one width: inputs, hidden neurons and outputs are all as many."""

    chip: str
    gpu: str
    batch: int
    precision: footprint.Precision
    width: int
    chip_joules: Range
    digital_joules: Range
    """Of the best program, for one training."""
    backprop_joules: Range
    program: str
    """The best one for the same rule: its name, and that of the machine it runs on where it is another."""
    utilisation: float
    """Of its processor, running the same rule, nominal."""

    @property
    def ratio(self) -> Range:
        return self.digital_joules.over(self.chip_joules)

    @property
    def ratio_backprop(self) -> Range:
        return self.backprop_joules.over(self.chip_joules)

    def as_dict(self) -> dict:
        """For JSON."""
        table = self._asdict() | {"ratio": self.ratio, "ratio_backprop": self.ratio_backprop}
        return {name: value.as_json() if isinstance(value, Range) else value for name, value in table.items()}


class Crossing(NamedTuple):
    """Where a nominal ratio passes a mark between two widths, on a line in logarithms."""

    mark: float
    width: float
    rising: bool


def points(
    chip: str,
    gpu: str,
    batches: Sequence[int],
    precisions: Sequence[footprint.Precision],
    array: int = 64,
    write: str = "single-pulse",
    widths: Sequence[int] = WIDTHS,
) -> list[Point]:
    """All widths of every batch and precision. Raises InputError where a machine, its precision, or the way of writing
    does not exist."""
    machine, crossbars = ledger.chip(chip, "`chip`"), _hardware(array, write)
    digital = priced.digital(footprint.processor(gpu, "`gpu`"))
    for precision in precisions:
        digital[0].flops(precision)
    found = []
    for batch in batches:
        for width in widths:
            arrays = _arrays(width, array)
            joules = ledger.price_chip(_counts(width, batch, crossbars), machine, arrays).joules
            if not joules.nominal:
                raise InputError(f"`chip` {chip}: a step takes no joules; allowed: a chip whose components take some")
            bits = max(arrays.dac_bits, arrays.adc_bits)
            for precision in precisions:
                same, backprop = (
                    ledger.best(ledger.opponents(asked(width, batch).verbs, digital, batch, precision, bits=bits))
                    for asked in (step, backprop_step)
                )
                program = same.name if same.machine is digital[0] else f"{same.name}, {same.machine.title}"
                totals = joules, same.bill.joules, backprop.bill.joules
                found.append(Point(chip, gpu, batch, precision, width, *totals, program, same.bill.utilisation or 0.0))
    return found


def step(width: int, batch: int) -> Work:
    """Centered equilibrium propagation on a Hopfield network of two matrices: the input's, and one used both ways."""
    return _traced(width, batch)[0]


def backprop_step(width: int, batch: int) -> Work:
    """Backpropagation through the same layers."""
    return _traced(width, batch)[1]


@lru_cache(maxsize=256)
def _traced(width: int, batch: int) -> tuple[Work, Work]:
    rule, baseline = _rules(width)
    x = jax.ShapeDtypeStruct((batch, width), jnp.float32)
    return cost.learning(rule, x, x), cost.learning(baseline, x, x)


def _rules(width: int) -> tuple[rules.Rule, rules.Rule]:
    layers = width, (width,), width
    phases = networks.Settling(FREE_SWEEPS), networks.Settling(PUSHED_SWEEPS)
    rule = rules.ActivityDifference(networks.LayeredHopfield(*layers), free=phases[0], pushed=phases[1])
    return rule, rules.Backpropagation(networks.FeedForward(*layers))


def _hardware(array: int, write: str) -> Hardware:
    mapping = {"kind": "pair", "offset_siemens": 40e-6}
    given = {"rows": array, "columns": array, "mapping": mapping, "write": {"kind": write}}
    return hardware(records.check(HardwareSettings, given, "scaling"))


def _counts(width: int, batch: int, hardware: Hardware) -> Counts:
    return cost.on_arrays(_rules(width)[0], hardware, step(width, batch))


def _arrays(width: int, array: int) -> ledger.Arrays:
    tiles = -(-(width + 1) // array) * -(-width // array)
    return ledger.Arrays(rows=array, columns=array, arrays=4 * tiles)


def curves(points: Sequence[Point]) -> Iterator[list[Point]]:
    """The points of each batch and precision, by width."""
    for key in dict.fromkeys((point.batch, point.precision) for point in points):
        yield [point for point in points if (point.batch, point.precision) == key]


def crossings(curve: Sequence[Point], ratio: str = "ratio") -> list[Crossing]:
    """Where the nominal ratio of a curve passes the marks."""
    found = []
    for one, next_one in itertools.pairwise(curve):
        before, after = (math.log(getattr(point, ratio).nominal) for point in (one, next_one))
        for mark in map(math.log, MARKS):
            if min(before, after) <= mark < max(before, after):
                share = (mark - before) / (after - before)
                width = math.exp((1 - share) * math.log(one.width) + share * math.log(next_one.width))
                found.append(Crossing(round(math.exp(mark)), width, after > before))
    return found


LARGE_BATCH = 64
"""Of the largest networks that are priced: the ratio no longer depends on their width, and falls with their batch."""


def at_scale(gpu: str, precision: footprint.Precision, chip: str = "taox-64x64") -> NonNegative:
    """How many times less energy a chip takes than backpropagation by the best digital program, where layers are wide.

    From a width of some 1,000 on neither launches nor the edges of arrays matter, as in the largest trainings there
    are; these are by backpropagation.
    """
    (point,) = points(chip, gpu, [LARGE_BATCH], [precision], widths=WIDTHS[-1:])
    low, nominal, high = point.ratio_backprop
    source = (
        f"the ledger: layers of {point.width:,} neurons, batch {point.batch}, backpropagation on {gpu} in {precision} "
        f"over equilibrium propagation on {chip}, as in ohmgrad scaling; {point.ratio.nominal:.2g} if the processor "
        "ran the chip's own rule; over 4 orders of magnitude by the paper on memristors, modelled"
    )
    return NonNegative(low=low, nominal=nominal, high=high, basis="derived", source=source)
