"""Pictures of current-voltage loops of driven devices."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np

from ohmgrad.report.style import COLOURS, styled, subplots, svg


@styled()
def hysteresis(loops: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Draw I-V loops, once on a linear and once on a logarithmic scale of |I|.

    Args:
        loops: By name, volts and amperes over time.

    Returns:
        The picture as SVG text.
    """
    largest = max(float(np.abs(amperes).max()) for _, amperes in loops.values())
    figure, (axes,) = subplots(1, 2, (10, 3.8))
    for (name, (volts, amperes)), colour in zip(loops.items(), cycle(COLOURS.values())):
        axes[0].plot(volts, amperes, color=colour, lw=1.2, label=name)
        moved = amperes != 0
        axes[1].plot(volts[moved], np.abs(amperes[moved]), color=colour, lw=1.2)
    for axis in axes:
        axis.set_xlabel("voltage (V)")
    axes[0].set_ylabel("current (A)")
    axes[1].set_ylabel("|current| (A)")
    axes[1].set_yscale("log")
    axes[1].set_ylim(bottom=1e-6 * largest)
    axes[0].ticklabel_format(axis="y", scilimits=(-2, 2))
    axes[0].legend(loc="upper left")
    return svg(figure)
