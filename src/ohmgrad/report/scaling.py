"""Energy of a training step over the width of the layers: picture and table of `ohmgrad scaling`."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from rich.console import Console

from ohmgrad.recipes.scaling import MARKS, Point, crossings, curves
from ohmgrad.report.numbers import count, energy, ratio
from ohmgrad.report.style import COLOURS, RED, styled, subplots, svg
from ohmgrad.report.tables import line, table

_STYLES = ("-", "--", ":", "-.")
_JOULES = (
    ("chip_joules", "crossbar", "chip"),
    ("digital_joules", "ideal", "digital, same rule"),
    ("backprop_joules", "backprop", "digital, backpropagation"),
)
_RATIOS = (("ratio", "ideal", "same rule"), ("ratio_backprop", "backprop", "backpropagation"))
"""Field of a point, colour and name of the curve."""


@styled()
def picture(points: Sequence[Point], gpu_title: str) -> str:
    """Draw joules of a step per sample, and the ratio to the chip with its crossings of 10^2 to 10^5.

    Args:
        points: Priced widths, of one or more batch sizes and precisions.
        gpu_title: Name of the processor, for the title.

    Returns:
        The picture as SVG text.
    """
    figure, [[left, right]] = subplots(1, 2, (12, 4.8), layout="constrained")
    for number, curve in enumerate(curves(points)):
        style = _STYLES[number % len(_STYLES)]
        _energies(left, curve, style, named=number == 0)
        _ratios(right, curve, style)
    for mark in MARKS:
        right.axhline(mark, color=RED, lw=0.8)
    for axis in (left, right):
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        axis.set_xlabel("neurons of every layer")
    left.set_ylabel("energy of a training step, per sample (J), nominal")
    right.set_ylabel("best digital program / chip energy, nominal")
    figure.suptitle(f"{points[0].chip} beside the best program of {gpu_title} or of one core", fontsize=10)
    left.legend(fontsize=7)
    right.legend(fontsize=7)
    return svg(figure)


def _energies(axis: Axes, curve: Sequence[Point], style: str, named: bool) -> None:
    widths = [point.width for point in curve]
    for field, arm, what in _JOULES:
        joules = [getattr(point, field).nominal / point.batch for point in curve]
        axis.plot(widths, joules, style, color=COLOURS[arm], label=what if named else None)


def _ratios(axis: Axes, curve: Sequence[Point], style: str) -> None:
    widths, label = [point.width for point in curve], f"batch {curve[0].batch}, {curve[0].precision}"
    for field, arm, what in _RATIOS:
        ratios = [getattr(point, field).nominal for point in curve]
        axis.plot(widths, ratios, style, color=COLOURS[arm], label=f"{what}, {label}")
    for field, *_ in _RATIOS:
        for crossing in crossings(curve, field):
            axis.plot(crossing.width, crossing.mark, "o", ms=5, color=COLOURS["best_decoder"])


def show(console: Console, curve: Sequence[Point]) -> None:
    """Print the table of one batch size and precision, and the widths at which ratios cross powers of ten."""
    first = curve[0]
    title = (
        f"{first.chip} beside {first.gpu}: batch {first.batch}, {first.precision}; energy of one step of one training"
    )
    heads = ("width", "chip", "digital", "program", "in use", "/ chip", "backprop", "/ chip")
    steps = table(title, *heads, whole=heads)
    for point in curve:
        steps.add_row(
            f"{point.width:,}",
            energy(point.chip_joules.nominal),
            energy(point.digital_joules.nominal),
            point.program,
            f"{100 * point.utilisation:.2g} %",
            count(point.ratio.nominal),
            energy(point.backprop_joules.nominal),
            count(point.ratio_backprop.nominal),
        )
    console.print(steps)
    for point in (first, curve[-1]):
        bounds = ratio(point.ratio.as_json()), ratio(point.ratio_backprop.as_json())
        ratios = f"same rule {bounds[0]}, backpropagation {bounds[1]}"
        line(console, f"digital / chip at a width of {point.width:,}: {ratios}")
    for field, _, what in _RATIOS:
        for crossing in crossings(curve, field):
            direction = "rises" if crossing.rising else "falls"
            line(console, f"{what}: {direction} through {crossing.mark:,g} at a width of {crossing.width:,.0f}")
