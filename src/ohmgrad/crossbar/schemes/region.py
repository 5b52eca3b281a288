"""What a write will count before it is made: from how many devices it meets and what share of them it touches."""

from typing import NamedTuple

from ohmgrad.counts import Counts, Verb
from ohmgrad.devices.memristor import Memristor
from ohmgrad.quantity import Range


class Region(NamedTuple):
    """The devices of one weight matrix, as the writes of a scheme meet them."""

    device: Memristor
    devices: float
    """How many there are."""
    siemens: Range
    """What one of them conducts."""
    neighbours: float
    """Of a pulsed device, on its lines, which the pulse half-selects; 0 behind transistors."""
    rows: float
    """Rows that a write addresses one after another, all tiles at once."""
    columns: float
    """Lines that sense a row of all tiles."""

    def pulsed(self, verb: Verb, each: Range) -> Counts:
        """Of writes that fire so many pulses on each device."""
        pulses = each * (verb.times * self.devices)
        siemens = pulses * self.siemens
        half = Range(siemens.low, siemens.nominal / 2, siemens.high)
        up, down = (siemens, Range(0.0, 0.0, 0.0)) if self.device.one_sided else (half, half)
        return Counts(
            pulses=pulses,
            up_siemens=up,
            down_siemens=down,
            half_select_siemens=siemens * self.neighbours,
            pulsed_rows=verb.times * self.rows,
        )

    def programmed(self, verb: Verb, touched: Range) -> Counts:
        """Of writes that program such a share of the devices, and verify them."""
        programs = touched * (verb.times * self.devices)
        return Counts(
            programs=programs, program_siemens=programs * self.siemens, programmed_rows=verb.times * self.rows
        )

    def refreshed(self, verb: Verb) -> Counts:
        """Of one-sided pairs that are reset after a write where they have filled up."""
        return self.programmed(verb, _RESET) if self.device.one_sided else Counts()


_RESET = Range(0.0, 0.002, 1.0)
"""Share of one-sided devices that are programmed anew after a write: about what a training of `braille` has."""
