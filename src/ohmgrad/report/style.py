"""How every picture looks and becomes a file, without a screen and without a change to the user's Matplotlib."""

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
"""By what was trained."""
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
"""Where a kind of picture says when it was made."""
_NO_PICTURES = ("pgf", "raw", "rgba")
"""What Matplotlib writes for other programs."""


@contextmanager
def styled(grid: bool = True) -> Iterator[None]:
    """The style of all pictures, with or without a grid: around what is drawn and saved, or as its decorator."""
    with rc_context(_STYLE | {"axes.grid": grid}):
        yield


def subplots(
    rows: int, columns: int, size: tuple[int | float, int | float], layout: Any = None, **how: Any
) -> tuple[Figure, Any]:
    """A figure that no window shows, and its axes as an array of (rows, columns).

    Args:
        rows: Of axes.
        columns: Of axes.
        size: Width and height in inches.
        layout: Who arranges the axes, as `Figure` takes it.
        how: What else `Figure.subplots` takes, as `sharey`.
    """
    figure = Figure(size, layout=layout)
    FigureCanvasSVG(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **how)


def banded(axis: Axes, x: Any, middle: Any, low: Any, high: Any, colour: str, *form: str, **how: Any) -> None:
    """A line with a band from low to high around it."""
    axis.plot(x, middle, *form, color=colour, **how)
    axis.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)


def svg(figure: Figure) -> str:
    """A figure as SVG text, the same for the same figure."""
    text = image(figure, "svg").decode()
    return text[text.index("<svg") :]


def image(figure: Figure, kind: str) -> bytes:
    """A figure as a file of a kind (`kinds`), the same for the same figure."""
    content = io.BytesIO()
    how: Any = {"metadata": {_DATES[kind]: None}} if kind in _DATES else {"dpi": 160}
    figure.savefig(content, format=kind, bbox_inches="tight", **how)
    return content.getvalue()


def kinds() -> list[str]:
    """The kinds of pictures, by their files' endings."""
    return sorted(set(FigureCanvasBase.get_supported_filetypes()) - set(_NO_PICTURES))
