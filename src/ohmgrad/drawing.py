"""How pictures look and become text: one style for the report and the analysis, without a screen."""

import io
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.backend_bases import FigureCanvasBase

STYLE: Any = {
    "svg.hashsalt": "ohmgrad",
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}
_DATES = {"svg": "Date", "svgz": "Date", "pdf": "CreationDate"}
"""Where a kind of picture says when it was made."""
_NO_PICTURES = ("pgf", "raw", "rgba")
"""What Matplotlib writes for other programs."""


def svg(figure) -> str:
    """A figure as SVG text, the same for the same figure; closes it."""
    text = image(figure, "svg").decode()
    return text[text.index("<svg") :]


def image(figure, kind: str) -> bytes:
    """A figure as a file of a kind (`kinds`), the same for the same figure; closes it."""
    content = io.BytesIO()
    how: Any = {"metadata": {_DATES[kind]: None}} if kind in _DATES else {"dpi": 160}
    figure.savefig(content, format=kind, bbox_inches="tight", **how)
    plt.close(figure)
    return content.getvalue()


def kinds() -> list[str]:
    """The kinds of pictures, by their files' endings."""
    return sorted(set(FigureCanvasBase.get_supported_filetypes()) - set(_NO_PICTURES))
