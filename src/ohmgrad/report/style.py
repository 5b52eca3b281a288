"""The style of all pictures, and their files. Needs no display, and does not change the user's Matplotlib settings."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

BLUE, GREEN, YELLOW, RED, DARK, GREY = "#3d5a98", "#1b998b", "#edae49", "#d1495b", "#30343f", "#667788"
COLOURS = {"crossbar": BLUE, "ideal": GREEN, "backprop": YELLOW, "best_decoder": DARK}
"""Colour of each arm of a run."""
_LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", DARK)
"""Colours of many lines in one picture: those of Okabe and Ito (2008), for any colour vision, without the yellow."""
_DASHES = ("-", "--", ":", "-.")
_MARKERS = "osD^vPX<>*ph"
_STYLE: Any = {
    "svg.hashsalt": "ohmgrad",
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}
_DATES = {"svg": "Date", "svgz": "Date", "pdf": "CreationDate"}
"""Name of the metadata field with the time, by format; it is left out, so that equal pictures are equal files."""
_NO_PICTURES = ("pgf", "raw", "rgba")
"""Formats of Matplotlib that are not pictures."""


@contextmanager
def styled(grid: bool = True) -> Iterator[None]:
    """The style of all pictures, as a context or a decorator around drawing and saving.

    Args:
        grid: Whether axes have a grid.
    """
    with rc_context(_STYLE | {"axes.grid": grid}):
        yield


def subplots(
    rows: int, columns: int, size: tuple[int | float, int | float], layout: Any = None, **how: Any
) -> tuple[Figure, Any]:
    """A figure without a window, and its axes as an array of shape (rows, columns).

    Args:
        rows: Rows of axes.
        columns: Columns of axes.
        size: Width and height in inches.
        layout: Layout engine, as `Figure` takes it.
        how: Further arguments of `Figure.subplots`, such as `sharey`.
    """
    figure = Figure(size, layout=layout)
    FigureCanvasSVG(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **how)


def banded(axis: Axes, x: Any, middle: Any, low: Any, high: Any, colour: str, *form: str, **how: Any) -> None:
    """Draw a line with a band from `low` to `high` around it."""
    axis.plot(x, middle, *form, color=colour, **how)
    axis.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)


def look(number: int) -> dict[str, Any]:
    """Colour, dashes and marker of one of many lines in a picture; no two of the first 24 are alike.

    Args:
        number: Number of the line, from 0.
    """
    return {
        "color": _LINES[number % len(_LINES)],
        "ls": _DASHES[number // len(_LINES) % len(_DASHES)],
        "marker": _MARKERS[number % len(_MARKERS)],
    }


def svg(figure: Figure) -> str:
    """The figure as SVG text; equal figures give equal texts."""
    text = image(figure, "svg").decode()
    return text[text.index("<svg") :]


def image(figure: Figure, kind: str) -> bytes:
    """The content of a picture file of a format (`kinds`); equal figures give equal files."""
    content = io.BytesIO()
    how: Any = {"metadata": {_DATES[kind]: None}} if kind in _DATES else {"dpi": 160}
    figure.savefig(content, format=kind, bbox_inches="tight", **how)
    return content.getvalue()


def kinds() -> list[str]:
    """Formats of picture files, by their endings."""
    return sorted(set(FigureCanvasBase.get_supported_filetypes()) - set(_NO_PICTURES))
