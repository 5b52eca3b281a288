"""Counts in, a chip's bill out."""

from collections.abc import Sequence
from typing import NamedTuple

from ohmgrad.counts import Counts
from ohmgrad.figure import Basis, Figure, Range
from ohmgrad.ledger import product
from ohmgrad.ledger.bill import ZERO, Bill, Line
from ohmgrad.ledger.chip import Chip, Component

_WEAKEST: tuple[Basis, ...] = ("published", "measured", "derived", "assumption", "memory")


def weakest(figures: Sequence[Figure]) -> Basis:
    """The basis of what figures make together; "derived" where there are none."""
    return _WEAKEST[max((_WEAKEST.index(figure.basis) for figure in figures), default=_WEAKEST.index("derived"))]


class Pulse(NamedTuple):
    """A device's own programming pulse."""

    volts: Figure
    seconds: Figure


class Arrays(NamedTuple):
    """What the counts do not say of the arrays that did the work."""

    dac_bits: int = 8
    adc_bits: int = 8
    line_cells: int = 64
    """Cells on a line; of arrays that are not square, on the longer one."""
    arrays: int = 2
    read_volts: Figure = Figure(low=0.2, nominal=0.2, high=0.2, basis="assumption", source="read at 0.2 V")
    up: Pulse | None = None
    down: Pulse | None = None


def price_chip(counts: Counts, chip: Chip, arrays: Arrays = Arrays()) -> Bill:  # noqa: B008 (immutable)
    """What the verbs cost on a chip, one after another.

    Counts may be numbers or ranges. Raises InputError for converter bits that the chip has no figure for.
    """
    known: dict[str, Figure | Range | float] = {**chip.figures, "adc_joules": chip.adc_joules(arrays.adc_bits)}
    known |= counts._asdict()
    known |= {"dac_bits": arrays.dac_bits, "adc_bits": arrays.adc_bits, "dac_steps": 2.0 ** (arrays.dac_bits - 1)}
    known |= {"line_cells": arrays.line_cells, "arrays": arrays.arrays, "read_volts": arrays.read_volts}
    own = Pulse(chip.figures["pulse_volts"], chip.figures["pulse_seconds"])
    for way, pulse in (("up", arrays.up or own), ("down", arrays.down or own)):
        known |= {f"{way}_volts": pulse.volts, f"{way}_seconds": pulse.seconds}
    lines, seconds = [], ZERO
    for component in chip.components:
        line = _line(component, known | {"seconds": seconds})
        lines.append(line)
        seconds += line.seconds
    conditions = f"{arrays.dac_bits}-bit DAC, {arrays.adc_bits}-bit ADC, one vector after another"
    return Bill(chip.title, conditions, tuple(lines))


def _line(component: Component, known: dict[str, Figure | Range | float]) -> Line:
    formulas = [formula for formula in (component.joules, component.seconds, component.square_metres) if formula]
    figures = [figure for formula in formulas for figure in product.figures(formula, known)]
    sources = dict.fromkeys(figure.source for figure in figures)
    return Line(
        component=component.name,
        action=component.action,
        count=product.value(component.count, known).nominal,
        joules=product.value(component.joules, known) if component.joules else ZERO,
        seconds=product.value(component.seconds, known) if component.seconds else ZERO,
        square_metres=product.value(component.square_metres, known) if component.square_metres else ZERO,
        source="; ".join(sources),
        basis=weakest(figures),
    )
