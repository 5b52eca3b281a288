"""Import of CrossSim's lookup tables: the step of one pulse over conductance and cumulative probability."""

import csv
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from ohmgrad.devices.fit.measured import Chain, Measured
from ohmgrad.devices.fit.sheet import Row, Sheet
from ohmgrad.errors import InputError

_TITLE = "1st row = gbins"
_QUANTILES, _BINS = 20, 50
"""Steps per conductance, and conductances, taken from a table: its 501 x 501 entries are interpolated from fewer."""
NOTE = " (read from a lookup table, each point taken for one pulse: the table does not say how many it is made from)"


def is_lookup(text: str) -> bool:
    """Whether a text begins as CrossSim's lookup tables do."""
    return text.lstrip().lower().startswith(_TITLE)


def lookup(texts: dict[Path, str], scale: float) -> Measured:
    """Turn CrossSim's lookup tables into chains of single pulses.

    Args:
        texts: Content of one file per polarity, by path: a title, conductances, cumulative probabilities, then steps,
            one row per probability.
        scale: Siemens of one unit of the files.

    Raises:
        InputError: where a file is not such a table, or two are of the same polarity.
    """
    chains: dict[int, list[Chain]] = {}
    for path, text in texts.items():
        sheet, rows = Sheet(path, None, ()), list(_rows(path, text))
        if len(rows) < 4:
            raise InputError(f"{path}: a lookup table has a title, conductances, shares and at least 2 rows of steps")
        (line, g_cells), (share_line, share_cells) = rows[:2]
        g = _numbers(sheet, line, g_cells, scale)
        for place, value in enumerate(g, start=1):
            if value < 0:
                raise sheet.fault(line, str(place), f"{g_cells[place - 1]} is negative; a conductance is 0 or more")
        shares = _numbers(sheet, share_line, share_cells)
        for values, row, name in ((g, line, "conductances"), (shares, share_line, "shares")):
            if len(values) < 2 or any(b <= a for a, b in pairwise(values)):
                raise InputError(f"{path}, row {row}: {name} must rise from column to column")
        if len(rows) - 2 != len(shares):
            raise InputError(f"{path}, row {rows[-1].line}: {len(rows) - 2} rows of steps for {len(shares)} shares")
        steps = np.array(list(_steps(sheet, rows[2:], len(g), scale)))
        polarity = 1 if np.median(steps) > 0 else -1
        if polarity in chains:
            raise InputError(f"{path}: a second table of the same polarity; allowed: one of each")
        chains[polarity] = list(_entries(np.array(g), np.array(shares), steps, polarity))
    name = " and ".join(path.name for path in texts)
    return Measured(name, tuple(chain for some in chains.values() for chain in some), note=NOTE, distribution=True)


def _rows(path: Path, text: str) -> Iterator[Row]:
    """Non-empty rows after the title."""
    try:
        for line, cells in enumerate(csv.reader(text.split("\n")), start=1):
            if any(cell.strip() for cell in cells) and not is_lookup(cells[0]):
                yield Row(line, tuple(cell.strip() for cell in cells))
    except csv.Error as error:
        raise InputError(f"{path}: not CSV ({error})") from None


def _numbers(sheet: Sheet, row: int, cells: Iterable[str], scale: float = 1.0) -> list[float]:
    return [scale * sheet.number(row, str(n), cell) for n, cell in enumerate(cells, start=1)]


def _steps(sheet: Sheet, rows: Iterable[Row], width: int, scale: float) -> Iterator[list[float]]:
    for row in rows:
        if len(row.cells) != width:
            raise InputError(f"{sheet.path}, row {row.line}: {len(row.cells)} steps for {width} conductances")
        yield _numbers(sheet, row.line, row.cells, scale)


def _entries(g: np.ndarray, shares: np.ndarray, steps: np.ndarray, polarity: int) -> Iterator[Chain]:
    """Steps at evenly spaced probabilities and conductances, as chains of a single pulse."""
    wanted = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    for column in np.unique(np.linspace(0, len(g) - 1, min(len(g), _BINS)).round().astype(int)):
        for step in np.interp(wanted, shares, steps[:, column]):
            yield Chain("1", "1", (float(g[column]), float(max(g[column] + step, 0.0))), (polarity,))
