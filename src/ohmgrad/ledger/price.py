"""Counts in, a chip's bill out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ohmgrad.counts import Counts
from ohmgrad.ledger import product
from ohmgrad.ledger.bill import ZERO, Bill, Line
from ohmgrad.ledger.chip import Chip, Component
from ohmgrad.quantity import Basis, NonNegative, Range

_WEAKEST: tuple[Basis, ...] = ("published", "measured", "derived", "assumption", "memory")


def weakest(figures: Sequence[NonNegative]) -> Basis:
    """The basis of what figures make together; "derived" where there are none."""
    return _WEAKEST[max((_WEAKEST.index(figure.basis) for figure in figures), default=_WEAKEST.index("derived"))]


class Pulse(NamedTuple):
    """A device's own programming pulse."""

    volts: NonNegative
    seconds: NonNegative


class Arrays(NamedTuple):
    """What the counts do not say of the arrays that did the work."""

    dac_bits: int = 8
    adc_bits: int = 8
    rows: int = 64
    columns: int = 64
    arrays: int = 2
    used: float | None = None
    """Share of their cells that hold weights; none: not known."""
    read_volts: NonNegative = NonNegative(low=0.2, nominal=0.2, high=0.2, basis="assumption", source="read at 0.2 V")
    up: Pulse | None = None
    down: Pulse | None = None

    @property
    def line_cells(self) -> int:
        """Cells on a line; of arrays that are not square, on the longer one."""
        return max(self.rows, self.columns)


def price_chip(counts: Counts, chip: Chip, arrays: Arrays = Arrays()) -> Bill:  # noqa: B008 (immutable)
    """What the verbs cost on a chip, one after another.

    Counts may be numbers or ranges. Raises InputError for converter bits that the chip has no figure for.
    """
    known: dict[str, NonNegative | Range | float] = {**chip.figures, "adc_joules": chip.adc_joules(arrays.adc_bits)}
    known |= counts._asdict()
    known |= {"dac_bits": arrays.dac_bits, "adc_bits": arrays.adc_bits, "dac_steps": 2.0 ** (arrays.dac_bits - 1)}
    known |= {"line_cells": arrays.line_cells, "arrays": arrays.arrays, "read_volts": arrays.read_volts}
    own = Pulse(chip.figures["pulse_volts"], chip.figures["pulse_seconds"])
    for way, pulse in (("up", arrays.up or own), ("down", arrays.down or own)):
        known |= {f"{way}_volts": pulse.volts, f"{way}_seconds": pulse.seconds}
    lines, seconds = [], ZERO
    for component in chip.components:
        line = _line(component, known | {"seconds": seconds})
        converts = component.joules is not None and "adc_joules" in product.names(component.joules)
        lines.append(replace(line, note=chip.adc_note(arrays.adc_bits)) if converts else line)
        seconds += line.seconds
    return Bill(chip.title, _conditions(chip, arrays), tuple(lines), left_out=chip.left_out)


def _conditions(chip: Chip, arrays: Arrays) -> str:
    """Which arrays and converters are priced, how far they are used, and whether the chip was built with such."""
    size = f"{arrays.arrays:,} arrays of {arrays.rows} x {arrays.columns}"
    if arrays.used is not None:
        size += f", {_percent(arrays.used)} of their cells in use"
    own = chip.own_arrays
    if own is not None and (own.rows, own.columns) != (arrays.rows, arrays.columns):
        size += (
            f" (the recipe's; the chip was built with {own.rows} x {own.columns}: hardware.rows={own.rows}, "
            f"hardware.columns={own.columns})"
        )
    return f"{size}; {arrays.dac_bits}-bit DAC, {arrays.adc_bits}-bit ADC, one vector after another"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else "all"


def _line(component: Component, known: dict[str, NonNegative | Range | float]) -> Line:
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
