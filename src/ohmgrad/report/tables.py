"""Tables and lines in the terminal, as all commands print them."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def table(title: str, *heads: str, words: Iterable[str] = ("",), whole: Iterable[str] = ()) -> Table:
    """An empty table: numbers to the right, words to the left.

    Args:
        title: Above it, in rich's markup.
        heads: Of its columns.
        words: Those of the heads whose columns hold words.
        whole: Those whose cells are not broken into lines where the terminal is narrow.
    """
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for head in heads:
        made.add_column(head, justify="left" if head in words else "right", no_wrap=head in whole, overflow="fold")
    return made


def line(console: Console, text: str) -> None:
    """Print a line with rich's markup, not broken where the terminal ends."""
    console.print(text, highlight=False, soft_wrap=True)


def plain(console: Console, text: str) -> None:
    """Print a line that holds no markup."""
    line(console, escape(text))
