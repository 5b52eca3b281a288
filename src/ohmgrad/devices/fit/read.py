"""Read measured data from files: `layout` finds the roles of columns, this module turns rows into readings."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from ohmgrad import files
from ohmgrad.devices.fit import columns
from ohmgrad.devices.fit.layout import PULSED, Column, Layout, ReadOptions, check_declared, layout
from ohmgrad.devices.fit.lookup import is_lookup, lookup
from ohmgrad.devices.fit.measured import Chain, ColumnUse, Measured, VerifiedWrite
from ohmgrad.devices.fit.sheet import FIRST_ROW, Row, Sheet, parsed
from ohmgrad.errors import InputError

Siemens = Callable[[Row, Column], float]


def read(
    *paths: str | Path,
    unit: str | None = None,
    read_volts: float | None = None,
    columns: Sequence[str] = (),
    target: float | None = None,
) -> Measured:
    """Read measured pulses, verified writes or CrossSim's lookup tables from one or more text files.

    Args:
        paths: Files of one or more devices.
        unit: Unit of readings whose column does not name one: S, A, ohm, with or without a prefix (uS, nA, kohm).
            Default: S, or A with `read_volts`.
        read_volts: Voltage at which currents were read, where no column gives it.
        columns: Roles of columns, NAME=ROLE each; NAME may be a column's number, or a file's name (=up, =down).
        target: Target of all verified writes, in `unit`, where no column gives it.

    Raises:
        InputError: where a file cannot be interpreted; names the row (line of the file, from 1) and the column.
    """
    if not paths:
        raise InputError("name a file of measured pulse data")
    options = _checked_options(unit, read_volts, columns, target)
    texts = {Path(path): _text(Path(path)) for path in paths}
    if len(texts) != len(paths):
        raise InputError("a file is named twice; allowed: each once")
    lookups = [is_lookup(text) for text in texts.values()]
    if any(lookups):
        if not all(lookups) or len(texts) > 2:
            raise InputError("CrossSim's lookup tables: allowed are those of the two polarities, one each, alone")
        measured = lookup(texts, options.unit.factor if options.unit else 1.0)
    else:
        measured = _tables([parsed(path, text) for path, text in texts.items()], options)
    measured.enough()
    if (largest := max((g for chain in measured.chains for g in chain.g_siemens), default=0)) > 1:
        what = f"conductances up to {largest:.3g} S; allowed: up to 1. In another unit? `unit` uS"
        raise InputError(f"{measured.name}: {what}")
    return measured


def _checked_options(
    unit: str | None, read_volts: float | None, roles: Sequence[str], target: float | None
) -> ReadOptions:
    known = columns.unit(unit) if unit is not None else None
    if unit is not None and (known is None or known.base not in ("S", "A", "ohm")):
        raise InputError(f"unknown unit '{unit[:40]}'; allowed: {', '.join(columns.READING_UNITS)}")
    for name, value, least in (("read_volts", read_volts, "not 0"), ("target", target, "0 or more")):
        if value is not None and not (math.isfinite(value) and (value >= 0 if name == "target" else value != 0)):
            raise InputError(f"`{name}`: {value:g}; allowed: a number, {least}")
    return ReadOptions(known, read_volts, target, columns.declared(list(roles)))


def _text(path: Path) -> str:
    text = files.read(path, "measured data", files.TABLE_BYTES)
    if not text.strip():
        raise InputError(f"{path} is empty; its first row must name the columns {', '.join(FIRST_ROW)}")
    return text


def _tables(sheets: list[Sheet], options: ReadOptions) -> Measured:
    """The data of tables from one or more files."""
    check_declared(options, sheets)
    layouts = [layout(sheet, options) for sheet in sheets]
    both_polarities = [roles for roles in layouts if not roles.of("target", "reading") and roles.polarity is None]
    several_devices = len(both_polarities) > 1  # with a file per polarity, the files are of one device
    chains: list[Chain] = []
    writes: list[VerifiedWrite] = []
    pulses, volts = _Pulses(), _ReadVolts(options)
    for sheet, roles in zip(sheets, layouts, strict=True):
        siemens = _siemens(sheet, roles, volts)
        device = sheet.path.stem if several_devices else "1"
        if roles.of("target", "reading"):
            writes += _verified_writes(sheet, roles, siemens, options)
        elif roles.of(*PULSED):
            chains += _pulsed(sheet, roles, siemens, pulses, device)
        else:
            chains += _sweeps(sheet, roles, siemens, device)
    return Measured(
        " and ".join(sheet.path.name for sheet in sheets),
        tuple(chains),
        tuple(writes),
        pulses.of(1),
        pulses.of(-1),
        volts.one,
        tuple(use for roles in layouts for use in (*roles.uses, *_of_file(roles))),
    )


def _of_file(roles: Layout) -> list[ColumnUse]:
    """How the polarity in a file's name was used, if it was."""
    if roles.polarity is None or roles.one("polarity") or roles.of("target", "reading") or not roles.uses:
        return []
    if not roles.of(*PULSED):
        return []
    return [ColumnUse(roles.uses[0].file, "file", f"{'up' if roles.polarity > 0 else 'down'} pulses")]


class _ReadVolts:
    """Collects the voltages at which currents were read."""

    def __init__(self, options: ReadOptions):
        self.declared, self.values = options.read_volts, set[float]()

    def at(self, sheet: Sheet, row: Row, column: Column | None) -> float:
        if column is not None:
            value = column.unit.factor * sheet.number(row.line, column.name, row.cells[column.place])
            if value == 0:
                raise sheet.fault(row.line, column.name, "0 V; a current needs a read voltage that is not 0")
            self.values.add(abs(value))
            return value
        if self.declared is None:
            raise InputError(
                f"{sheet.path}: readings are currents; at which voltage were they read? `read_volts` 0.1, or a column "
                "read_voltage (conductances: `unit` S)"
            )
        return self.declared

    @property
    def one(self) -> float | None:
        if len(self.values) == 1:
            return next(iter(self.values))
        return None if self.values or self.declared is None else abs(self.declared)


def _siemens(sheet: Sheet, roles: Layout, volts: _ReadVolts) -> Siemens:
    """A function that converts a cell to siemens, and raises InputError where it is negative."""

    def siemens(row: Row, column: Column) -> float:
        text = row.cells[column.place]
        value = column.unit.factor * sheet.number(row.line, column.name, text)
        if column.unit.base == "A":
            value = value / volts.at(sheet, row, roles.one("read_voltage"))
        elif column.unit.base == "ohm":
            if value == 0:
                raise sheet.fault(row.line, column.name, "a resistance of 0; allowed: above 0")
            value = 1 / value
        if value < 0:
            hint = "; currents read at a negative voltage: `read_volts` -0.1" if column.unit.base == "A" else ""
            raise sheet.fault(row.line, column.name, f"{text} is negative; a conductance is 0 or more{hint}")
        return value

    return siemens


def _pulsed(sheet: Sheet, roles: Layout, siemens: Siemens, pulses: "_Pulses", device: str) -> tuple[Chain, ...]:
    """Chains of a table with one pulse per row."""
    (reading,) = roles.of(*PULSED)
    chains = _Chains(sheet)
    for row in sheet.rows:
        polarity = _row_polarity(sheet, roles, row)
        pulses.add(sheet, roles, row, polarity)
        key = tuple(
            row.cells[column.place] if (column := roles.one(role)) else default
            for role, default in (("device", device), ("cycle", "1"))
        )
        chains.add(row.line, (key[0], key[1]), _pulse(sheet, roles, row), polarity, siemens(row, reading))
    return chains.done()


def _row_polarity(sheet: Sheet, roles: Layout, row: Row) -> int:
    """Polarity of a row's pulse: from its column, else from the file, else from the sign of the pulse's voltage."""
    if column := roles.one("polarity"):
        text = row.cells[column.place]
        if text.lower() not in columns.POLARITY:
            allowed = f"+1, -1, {columns.UP_OR_DOWN}"
            what = f"unknown polarity '{text[:40]}'; allowed: {allowed}"
            raise sheet.fault(row.line, column.name, what)
        return columns.POLARITY[text.lower()]
    if roles.polarity is not None:
        return roles.polarity
    column = roles.one("voltage")
    assert column is not None
    volts = sheet.number(row.line, column.name, row.cells[column.place])
    if volts == 0:
        raise sheet.fault(row.line, column.name, "a pulse of 0 V has no polarity; a column polarity can give it")
    return 1 if volts > 0 else -1


def _pulse(sheet: Sheet, roles: Layout, row: Row) -> int | None:
    """The number of a row's pulse, where a column gives it."""
    if (column := roles.one("pulse")) is None:
        return None
    text = row.cells[column.place]
    value = sheet.number(row.line, column.name, text)
    if value < 0 or value != int(value):
        raise sheet.fault(row.line, column.name, f"{text[:40]} is not a whole number of 0 or more")
    return int(value)


class _Chains:
    """Turns rows into chains: a chain continues while consecutive pulses of one device and cycle follow each other."""

    def __init__(self, sheet: Sheet):
        self.sheet = sheet
        self.open: dict[tuple[str, str], tuple[list[float], list[int], list[int]]] = {}
        self.last: dict[tuple[str, str], tuple[int, int]] = {}
        self.closed: list[Chain] = []

    def add(self, row: int, key: tuple[str, str], pulse: int | None, polarity: int, g: float) -> None:
        if key not in self.open:
            self.open[key] = ([g], [], [row])
        else:
            before, turned = self.last[key][0], self.last[key][1] != polarity
            if turned and pulse == 0:
                self._close(key)
                self.open[key] = ([g], [], [row])
            elif pulse is None or pulse == before + 1 or (turned and pulse == 1):
                for values, value in zip(self.open[key], (g, polarity, row), strict=True):
                    values.append(value)  # pyright: ignore[reportArgumentType]
            else:
                what = (
                    f"{pulse} follows {before}; allowed: {before + 1}, or 0 or 1 where the polarity changes; "
                    "a repeated sweep needs a number of its own in the column cycle"
                )
                raise self.sheet.fault(row, "pulse", what)
        self.last[key] = (0 if pulse is None else pulse, polarity)

    def _close(self, key: tuple[str, str]) -> None:
        g, polarity, rows = self.open.pop(key)
        if polarity:
            self.closed.append(Chain(*key, tuple(g), tuple(polarity), self.sheet.path.name, tuple(rows)))

    def done(self) -> tuple[Chain, ...]:
        for key in list(self.open):
            self._close(key)
        return tuple(self.closed)


class _Pulses:
    """Collects the voltage and width of the pulses of each polarity, where files give them; each must be one."""

    def __init__(self):
        self.values: dict[tuple[int, str], float] = {}

    def add(self, sheet: Sheet, roles: Layout, row: Row, polarity: int) -> None:
        for column in roles.of("voltage", "width"):
            value = column.unit.factor * sheet.number(row.line, column.name, row.cells[column.place])
            first = self.values.setdefault((polarity, column.role), value)
            if not math.isclose(value, first, rel_tol=1e-2):
                what = f"{value} after {first}; one fit takes pulses of one voltage and width per polarity"
                raise sheet.fault(row.line, column.name, what)
            if column.role == "width" and value <= 0:
                raise sheet.fault(row.line, column.name, f"{value} is not above 0")

    def of(self, polarity: int) -> tuple[float, float] | None:
        if (polarity, "voltage") not in self.values or (polarity, "width") not in self.values:
            return None
        return self.values[polarity, "voltage"], self.values[polarity, "width"]


def _sweeps(sheet: Sheet, roles: Layout, siemens: Siemens, device: str) -> list[Chain]:
    """Chains of a table with one column per sweep: readings after each pulse, down to the first empty cell."""
    chains = []
    several = {role: len(roles.of(role)) > 1 for role in ("up", "down")}
    for column in roles.of("up", "down"):
        cells = [row for row in sheet.rows if row.cells[column.place]]
        if gap := next((row for row, full in zip(sheet.rows, cells, strict=False) if row is not full), None):
            after = cells[sheet.rows.index(gap)]
            raise sheet.fault(after.line, f"{column.name} ({column.role})", "a value after an empty one")
        labelled = column._replace(name=f"{column.name} ({column.role})") if column.name != column.role else column
        g = tuple(siemens(row, labelled) for row in cells)
        polarity = columns.POLARITY[column.role]
        if len(g) > 1:
            cycle = column.name if several[column.role] else "1"
            rows = tuple(row.line for row in cells)
            chains.append(Chain(device, cycle, g, (polarity,) * (len(g) - 1), sheet.path.name, rows))
    return chains


def _verified_writes(sheet: Sheet, roles: Layout, siemens: Siemens, options: ReadOptions) -> list[VerifiedWrite]:
    """Verified writes of a table: each row has a target, unless the user gave one, and one or more readings."""
    target, readings = roles.one("target"), roles.of("reading")
    if target is None and options.target is None:
        raise InputError(f"{sheet.path}: readings of verified writes at which target? `target` 20, or a column target")
    writes = []
    for row in sheet.rows:
        if target is not None:
            target_siemens = siemens(row, target)
        else:
            assert options.target is not None
            target_siemens = options.target * readings[0].unit.factor
        writes += [
            VerifiedWrite(target_siemens, siemens(row, column), sheet.path.name, row.line)
            for column in readings
            if row.cells[column.place] or len(readings) == 1
        ]
    return writes
