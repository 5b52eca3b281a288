"""Parse a text file into rows of cells: delimiters, decimal commas, comments, a first row of names."""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ohmgrad.devices.fit import columns
from ohmgrad.errors import InputError

_COMMENTS = ("#", "%", "//", "!")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_WORD = re.compile(r"\S+(?:\s+[(\[][^)\]]{0,20}[)\]])?")  # with its unit, which is short
"""A column's name where columns are separated by blanks: a unit in brackets belongs to the name before it."""


class Row(NamedTuple):
    """Cells of one line of a file; lines count from 1."""

    line: int
    cells: tuple[str, ...]


class Sheet(NamedTuple):
    """A table of text: its path, the row of column names (None where there is none), and the other rows."""

    path: Path
    head: Row | None
    rows: tuple[Row, ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len((self.head or self.rows[0]).cells)

    def fault(self, row: int, column: str, what: str) -> InputError:
        """The error for a cell: names file, row and column."""
        return InputError(f"{self.path}, row {row}, column {column}: {what}")

    def number(self, row: int, column: str, text: str) -> float:
        """Parse a cell as a number; raises InputError where it is not a finite number."""
        if not is_number(text):
            raise self.fault(row, column, f"'{text[:40]}' is not a number")
        if not math.isfinite(value := float(text)):
            raise self.fault(row, column, f"'{text[:40]}' is not a finite number")
        return value


def is_number(text: str) -> bool:
    """Whether Python can parse a text as a number (nan and inf included)."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def parsed(path: Path, text: str) -> Sheet:
    """Parse the table in a text.

    Args:
        path: Path of the file, for messages.
        text: Its content.

    Raises:
        InputError: where there is no table, or rows differ in their number of columns.
    """
    lines = text.split("\n")
    comments = {n for n, line in enumerate(lines) if line.lstrip().startswith(_COMMENTS)}
    plain = [line for n, line in enumerate(lines) if n not in comments and line.strip()]
    if not plain:
        raise InputError(f"{path} is empty; its first row must name the columns {', '.join(FIRST_ROW)}")
    delimiter = _delimiter(plain)
    # Comments become empty lines, so that lines keep their numbers.
    rows = list(_split(path, ["" if n in comments else line for n, line in enumerate(lines)], delimiter))
    head = rows.pop(0) if not any(is_number(cell) for cell in rows[0].cells) else None
    if head is None and (above := _head_in_comment(path, lines, comments, rows[0], delimiter)):
        head = above
    width = len(head.cells) if head else len(rows[0].cells)
    rows = [Row(row.line, row.cells[:width]) if not any(row.cells[width:]) else row for row in rows]
    for row in rows:
        if len(row.cells) != width:
            of = "the first row names" if head else "the first row has"
            raise InputError(f"{path}, row {row.line}: {len(row.cells)} columns where {of} {width}")
    return Sheet(path, head, tuple(rows))


FIRST_ROW = ("pulse", "polarity", "conductance")


def _delimiter(lines: list[str]) -> str | None:
    """The delimiter: tab, semicolon, comma or blank; None where there is one column. Commas may be decimal commas."""
    first, last = lines[0], lines[-1]
    for sign in "\t;":
        if sign in first:
            return sign
    words = last.split()
    if len(words) > 1 and all(is_number(word) or _DECIMAL_COMMA.fullmatch(word) for word in words):
        return " "
    if "," in first:
        return ","
    return " " if len(words) > 1 else None


def _split(path: Path, lines: list[str], delimiter: str | None) -> Iterator[Row]:
    """Non-empty rows, with decimal commas replaced by points."""
    if delimiter in (None, " "):
        found = ((n, [line] if delimiter is None else _WORD.findall(line)) for n, line in enumerate(lines, start=1))
    else:
        found = _quoted(path, lines, delimiter)
    for line, cells in found:
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield Row(line, tuple(_pointed(cell) if delimiter != "," else cell for cell in cells))


def _quoted(path: Path, lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((f"{line}\n" for line in lines), strict=True, delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path}, row {reader.line_num}: not CSV ({error})") from None


def _pointed(cell: str) -> str:
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def _head_in_comment(path: Path, lines: list[str], comments: set[int], first: Row, delimiter: str | None) -> Row | None:
    """Column names in the comment right above the first row, as NumPy writes them."""
    above = first.line - 2
    if above not in comments:
        return None
    names = next(_split(path, [re.sub(r"^\s*[#%/!]+", "", lines[above])], delimiter), None)
    if names is None or len(names.cells) != len(first.cells):
        return None
    known = [columns.role(columns.named(name)[0]) for name in names.cells]
    return Row(above + 1, names.cells) if any(known) else None
