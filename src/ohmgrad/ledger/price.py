"""Price counts on a crossbar chip."""

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
    """The weakest basis among figures, which is that of their product; "derived" where there are none."""
    return _WEAKEST[max((_WEAKEST.index(figure.basis) for figure in figures), default=_WEAKEST.index("derived"))]


class Pulse(NamedTuple):
    """A programming pulse of the device: its height in volts and its width in seconds."""

    volts: NonNegative
    seconds: NonNegative


class Arrays(NamedTuple):
    """The arrays, converters and device that a chip's counts belong to.

    Attributes:
        dac_bits: Bits of the DACs.
        adc_bits: Bits of the ADCs.
        rows: Rows of an array.
        columns: Columns of an array.
        arrays: Number of arrays.
        used: Share of their cells that hold weights; None where unknown.
        read_volts: Read voltage of the device.
        up: Potentiating pulse of the device; None: the chip's.
        down: Depressing pulse of the device; None: the chip's.
    """

    dac_bits: int = 8
    adc_bits: int = 8
    rows: int = 64
    columns: int = 64
    arrays: int = 2
    used: float | None = None
    read_volts: NonNegative = NonNegative(low=0.2, nominal=0.2, high=0.2, basis="assumption", source="read at 0.2 V")
    up: Pulse | None = None
    down: Pulse | None = None

    @property
    def line_cells(self) -> int:
        """Cells on a line: on the longer one, where arrays are not square."""
        return max(self.rows, self.columns)


def price_chip(counts: Counts, chip: Chip, arrays: Arrays = Arrays()) -> Bill:  # noqa: B008 (immutable)
    """Price counts on a chip, whose components act one after another.

    Args:
        counts: What was done: numbers, or ranges of low, nominal and high.
        chip: The chip.
        arrays: Its arrays, converters and device.

    Raises:
        InputError: where the chip has no figure for the bits of the ADC.
    """
    known: dict[str, NonNegative | Range | float] = {**chip.figures, "adc_joules": chip.adc_joules(arrays.adc_bits)}
    known |= counts._asdict()
    known |= {"dac_bits": arrays.dac_bits, "adc_bits": arrays.adc_bits, "dac_steps": 2.0 ** (arrays.dac_bits - 1)}
    known |= {"line_cells": arrays.line_cells, "arrays": arrays.arrays, "read_volts": arrays.read_volts}
    default = Pulse(chip.figures["pulse_volts"], chip.figures["pulse_seconds"])
    for way, pulse in (("up", arrays.up or default), ("down", arrays.down or default)):
        known |= {f"{way}_volts": pulse.volts, f"{way}_seconds": pulse.seconds}
    lines, seconds = [], ZERO
    for component in chip.components:
        line = _line(component, known | {"seconds": seconds})
        converts = component.joules is not None and "adc_joules" in product.names(component.joules)
        lines.append(replace(line, note=chip.adc_note(arrays.adc_bits)) if converts else line)
        seconds += line.seconds
    return Bill(chip.title, _conditions(chip, arrays), tuple(lines), left_out=chip.left_out)


def _conditions(chip: Chip, arrays: Arrays) -> str:
    """Arrays and converters that are priced, their utilisation, and whether the chip was built with such arrays."""
    size = f"{arrays.arrays:,} arrays of {arrays.rows} x {arrays.columns}"
    if arrays.used is not None:
        size += f", {_percent(arrays.used)} of their cells in use"
    built = chip.own_arrays
    if built is not None and (built.rows, built.columns) != (arrays.rows, arrays.columns):
        size += (
            f" (the recipe's; the chip was built with {built.rows} x {built.columns}: hardware.rows={built.rows}, "
            f"hardware.columns={built.columns})"
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
