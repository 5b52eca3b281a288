"""Tables and lines in the terminal, in one style."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def table(title: str, *heads: str, words: Iterable[str] = ("",), whole: Iterable[str] = ()) -> Table:
    """An empty table, with numbers aligned right and words aligned left.

    Args:
        title: Title, in rich's markup.
        heads: Heads of the columns.
        words: Heads of the columns that hold words.
        whole: Heads of the columns whose cells are not wrapped where the terminal is narrow.
    """
    empty = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for head in heads:
        empty.add_column(head, justify="left" if head in words else "right", no_wrap=head in whole, overflow="fold")
    return empty


def line(console: Console, text: str) -> None:
    """Print a line with rich's markup, without wrapping it at the width of the terminal."""
    console.print(text, highlight=False, soft_wrap=True)


def plain(console: Console, text: str) -> None:
    """Print a line without markup, as `line` does."""
    line(console, escape(text))
