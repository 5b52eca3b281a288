"""Tables in the terminal: wrapped to its width, with long texts as notes below; no number is broken."""

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from ohmgrad.cli.console import out

if TYPE_CHECKING:
    from ohmgrad_limits.show import Grid


def show(*grids: "Grid") -> None:
    """Print tables one below the other."""
    for grid in grids:
        grid, below = _shortened(grid)
        widths, gap = _widths(grid, out.width)
        whole = sum(widths) + (2 * gap + 1) * (len(widths) - 1)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap), width=whole)
        for head, width in zip(grid.heads, widths, strict=True):
            table.add_column(_folded(head, width), width=width, overflow="fold")
        for row in grid.rows:
            table.add_row(*map(_folded, row, widths))
        out.print(f"[bold]{escape(grid.title)}[/bold]", highlight=False)
        out.print(table, crop=False)
        notes = [f"{place} {text}" for place, text in enumerate(below, start=1)] + [grid.note] * bool(grid.note)
        out.print(*(f"[dim]{escape(note)}[/dim]" for note in notes), "", sep="\n", highlight=False)


LONGEST = 40
"""Maximum characters in a table's last column; longer texts become numbered notes below the table."""


def _shortened(grid: "Grid") -> "tuple[Grid, list[str]]":
    """The table with long texts of its last column replaced by note numbers, and the notes."""
    last = [row[-1] for row in grid.rows]
    if max(map(len, last), default=0) <= LONGEST:
        return grid, []
    below = list(dict.fromkeys(text for text in last if text != "–"))
    rows = tuple((*row[:-1], row[-1] if row[-1] == "–" else str(below.index(row[-1]) + 1)) for row in grid.rows)
    return replace(grid, rows=rows), below


def _widths(grid: "Grid", room: int) -> tuple[list[int], int]:
    """Widths of the columns, at least those of their longest words, and the blanks on either side of a gap."""
    columns = list(zip(grid.heads, *grid.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(line) for cell in column for line in _folded(cell, 1).split("\n")) for column in columns]
    gap = int(sum(least) + 3 * (len(least) - 1) <= room)
    while sum(widths) + (2 * gap + 1) * (len(widths) - 1) > room and widths != least:
        spare = [width if width > few else 0 for width, few in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths, gap


def _folded(text: str, width: int) -> str:
    """The text wrapped at blanks and hyphens only, so that no number is broken."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False))
