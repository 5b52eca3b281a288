"""The picture of `ohmgrad scaling`: energy and its ratio against the width of the layers."""

from collections.abc import Sequence

import matplotlib.pyplot as plt

from ohmgrad.drawing import STYLE, svg
from ohmgrad.recipes.scaling import MARKS, Point, crossings, curves
from ohmgrad.report.pictures import COLOURS

_STYLES = ("-", "--", ":", "-.")


def picture(points: Sequence[Point], gpu_title: str) -> str:
    """Two panels as SVG: joules of a step per sample, and the ratio with its crossings of 10^2 to 10^5."""
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
        for number, curve in enumerate(curves(points)):
            style, label = _STYLES[number % len(_STYLES)], f"batch {curve[0].batch}, {curve[0].precision}"
            widths = [point.width for point in curve]
            for joules, colour, what in (
                ("chip_joules", COLOURS["crossbar"], "chip"),
                ("digital_joules", COLOURS["ideal"], "digital, same rule"),
                ("backprop_joules", COLOURS["backprop"], "digital, backpropagation"),
            ):
                values = [getattr(point, joules).nominal / point.batch for point in curve]
                left.plot(widths, values, style, color=colour, label=what if number == 0 else None)
            ratios = [point.ratio.nominal for point in curve]
            right.plot(widths, ratios, style, color=COLOURS["ideal"], label=f"same rule, {label}")
            backprop = [point.ratio_backprop.nominal for point in curve]
            right.plot(widths, backprop, style, color=COLOURS["backprop"], label=f"backpropagation, {label}")
            for ratio in ("ratio", "ratio_backprop"):
                for crossing in crossings(curve, ratio):
                    right.plot(crossing.width, crossing.mark, "o", ms=5, color=COLOURS["best_decoder"])
        for mark in MARKS:
            right.axhline(mark, color="#d1495b", lw=0.8)
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
