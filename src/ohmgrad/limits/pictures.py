"""The pictures of the analysis as SVG text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ohmgrad.limits.fit import Fit
from ohmgrad.limits.forecast import Forecast
from ohmgrad.limits.table import Table
from ohmgrad.limits.trends import Growth, notable
from ohmgrad.report.style import styled, subplots, svg

if TYPE_CHECKING:  # it imports JAX
    from ohmgrad.limits.simulation import Simulated

COLOURS = {"polynomial": "#3d5a98", "exponential": "#d1495b"}
MODEL_COLOURS = {"oracle": "#30343f", "expert": "#1b998b", "flexible": "#d1495b", "regularised": "#edae49"}
POINTS = "#667"
DECADES_AHEAD = 3.0
"""How far beyond the data the fits are drawn."""
FARTHEST = 60.0
"""log10 FLOP at which the picture of forecasts ends; what lies beyond is an arrow."""


@styled()
def scaling(fits: Sequence[tuple[Fit, Fit]]) -> str:
    """Error against FLOP, a panel per benchmark: its models, both laws, their 95 % bands and those of a new model."""
    rows = -(-len(fits) // 3)
    figure, axes = subplots(rows, 3, (12, 3.9 * rows), layout="constrained")
    for axis, pair in zip(axes.flat, fits, strict=False):
        for fit in pair:
            _curve(axis, fit)
        found = pair[0].points
        axis.plot(found.log10_flop, 100 * found.error, "o", ms=4, mfc="none", mec=POINTS, label="models")
        axis.set_title(f"{pair[0].title}, {pair[0].measure}", fontsize=10)
        axis.set_yscale("log")
        lowest, highest = 100 * found.error.min(), 100 * found.error.max()
        axis.set_ylim(lowest / 2, min(100, highest * 1.5))
        ticks = [tick for tick in (1, 2, 5, 10, 20, 30, 50, 70, 100) if lowest / 2 <= tick <= highest * 1.5]
        axis.set_yticks(ticks, [f"{tick} %" for tick in ticks])
        axis.minorticks_off()
        axis.set_xlabel("log10 FLOP")
    for axis in axes.flat[len(fits) :]:
        axis.axis("off")
    axes[0, 0].set_ylabel("error")
    axes[0, 0].legend(fontsize=8, loc="lower left")
    return svg(figure)


def _curve(axis, fit: Fit) -> None:
    found, colour = fit.points.log10_flop, COLOURS[fit.law.name]
    x = np.linspace(found.min() - 0.5, found.max() + DECADES_AHEAD, 200)
    for new, alpha in ((False, 0.25), (True, 0.08)):
        low, nominal, high = (100 * np.asarray(error) for error in fit.error_at(x, new=new))
        axis.fill_between(x, low, high, color=colour, alpha=alpha, lw=0)
    label = f"{fit.law.name}, R² {fit.line.r_squared:.2f}"
    axis.plot(x, nominal, color=colour, label=label)


@styled()
def forecasts(made: Sequence[Forecast]) -> str:
    """log10 FLOP of targets with their 95 % intervals; an arrow goes on, and a whole line is unbounded."""
    figure, [[axis]] = subplots(1, 1, (9, 0.33 * len(made) + 1), layout="constrained")
    for place, each in enumerate(made):
        colour = COLOURS[each.fit.law.name]
        for interval, width in ((each.prediction, 1.2), (each.mean, 3.5)):
            low, high = (15.0, FARTHEST) if not interval.bounded else interval[:2]
            dashes = "-" if interval.bounded else ":"
            axis.plot([min(low or 0, FARTHEST), min(high or 0, FARTHEST)], [place] * 2, dashes, color=colour, lw=width)
        if each.log10_flop <= FARTHEST:
            axis.plot(each.log10_flop, place, "o", color=colour, ms=6)
        if not each.mean.bounded or (each.mean.high or 0) > FARTHEST:
            axis.plot(FARTHEST, place, ">", color=colour, ms=6)
    names = [f"{each.fit.title} {100 * each.error:g} %, {each.fit.law.name}" for each in made]
    axis.set_yticks(range(len(made)), names)
    axis.invert_yaxis()
    axis.set_xlim(15, FARTHEST + 1)
    axis.set_xlabel("log10 FLOP (thick: mean line, thin: one new model, 95 %; dotted: unbounded)")
    return svg(figure)


@styled()
def exponents(fits: Sequence[Fit]) -> str:
    """The power of k that a k-fold lower error takes, 1/b of polynomial fits, beside theory and quoted practice."""
    figure, [[axis]] = subplots(1, 1, (9, 0.35 * len(fits) + 1.2), layout="constrained")
    for place, fit in enumerate(fits):
        slope = fit.line.slope_interval()
        assert slope.low is not None and slope.high is not None
        end = 1 / slope.low if slope.low > 0 else np.inf
        axis.plot([1 / slope.high, min(end, 80)], [place] * 2, color=COLOURS["polynomial"], lw=3)
        axis.plot(1 / fit.line.slope, place, "o", color=COLOURS["polynomial"])
        if end > 80:
            axis.plot(80, place, ">", color=COLOURS["polynomial"])
    for power, said in ((4, "theory: 4"), (9, "practice, as quoted: 9")):
        axis.axvline(power, color=POINTS, ls="--", lw=1)
        axis.text(power * 1.02, -0.8, said, fontsize=8, color=POINTS)
    axis.set_yticks(range(len(fits)), [f"{fit.title}, {fit.measure}" for fit in fits])
    axis.invert_yaxis()
    axis.set_xscale("log")
    ticks = (2, 4, 9, 20, 40, 80)
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("FLOP grow as k to this power for a k-fold lower error (95 % interval; arrow: unbounded)")
    return svg(figure)


@styled()
def trends(table: Table, growth: Growth) -> str:
    """Over the years: the error of a benchmark's models, and the training compute of notable ones."""
    figure, [[left, right]] = subplots(1, 2, (11, 3.9), layout="constrained")
    left.plot(table.year, 100 * table.error, "o", ms=4, mfc="none", mec=POINTS)
    years = np.unique(table.year)
    best = [100 * np.nanmin(table.error[table.year <= year]) for year in years]
    left.step(years, best, where="post", color=COLOURS["polynomial"], label="best so far")
    left.set_ylabel(f"{table.title}: error (%)")
    left.legend()
    found = notable()
    recent = found.year >= 2010
    right.plot(found.year[recent], np.log10(found.numbers["flop"][recent]), "o", ms=3, mfc="none", mec=POINTS)
    ends = np.array([growth.year.min(), growth.year.max()])
    label = f"records: doubling in {growth.doubling_months:.1f} months"
    right.plot(growth.year, growth.log10_flop, "o", ms=4, color=COLOURS["exponential"])
    right.plot(ends, growth.line.at(ends), color=COLOURS["exponential"], label=label)
    right.set_ylabel("log10 training FLOP, notable models")
    right.legend(loc="lower right")
    return svg(figure)


@styled()
def simulated(found: "Simulated") -> str:
    """Performance against sample size and against computation."""
    figure, (axes,) = subplots(1, 2, (11, 3.9), sharey=True, layout="constrained")
    for axis, name in zip(axes, ("samples", "FLOP of one fit"), strict=True):
        for curve in found.curves:
            x = curve.sizes if name == "samples" else curve.flop
            axis.plot(x, curve.performance, "o-", ms=3.5, color=MODEL_COLOURS[curve.model], label=curve.model)
        axis.set_xscale("log")
        axis.set_xlabel(name)
    axes[0].set_ylabel("performance, -log10 relative error")
    axes[0].legend()
    setting = found.setting
    figure.suptitle(f"{setting.features:,} features, {setting.relevant} matter, noise {setting.noise:g}", fontsize=10)
    return svg(figure)
