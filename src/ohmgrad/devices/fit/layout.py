"""Find the role of each column of a sheet: declared by the user, by its name, by its unit, or by its file's name."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ohmgrad.devices.fit import columns
from ohmgrad.devices.fit.columns import READING, ROLES, Unit
from ohmgrad.devices.fit.measured import FEWEST, ColumnUse
from ohmgrad.devices.fit.sheet import FIRST_ROW, Sheet
from ohmgrad.errors import InputError, unknown

PULSED = ("conductance", "current", "resistance")
"""Roles of readings in a table with one pulse per row; where it has several, the first of this list is used."""
_SEVERAL = ("up", "down", "reading")
"""Roles that more than one column may have: one column per cycle."""
_AIHWKIT = ("up", "down")


class ReadOptions(NamedTuple):
    """What the user declares about files.

    Attributes:
        unit: Unit of readings whose column does not name one.
        read_volts: Voltage of reads, where no column gives it.
        target: Target of verified writes, where no column gives it.
        roles: Roles of columns (or polarities of files) by name.
    """

    unit: Unit | None
    read_volts: float | None
    target: float | None
    roles: dict[str, str]


class Column(NamedTuple):
    """A column: its index, name, role, unit, and how the role was found, for the user."""

    place: int
    name: str
    role: str
    unit: Unit = Unit("", 1.0)
    how: str = ""


class Layout(NamedTuple):
    """The interpreted columns of a sheet.

    Attributes:
        columns: The columns that are used.
        polarity: Polarity of all pulses of the file; None where the file as a whole has none.
        uses: How each column was interpreted, also the ignored ones.
    """

    columns: tuple[Column, ...]
    polarity: int | None
    uses: tuple[ColumnUse, ...]

    def of(self, *roles: str) -> tuple[Column, ...]:
        """The columns with one of these roles."""
        return tuple(column for column in self.columns if column.role in roles)

    def one(self, role: str) -> Column | None:
        """The first column with this role, if any."""
        return next(iter(self.of(role)), None)


def layout(sheet: Sheet, options: ReadOptions) -> Layout:
    """Find the role and unit of each column of a sheet.

    Raises:
        InputError: where a needed column is missing or given twice, the polarity of readings is not given, or a unit
            does not fit its column.
    """
    polarity = _file_polarity(sheet, options)
    heads = sheet.head.cells if sheet.head else tuple(str(n + 1) for n in range(sheet.width))
    fields = [_by_name(sheet, place, head, options) for place, head in enumerate(heads)]
    if sheet.head is None:
        fields = _without_names(sheet, fields, polarity, options)
    elif not any(column.role in (*PULSED, *_SEVERAL) for column in fields):
        fields = _by_unit(fields)
        if not any(column.role in PULSED for column in fields):
            fields = _wide(fields, polarity, options)
    fields = _signed(_checked(sheet, _one_reading(fields), polarity), polarity)
    fields = [_with_unit(sheet, column, heads[column.place], options) for column in fields]
    uses = tuple(ColumnUse(sheet.path.name, column.name, _words(column), column.how) for column in fields)
    used = tuple(column for column in fields if column.role not in ("", "ignore"))
    return Layout(used, polarity, uses)


def _words(column: Column) -> str:
    return ROLES[column.role].holds if column.role else "unknown, ignored"


def _file_polarity(sheet: Sheet, options: ReadOptions) -> int | None:
    """The polarity declared for a file, else the one in its name; None where there is neither."""
    role = options.roles.get(sheet.path.name)
    if role is None:
        return columns.file_polarity(sheet.path.stem)
    if role not in ("up", "down"):
        raise InputError(f"`columns`: {sheet.path.name}={role}; allowed for a file: up, down")
    return columns.POLARITY[role]


def _by_name(sheet: Sheet, place: int, head: str, options: ReadOptions) -> Column:
    name = columns.named(head)[0].strip() or str(place + 1)
    for known in (head, name, str(place + 1)):
        if known in options.roles:
            return Column(place, head, options.roles[known], how="as declared")
    return Column(place, head, (columns.role(name) or "") if sheet.head else "")


def _without_names(sheet: Sheet, fields: list[Column], polarity: int | None, options: ReadOptions) -> list[Column]:
    """Roles in a table without a row of column names."""
    if any(column.role for column in fields):
        return fields
    if options.target is not None and len(fields) == 1:
        return [fields[0]._replace(role="reading")]
    if len(fields) > 1 and _counts(sheet):
        fields[0] = fields[0]._replace(role="pulse", how="its numbers count on by one")
    free = [column for column in fields if not column.role]
    if polarity is not None:
        return _wide(fields, polarity, options)
    if len(free) == 2 == len(fields):
        how = "the first of two columns without names", "the second"
        return [each._replace(role=role, how=why) for each, role, why in zip(fields, _AIHWKIT, how, strict=True)]
    return fields


def _counts(sheet: Sheet) -> bool:
    """Whether the first column holds pulse numbers (0, 1, 2, ... or 1, 2, 3, ...) rather than readings."""
    first = [row.cells[0] for row in sheet.rows]
    if len(first) < FEWEST or not first[0].isdigit() or int(first[0]) > 1:
        return False
    return all(cell == str(n) for n, cell in enumerate(first, start=int(first[0])))


def _by_unit(fields: list[Column]) -> list[Column]:
    """Where one column of unknown name has a unit of readings (S, A, ohm), it is the reading."""
    bases = {column.place: columns.unit(columns.named(column.name)[1]) for column in fields if not column.role}
    readings = [place for place, unit in bases.items() if unit and unit.base in ("S", "A", "ohm")]
    if len(readings) != 1:
        return fields
    (place,) = readings
    role = {"S": "conductance", "A": "current", "ohm": "resistance"}[bases[place].base]  # pyright: ignore[reportOptionalMemberAccess]
    return [column._replace(role=role, how="by its unit") if column.place == place else column for column in fields]


def _wide(fields: list[Column], polarity: int | None, options: ReadOptions) -> list[Column]:
    """One column per cycle: columns whose names differ in a final number only, with pulses of the file's polarity."""
    free = [column for column in fields if not column.role]
    if not free and options.target is None:  # "cycle 1, cycle 2, ...": a known name, but nothing else to read
        free = [column for column in fields if column.role == "cycle"]
    stems = {re.sub(r"[\d\s_#.-]+$", "", columns.named(column.name)[0].lower()) for column in free}
    if not free or len(stems) > 1:
        return fields
    if polarity is None and options.target is None:
        return fields if len(free) < 2 else [c._replace(role="") if c in free else c for c in fields]
    role = "reading" if polarity is None else "up" if polarity > 0 else "down"
    how = "one cycle, polarity by the file's name" if polarity is not None else "written to the one target"
    return [column._replace(role=role, how=how) if column in free else column for column in fields]


def _one_reading(fields: list[Column]) -> list[Column]:
    """Where a table has several of conductance, current and resistance, keep the first in this order."""
    readings = [role for role in PULSED if any(column.role == role for column in fields)]
    spare = readings[1:]
    return [
        column._replace(role="ignore", how=f"{readings[0]} is taken") if column.role in spare else column
        for column in fields
    ]


def _signed(fields: list[Column], polarity: int | None) -> list[Column]:
    """Where nothing else gives the polarity, note that it is the sign of the pulse's voltage."""
    if polarity is not None or any(column.role in ("polarity", *_SEVERAL) for column in fields):
        return fields
    return [c._replace(how="its sign is the polarity") if c.role == "voltage" else c for c in fields]


def _checked(sheet: Sheet, fields: list[Column], polarity: int | None) -> list[Column]:
    """The columns, checked: raises InputError where a needed role is missing or one is given twice."""
    line = sheet.head.line if sheet.head else sheet.rows[0].line
    where = f"{sheet.path}, row {line}"
    roles = [column.role for column in fields]
    for role in roles:
        if role and role not in (*_SEVERAL, "ignore") and roles.count(role) > 1:
            names = " and ".join(f"'{column.name[:30]}'" for column in fields if column.role == role)
            raise InputError(f"{where}: column {role} is given twice ({names}); declare one: `columns` NAME=ignore")
    has = set(roles)
    if "target" in has and "reading" not in has:
        raise InputError(f"{where}: a column target, but none of readings; name one: `columns` NAME=reading")
    if "reading" in has or has & {"up", "down"}:
        return fields
    if not has & set(PULSED):
        raise InputError(f"{where}: {_no_reading(sheet, fields)}")
    if not has & {"polarity", "voltage"} and polarity is None:
        raise InputError(
            f"{where}: which column is up? Nothing says which readings follow up and which down pulses; known: "
            f"{columns.UP_OR_DOWN} over a column, in a column polarity or in the file's name; or `columns` NAME=down"
        )
    return fields


def _no_reading(sheet: Sheet, fields: list[Column]) -> str:
    needs = f"a first row that names {', '.join(FIRST_ROW)}"
    if sheet.head is None and len(fields) == 2 and fields[0].role == "pulse":
        return "which column is up? The first column counts; `columns` 2=up (or down), or two columns, up and down"
    if sheet.head is None:
        return f"no column has a name; known: {needs}, or two columns, conductance after each up and each down pulse"
    free = [column.name[:30] for column in fields if not column.role]
    if len(free) > 1:
        return (
            f"no column of readings among {', '.join(free[:6])}; known: {needs}; a column per cycle needs its "
            f"polarity: `columns` {sheet.path.name}=up"
        )
    return f"column conductance is missing (or current, resistance); known: {needs}; or `columns` NAME=conductance"


def _with_unit(sheet: Sheet, column: Column, head: str, options: ReadOptions) -> Column:
    """The column with its unit: from its head, else as declared by the user, else the base unit."""
    quantity = ROLES[column.role].quantity if column.role else ""
    if not quantity:
        return column
    text = columns.named(head)[1] if sheet.head else ""
    over, of_reading = columns.unit(text), quantity == READING or column.role in PULSED
    bases = ("S", "A", "ohm") if quantity == READING else (quantity,)
    where = f"column {head[:40]} of {sheet.path.name} holds {column.role}"
    if over and over.base not in bases:
        raise InputError(f"{where} in {text[:20]}; allowed: {' or '.join(bases)} and parts of it")
    if options.unit and of_reading:
        if options.unit.base not in bases:
            raise InputError(f"`unit`: {where}; allowed: a unit of {bases[0]}")
        if over not in (None, options.unit):
            raise InputError(f"`unit`: {where} in {text[:20]}; leave `unit` out")
    usual = bases[0] if quantity != READING or options.read_volts is None else "A"
    unit = over or (options.unit if of_reading else None) or Unit(usual, 1.0)
    how = [column.how, f"in {next(name for name, each in columns.UNITS.items() if each == unit)}"]
    if unit.base == "A" and options.read_volts is not None:
        how.append(f"read at {options.read_volts:g} V")
    return column._replace(unit=unit, how=", ".join(part for part in how if part))


def check_declared(options: ReadOptions, sheets: Sequence[Sheet]) -> None:
    """Check that declared columns and files exist.

    Raises:
        InputError: where one does not.
    """
    known: list[str] = []
    for sheet in sheets:
        heads = sheet.head.cells if sheet.head else ()
        known += [sheet.path.name, *heads, *(columns.named(head)[0].strip() for head in heads)]
        known += [str(n + 1) for n in range(sheet.width)]
    for name in options.roles:
        if name not in known:
            raise unknown("column in `columns`", name, dict.fromkeys(known))
