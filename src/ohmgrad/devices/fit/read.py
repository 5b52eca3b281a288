"""Measured pulse data from a file: tidy CSV, aihwkit's two columns, or CrossSim's lookup tables."""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ohmgrad.errors import InputError

UNITS = {"S": 1.0, "mS": 1e-3, "uS": 1e-6, "nS": 1e-9}
FEWEST = 10
"""Pulses of a polarity that a fit needs at least."""
_NEEDED = ("pulse", "polarity", "conductance")
_OPTIONAL = ("voltage", "width", "cycle", "device_id")
_POLARITY = {"up": 1, "down": -1, "potentiation": 1, "depression": -1, "+1": 1, "1": 1, "-1": -1}
_LOOKUP = "1st row = gbins"
_QUANTILES, _BINS = 20, 50
"""Points per bin and bins that are taken of a lookup table, whose 501 x 501 entries are interpolated from fewer."""


@dataclass(frozen=True)
class Chain:
    """Readings that one device gave in one go: `g_siemens[0]`, then one more per pulse of `polarity` (+1, -1)."""

    device: str
    cycle: str
    g_siemens: tuple[float, ...]
    polarity: tuple[int, ...]


@dataclass(frozen=True)
class Measured:
    """Pulse data of one or more devices; `pulses` is (volts, seconds) of a polarity, where the file has both."""

    name: str
    chains: tuple[Chain, ...]
    up_pulse: tuple[float, float] | None = None
    down_pulse: tuple[float, float] | None = None
    note: str = ""

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
        pulses = self.pulses(1) + self.pulses(-1)
        return (
            f"{self.name}: {_many(len(self.devices), 'device')}, {_many(cycles, 'cycle')}, {pulses} pulses{self.note}"
        )


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def read(*paths: str | Path, unit: str = "S") -> Measured:
    """Measured pulse data; several paths are CrossSim's lookup tables of the two polarities.

    Conductances in the file are in `unit` (S, mS, uS, nS). Raises InputError, naming the row (line of the file, from 1)
    and the column, where a file is not what it should be.
    """
    if unit not in UNITS:
        raise InputError(f"unknown unit '{unit}'; allowed: {', '.join(UNITS)}")
    if not paths:
        raise InputError("name a file of measured pulse data")
    texts = {Path(path): _text(Path(path)) for path in paths}
    lookups = [_first_line(text).lower().startswith(_LOOKUP) for text in texts.values()]
    if any(lookups) or len(paths) > 1:
        if not all(lookups) or len(texts) > 2 or len(texts) != len(paths):
            raise InputError("several files: allowed are CrossSim's lookup tables of the two polarities, one each")
        measured = _lookup(texts, UNITS[unit])
    else:
        ((path, text),) = texts.items()
        measured = _table(path, text, UNITS[unit])
    _enough(measured)
    return measured


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, row {row}: not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    if not text.strip():
        raise InputError(f"{path} is empty; its first row must name the columns {', '.join(_NEEDED)}")
    return text


def _first_line(text: str) -> str:
    return text.lstrip().splitlines()[0]


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their line numbers; empty ones are left out."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise InputError(f"{path}, row {reader.line_num}: not CSV ({error})") from None


def _number(path: Path, row: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{path}, row {row}, column {column}: '{text[:40]}' is not a number") from None
    if not math.isfinite(value):
        raise InputError(f"{path}, row {row}, column {column}: '{text}' is not a finite number")
    return value


def _conductance(path: Path, row: int, column: str, text: str, scale: float) -> float:
    value = _number(path, row, column, text)
    if value < 0:
        raise InputError(f"{path}, row {row}, column {column}: {text} is negative; a conductance is 0 or more")
    return value * scale


def _table(path: Path, text: str, scale: float) -> Measured:
    rows = list(_rows(path, text))
    head = [cell.lower() for cell in rows[0][1]]
    if any(cell in _NEEDED for cell in head):
        return _tidy(path, rows, scale)
    if len(head) == 1:
        for name, sign in (("a semicolon", ";"), ("a tab", "\t"), ("a space", " ")):
            if sign in head[0]:
                raise InputError(f"{path}, row {rows[0][0]}: columns are separated by {name}; allowed: a comma")
    if len(head) == 2:
        return _two_columns(path, rows, scale)
    raise InputError(
        f"{path}, row {rows[0][0]}: known: a first row that names {', '.join(_NEEDED)} (and {', '.join(_OPTIONAL)}), "
        "or two columns, conductance after each up and after each down pulse, or CrossSim's lookup tables"
    )


def _tidy(path: Path, rows: list[tuple[int, list[str]]], scale: float) -> Measured:
    line, head = rows[0][0], [cell.lower() for cell in rows[0][1]]
    for name in _NEEDED:
        if name not in head:
            raise InputError(f"{path}, row {line}: column {name} is missing; needed: {', '.join(_NEEDED)}")
    for name in head:
        if name not in (*_NEEDED, *_OPTIONAL):
            raise InputError(f"{path}, row {line}: unknown column '{name}'; known: {', '.join(_NEEDED + _OPTIONAL)}")
        if head.count(name) > 1:
            raise InputError(f"{path}, row {line}: column {name} stands there twice")
    chains, pulses = _Chains(path), _Pulses(path)
    for row, cells in rows[1:]:
        if len(cells) != len(head):
            raise InputError(f"{path}, row {row}: {len(cells)} columns where the first row names {len(head)}")
        fields = dict(zip(head, cells, strict=True))
        polarity = _polarity(path, row, fields["polarity"])
        pulses.see(row, polarity, fields)
        chains.add(
            row,
            (fields.get("device_id", "1"), fields.get("cycle", "1")),
            _pulse(path, row, fields["pulse"]),
            polarity,
            _conductance(path, row, "conductance", fields["conductance"], scale),
        )
    return Measured(path.name, chains.done(), pulses.of(1), pulses.of(-1))


def _polarity(path: Path, row: int, text: str) -> int:
    if text.lower() not in _POLARITY:
        allowed = "up, down, +1, -1, potentiation, depression"
        raise InputError(f"{path}, row {row}, column polarity: unknown polarity '{text[:40]}'; allowed: {allowed}")
    return _POLARITY[text.lower()]


def _pulse(path: Path, row: int, text: str) -> int:
    value = _number(path, row, "pulse", text)
    if value < 0 or value != int(value):
        raise InputError(f"{path}, row {row}, column pulse: {text} is not a whole number of 0 or more")
    return int(value)


class _Chains:
    """Rows in, chains out: a chain goes on while pulses of one device and cycle follow each other."""

    def __init__(self, path: Path):
        self.path = path
        self.open: dict[tuple[str, str], tuple[list[float], list[int]]] = {}
        self.last: dict[tuple[str, str], tuple[int, int]] = {}
        self.closed: list[Chain] = []

    def add(self, row: int, key: tuple[str, str], pulse: int, polarity: int, g: float) -> None:
        if key not in self.open:
            self.open[key] = ([g], [])
        else:
            before, turned = self.last[key][0], self.last[key][1] != polarity
            if turned and pulse == 0:
                self._close(key)
                self.open[key] = ([g], [])
            elif pulse == before + 1 or (turned and pulse == 1):
                self.open[key][0].append(g)
                self.open[key][1].append(polarity)
            else:
                raise InputError(
                    f"{self.path}, row {row}, column pulse: {pulse} follows {before}; allowed: {before + 1}, or 0 or 1 "
                    "where the polarity changes; a repeated sweep needs its own number in the column cycle"
                )
        self.last[key] = (pulse, polarity)

    def _close(self, key: tuple[str, str]) -> None:
        g, polarity = self.open.pop(key)
        if polarity:
            self.closed.append(Chain(*key, tuple(g), tuple(polarity)))

    def done(self) -> tuple[Chain, ...]:
        for key in list(self.open):
            self._close(key)
        return tuple(self.closed)


class _Pulses:
    """The one voltage and width of each polarity, where the file names them."""

    def __init__(self, path: Path):
        self.path = path
        self.seen: dict[tuple[int, str], float] = {}

    def see(self, row: int, polarity: int, fields: dict[str, str]) -> None:
        for name in ("voltage", "width"):
            if name not in fields:
                continue
            value = _number(self.path, row, name, fields[name])
            first = self.seen.setdefault((polarity, name), value)
            if not math.isclose(value, first, rel_tol=1e-2):
                raise InputError(
                    f"{self.path}, row {row}, column {name}: {value} after {first}; one fit takes pulses of one "
                    "voltage and width per polarity"
                )
            if name == "width" and value <= 0:
                raise InputError(f"{self.path}, row {row}, column width: {value} is not above 0")

    def of(self, polarity: int) -> tuple[float, float] | None:
        if (polarity, "voltage") not in self.seen or (polarity, "width") not in self.seen:
            return None
        return self.seen[polarity, "voltage"], self.seen[polarity, "width"]


def _two_columns(path: Path, rows: list[tuple[int, list[str]]], scale: float) -> Measured:
    """aihwkit's: conductance after each up pulse, and after each down pulse; a first row of names may stand."""
    if not any(_is_number(cell) for cell in rows[0][1]):
        rows = rows[1:]
    sweeps: tuple[list[float], list[float]] = ([], [])
    ended = [False, False]
    for row, cells in rows:
        if len(cells) != 2:
            raise InputError(f"{path}, row {row}: {len(cells)} columns where the first row has 2")
        for side, cell in enumerate(cells):
            column = f"{side + 1} ({'up' if side == 0 else 'down'})"
            if not cell:
                ended[side] = True
                continue
            if ended[side]:
                raise InputError(f"{path}, row {row}, column {column}: a value after an empty one")
            sweeps[side].append(_conductance(path, row, column, cell, scale))
    chains = (
        Chain("1", "1", tuple(sweep), (polarity,) * (len(sweep) - 1))
        for sweep, polarity in zip(sweeps, (1, -1), strict=True)
        if len(sweep) > 1
    )
    return Measured(path.name, tuple(chains))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lookup(texts: dict[Path, str], scale: float) -> Measured:
    """CrossSim's: line 1 a title, then conductances, then cumulative shares, then steps, one row per share."""
    chains: dict[int, list[Chain]] = {}
    for path, text in texts.items():
        rows = [(line, [c.strip() for c in cells]) for line, cells in _rows(path, text)][1:]
        if len(rows) < 4:
            raise InputError(f"{path}: a lookup table has a title, conductances, shares and at least 2 rows of steps")
        (line, g_cells), (share_line, share_cells) = rows[:2]
        g = [_conductance(path, line, str(n), cell, scale) for n, cell in enumerate(g_cells, start=1)]
        shares = [_number(path, share_line, str(n), cell) for n, cell in enumerate(share_cells, start=1)]
        for values, row, name in ((g, line, "conductances"), (shares, share_line, "shares")):
            if len(values) < 2 or any(b <= a for a, b in pairwise(values)):
                raise InputError(f"{path}, row {row}: {name} must rise from column to column")
        if len(rows) - 2 != len(shares):
            raise InputError(f"{path}, row {rows[-1][0]}: {len(rows) - 2} rows of steps for {len(shares)} shares")
        steps = np.array(list(_steps(path, rows[2:], len(g), scale)))
        polarity = 1 if np.median(steps) > 0 else -1
        if polarity in chains:
            raise InputError(f"{path}: a second table of the same polarity; allowed: one of each")
        chains[polarity] = list(_entries(np.array(g), np.array(shares), steps, polarity))
    note = (
        " (read from a lookup table, each point taken for one pulse: the table does not say how many it is made from)"
    )
    name = " and ".join(path.name for path in texts)
    return Measured(name, tuple(chain for some in chains.values() for chain in some), note=note)


def _steps(path: Path, rows: Iterable[tuple[int, list[str]]], width: int, scale: float) -> Iterator[list[float]]:
    for row, cells in rows:
        if len(cells) != width:
            raise InputError(f"{path}, row {row}: {len(cells)} steps for {width} conductances")
        yield [scale * _number(path, row, str(n), cell) for n, cell in enumerate(cells, start=1)]


def _entries(g: np.ndarray, shares: np.ndarray, steps: np.ndarray, polarity: int) -> Iterator[Chain]:
    """Steps at evenly spread shares and conductances, as chains of a single pulse."""
    wanted = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    for column in np.unique(np.linspace(0, len(g) - 1, min(len(g), _BINS)).round().astype(int)):
        for step in np.interp(wanted, shares, steps[:, column]):
            yield Chain("1", "1", (float(g[column]), float(max(g[column] + step, 0.0))), (polarity,))


def _enough(measured: Measured) -> None:
    name, up, down = measured.name, measured.pulses(1), measured.pulses(-1)
    if not up and down:
        raise InputError(f"{name}: depressing pulses only (column polarity); potentiating ones are needed as well")
    for count, word in ((up, "potentiating"), (down, "depressing")):
        if count < FEWEST and (count or word == "potentiating"):
            raise InputError(f"{name}: {count} {word} pulses with a reading before them; at least {FEWEST} are needed")
    for polarity, word in ((1, "potentiating"), (-1, "depressing")):
        steps = [
            polarity * (b - a)
            for chain in measured.chains
            for a, b, sign in zip(chain.g_siemens[:-1], chain.g_siemens[1:], chain.polarity, strict=True)
            if sign == polarity
        ]
        if steps and sum(steps) <= 0:
            wrong = "do not raise" if polarity > 0 else "do not lower"
            raise InputError(
                f"{name}: {word} pulses {wrong} the conductance on average (columns polarity, conductance)"
            )
