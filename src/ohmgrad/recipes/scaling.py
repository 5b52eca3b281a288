"""Energy of a training step as a function of layer width, on a chip and by the best digital program."""

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
"""Energy ratios whose crossings are reported."""
FREE_SWEEPS, PUSHED_SWEEPS = 6, 4
"""Sweeps of the free and the pushed phase, as in the recipe `braille`."""


class Point(NamedTuple):
    """Energy of one training step of one batch, with `width` inputs, hidden neurons and outputs each."""

    chip: str
    gpu: str
    batch: int
    precision: footprint.Precision
    width: int
    chip_joules: Range
    digital_joules: Range
    """Energy of the same rule by the best digital program."""
    backprop_joules: Range
    """Energy of backpropagation through the same layers by the best digital program."""
    program: str
    """Name of the best program for the same rule, and of its machine if that is not `gpu`."""
    utilisation: float
    """Nominal utilisation of the processor by this program."""

    @property
    def ratio(self) -> Range:
        """Energy of the same rule by the best digital program, divided by that of the chip."""
        return self.digital_joules.over(self.chip_joules)

    @property
    def ratio_backprop(self) -> Range:
        """Energy of backpropagation by the best digital program, divided by that of the chip."""
        return self.backprop_joules.over(self.chip_joules)

    def as_dict(self) -> dict:
        """The point as JSON, with both ratios."""
        table = self._asdict() | {"ratio": self.ratio, "ratio_backprop": self.ratio_backprop}
        return {name: value.as_json() if isinstance(value, Range) else value for name, value in table.items()}


class Crossing(NamedTuple):
    """A crossing of a nominal ratio with a mark, interpolated linearly in logarithms between two widths."""

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
    """Price one training step for all combinations of batch size, width and precision.

    Args:
        chip: Name or file of the chip.
        gpu: Name or file of the digital processor.
        batches: Batch sizes.
        precisions: Precisions of the processor's arithmetic.
        array: Rows and columns of an array.
        write: Kind of the write scheme.
        widths: Layer widths, in neurons.

    Raises:
        InputError: if a machine, its precision or the write scheme does not exist, or a step on the chip takes no
            energy.
    """
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
    """Work of one step of centered equilibrium propagation on a layered Hopfield network with one hidden layer.

    Args:
        width: Number of inputs, of hidden neurons and of outputs.
        batch: Samples per batch.
    """
    return _traced(width, batch)[0]


def backprop_step(width: int, batch: int) -> Work:
    """Work of one step of backpropagation through the same layers; arguments as in `step`."""
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
    """Group points by batch size and precision; each group is in the order of widths."""
    for key in dict.fromkeys((point.batch, point.precision) for point in points):
        yield [point for point in points if (point.batch, point.precision) == key]


def crossings(curve: Sequence[Point], ratio: str = "ratio") -> list[Crossing]:
    """Crossings of a curve's nominal ratio with the `MARKS`.

    Args:
        curve: Points of ascending width.
        ratio: "ratio" (same rule) or "ratio_backprop".
    """
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
"""Batch size for wide networks, whose ratio no longer depends on width but falls with the batch size."""


def at_scale(gpu: str, precision: footprint.Precision, chip: str = "taox-64x64") -> NonNegative:
    """Energy ratio of backpropagation by the best digital program to the chip, for wide layers.

    From a width of about 1,000 on, neither kernel launches nor partly filled arrays matter, as in the largest trainings
    of today, which use backpropagation.

    Args:
        gpu: Name or file of the digital processor.
        precision: Precision of its arithmetic.
        chip: Name or file of the chip.

    Returns:
        The ratio (dimensionless), with bounds and source.

    Raises:
        InputError: if a machine or its precision does not exist.
    """
    (point,) = points(chip, gpu, [LARGE_BATCH], [precision], widths=WIDTHS[-1:])
    low, nominal, high = point.ratio_backprop
    source = (
        f"the ledger: layers of {point.width:,} neurons, batch {point.batch}, backpropagation on {gpu} in {precision} "
        f"over equilibrium propagation on {chip}, as in ohmgrad scaling; {point.ratio.nominal:.2g} if the processor "
        "ran the chip's own rule; over 4 orders of magnitude by the paper on memristors, modelled"
    )
    return NonNegative(low=low, nominal=nominal, high=high, basis="derived", source=source)
