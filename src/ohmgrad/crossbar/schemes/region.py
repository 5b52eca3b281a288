"""Expected counts of writes, from the number of devices and the share of them that a write pulses or programs."""

from typing import NamedTuple

from ohmgrad.counts import Counts, Verb
from ohmgrad.devices.memristor import Memristor
from ohmgrad.quantity import Range


class Region(NamedTuple):
    """The devices of one weight matrix that writes address.

    Attributes:
        device: The nominal device.
        devices: Number of devices.
        siemens: Mean conductance of a device.
        neighbours: Devices that a pulse on one device half-selects; 0 with access transistors.
        rows: Rows addressed one after another, in all tiles at once.
        columns: Columns sensed when one row of all tiles is read.
    """

    device: Memristor
    devices: float
    siemens: Range
    neighbours: float
    rows: float
    columns: float

    def pulsed(self, verb: Verb, each: Range) -> Counts:
        """Counts of writes by pulses.

        Args:
            verb: All writes.
            each: Pulses per device and write.
        """
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
        """Counts of verified writes.

        Args:
            verb: All writes.
            touched: Share of the devices that one write programs.
        """
        programs = touched * (verb.times * self.devices)
        return Counts(
            programs=programs, program_siemens=programs * self.siemens, programmed_rows=verb.times * self.rows
        )

    def refreshed(self, verb: Verb) -> Counts:
        """Counts of resets of one-sided pairs after writes (`Layout.refreshed`)."""
        return self.programmed(verb, _RESET)


_RESET = Range(0.0, 0.002, 1.0)
"""Share of one-sided devices that are reset after a write. Nominal: measured in trainings of `braille`."""
