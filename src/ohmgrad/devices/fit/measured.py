"""What a reader makes of files: chains of readings, verified writes, and what each column was taken for."""

from dataclasses import dataclass

from ohmgrad.errors import InputError

FEWEST = 10
"""Pulses of a polarity, or verified writes, that a fit needs at least."""


@dataclass(frozen=True)
class Chain:
    """Readings that one device gave in one go: `g_siemens[0]`, then one more per pulse of `polarity` (+1, -1).

    `rows` are the readings' lines in `file`; `first` is how many pulses of the same sweep came before.
    """

    device: str
    cycle: str
    g_siemens: tuple[float, ...]
    polarity: tuple[int, ...]
    file: str = ""
    rows: tuple[int, ...] = ()
    first: int = 0

    def part(self, start: int, stop: int) -> "Chain":
        """The readings from `start` to before `stop`, with the pulses between them."""
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
    """One verified write: where it aimed and where it landed."""

    target_siemens: float
    g_siemens: float
    file: str = ""
    row: int = 0

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}: " if self.row else ""
        return f"{where}write to {1e6 * self.target_siemens:.4g} µS landed at {1e6 * self.g_siemens:.4g} µS"


@dataclass(frozen=True)
class ColumnUse:
    """What a column of a file was taken for, in the words of `columns.ROLES`; `how` says what more there is to know."""

    file: str
    column: str
    role: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.column}: {self.role}{f', {self.how}' if self.how else ''}"


@dataclass(frozen=True)
class Measured:
    """Measured data of one or more devices; `up_pulse` and `down_pulse` are (volts, seconds), where the files say so.

    `verified_writes` are target and result of each, `read_volts` what devices were read at where that is known.
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
    """Whether the chains are drawn from a table of steps: single pulses whose tails are no faults of reading."""

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(chain.device for chain in self.chains))

    @property
    def one_sided(self) -> bool:
        return not self.pulses(-1)

    def pulses(self, polarity: int) -> int:
        """How many pulses of a polarity have a reading before and after them."""
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
        """Raises InputError where there are too few pulses, or writes, for a fit."""
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
    return f"{count} {thing}{'' if count == 1 else 's'}"
