"""Measured data, as read from files: chains of readings, verified writes, and how each column was interpreted."""

from dataclasses import dataclass

from ohmgrad.errors import InputError

FEWEST = 10
"""Smallest number of pulses of a polarity, or of verified writes, for a fit."""


@dataclass(frozen=True)
class Chain:
    """An uninterrupted series of readings of one device: one before the first pulse, then one after each.

    Attributes:
        device: Name of the device.
        cycle: Name of the sweep.
        g_siemens: Conductances, one more than pulses.
        polarity: +1 (potentiating) or -1 (depressing) of each pulse.
        file: Name of the file.
        rows: Line of each reading in the file.
        first: Number of earlier pulses of the same sweep.
    """

    device: str
    cycle: str
    g_siemens: tuple[float, ...]
    polarity: tuple[int, ...]
    file: str = ""
    rows: tuple[int, ...] = ()
    first: int = 0

    def part(self, start: int, stop: int) -> "Chain":
        """The readings from index `start` up to, but not including, `stop`, with the pulses between them."""
        return Chain(
            self.device,
            self.cycle,
            self.g_siemens[start:stop],
            self.polarity[start : stop - 1],
            self.file,
            self.rows[start:stop],
            self.first + start,
        )


@dataclass(frozen=True)
class VerifiedWrite:
    """One verified write: target and resulting conductance in siemens, and where it was read from."""

    target_siemens: float
    g_siemens: float
    file: str = ""
    row: int = 0

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}: " if self.row else ""
        return f"{where}write to {1e6 * self.target_siemens:.4g} µS landed at {1e6 * self.g_siemens:.4g} µS"


@dataclass(frozen=True)
class ColumnUse:
    """The role found for a column of a file (in the words of `columns.ROLES`), and how it was found."""

    file: str
    column: str
    role: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.column}: {self.role}{f', {self.how}' if self.how else ''}"


@dataclass(frozen=True)
class Measured:
    """Measured data of one or more devices.

    Attributes:
        name: Name of the data, for messages: their files.
        chains: Series of readings between pulses.
        verified_writes: Target and result of each verified write.
        up_pulse: Volts and seconds of a potentiating pulse; None where unknown.
        down_pulse: Volts and seconds of a depressing pulse; None where unknown.
        read_volts: Voltage of the reads; None where unknown.
        columns: How each column of the files was interpreted.
        note: Remark that follows the summary of the data.
        distribution: Whether the chains are single pulses drawn from a table of steps, whose tails are no outliers.
    """

    name: str
    chains: tuple[Chain, ...] = ()
    verified_writes: tuple[VerifiedWrite, ...] = ()
    up_pulse: tuple[float, float] | None = None
    down_pulse: tuple[float, float] | None = None
    read_volts: float | None = None
    columns: tuple[ColumnUse, ...] = ()
    note: str = ""
    distribution: bool = False

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in order of appearance."""
        return tuple(dict.fromkeys(chain.device for chain in self.chains))

    @property
    def one_sided(self) -> bool:
        """Whether there are no depressing pulses."""
        return not self.pulses(-1)

    def pulses(self, polarity: int) -> int:
        """Number of pulses of a polarity (+1, -1) that have a reading before and after them."""
        return sum(chain.polarity.count(polarity) for chain in self.chains)

    def __str__(self) -> str:
        cycles = len({(chain.device, chain.cycle) for chain in self.chains})
        parts = [
            many(len(self.devices), "device"),
            many(cycles, "cycle"),
            many(self.pulses(1) + self.pulses(-1), "pulse"),
        ]
        if self.verified_writes:
            parts = [*(parts if self.chains else []), many(len(self.verified_writes), "verified write")]
        return f"{self.name}: {', '.join(parts)}{self.note}"

    def enough(self) -> None:
        """Check that there are enough pulses, or verified writes, for a fit.

        Raises:
            InputError: where there are too few.
        """
        if self.verified_writes and len(self.verified_writes) < FEWEST:
            raise InputError(f"{self.name}: {len(self.verified_writes)} verified writes; at least {FEWEST} are needed")
        if self.verified_writes and not self.chains:
            return
        up, down = self.pulses(1), self.pulses(-1)
        if not up and down:
            raise InputError(
                f"{self.name}: depressing pulses only (column polarity); potentiating ones are needed as well"
            )
        for count, word in ((up, "potentiating"), (down, "depressing")):
            if count < FEWEST and (count or word == "potentiating"):
                what = f"{count} {word} pulses with a reading before them; at least {FEWEST} are needed"
                raise InputError(f"{self.name}: {what}")


def many(count: int, thing: str) -> str:
    """A count with its noun: "1 device", "2 devices"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
