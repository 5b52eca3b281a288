"""The pictures of the analysis as SVG text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ohmgrad.report.style import styled, svg
from ohmgrad_limits.data import Table, notable
from ohmgrad_limits.fit import Fit, Growth
from ohmgrad_limits.forecast import Forecast

if TYPE_CHECKING:  # imports JAX
    from ohmgrad_limits.claims.simulation import Simulated

COLOURS = {"polynomial": "#3d5a98", "exponential": "#d1495b"}
MODEL_COLOURS = {"oracle": "#30343f", "expert": "#1b998b", "flexible": "#d1495b", "regularised": "#edae49"}
POINTS = "#667"
DECADES_AHEAD = 3.0
"""Decades beyond the data over which fits are drawn."""
FARTHEST = 60.0
"""log10 FLOP at which the picture of forecasts ends; intervals beyond it end in an arrow."""
STEEPEST = 80.0
"""Largest exponent in the picture of exponents."""


def scaling(fits: Sequence[tuple[Fit, Fit]]) -> str:
    """Error against FLOP, one panel per benchmark: models, both laws, 95 % bands of the line and of one new model."""
    with styled():
        rows = -(-len(fits) // 3)
        figure = Figure(figsize=(12, 3.9 * rows), layout="constrained")
        axes = figure.subplots(rows, 3, squeeze=False)
        for axis, pair in zip(axes.flat, fits, strict=False):
            _panel(axis, pair)
        for axis in axes.flat[len(fits) :]:
            axis.axis("off")
        axes[0, 0].set_ylabel("error")
        axes[0, 0].legend(fontsize=8, loc="lower left")
        return svg(figure)


def _panel(axis: Axes, pair: tuple[Fit, Fit]) -> None:
    """One benchmark's models and both laws."""
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


def _curve(axis: Axes, fit: Fit) -> None:
    found, colour = fit.points.log10_flop, COLOURS[fit.law.name]
    x = np.linspace(found.min() - 0.5, found.max() + DECADES_AHEAD, 200)
    for new, alpha in ((False, 0.25), (True, 0.08)):
        low, nominal, high = (100 * np.asarray(error) for error in fit.error_at(x, new=new))
        axis.fill_between(x, low, high, color=colour, alpha=alpha, lw=0)
    label = f"{fit.law.name}, R² {fit.line.r_squared:.2f}"
    axis.plot(x, nominal, color=colour, label=label)


def forecasts(made: Sequence[Forecast]) -> str:
    """log10 FLOP of targets with 95 % intervals. Arrows continue beyond the picture; a full-width line is unbounded."""
    with styled():
        figure = Figure(figsize=(9, 0.33 * len(made) + 1), layout="constrained")
        axis = figure.subplots()
        for place, each in enumerate(made):
            _target(axis, place, each)
        names = [f"{each.fit.title} {100 * each.error:g} %, {each.fit.law.name}" for each in made]
        axis.set_yticks(range(len(made)), names)
        axis.invert_yaxis()
        axis.set_xlim(15, FARTHEST + 1)
        axis.set_xlabel("log10 FLOP (thick: mean line, thin: one new model, 95 %; dotted: unbounded)")
        return svg(figure)


def _target(axis: Axes, place: int, made: Forecast) -> None:
    """One forecast: both intervals, the nominal, an arrow if it continues beyond the picture."""
    colour = COLOURS[made.fit.law.name]
    for interval, width in ((made.prediction, 1.2), (made.mean, 3.5)):
        low, high = (15.0, FARTHEST) if not interval.bounded else interval[:2]
        dashes = "-" if interval.bounded else ":"
        axis.plot([min(low or 0, FARTHEST), min(high or 0, FARTHEST)], [place] * 2, dashes, color=colour, lw=width)
    if made.log10_flop <= FARTHEST:
        axis.plot(made.log10_flop, place, "o", color=colour, ms=6)
    if not made.mean.bounded or (made.mean.high or 0) > FARTHEST:
        axis.plot(FARTHEST, place, ">", color=colour, ms=6)


def exponents(fits: Sequence[Fit]) -> str:
    """Exponent of k for a k-fold lower error (1/b of polynomial fits), beside theory and quoted practice."""
    with styled():
        figure = Figure(figsize=(9, 0.35 * len(fits) + 1.2), layout="constrained")
        axis = figure.subplots()
        for place, fit in enumerate(fits):
            _exponent(axis, place, fit)
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


def _exponent(axis: Axes, place: int, fit: Fit) -> None:
    slope, colour = fit.line.slope_interval(), COLOURS["polynomial"]
    assert slope.low is not None and slope.high is not None
    end = 1 / slope.low if slope.low > 0 else np.inf
    axis.plot([1 / slope.high, min(end, STEEPEST)], [place] * 2, color=colour, lw=3)
    axis.plot(1 / fit.line.slope, place, "o", color=colour)
    if end > STEEPEST:
        axis.plot(STEEPEST, place, ">", color=colour)


def trends(table: Table, growth: Growth) -> str:
    """Error of a benchmark's models and training compute of notable models, by year."""
    with styled():
        figure = Figure(figsize=(11, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        _errors_by_year(left, table)
        _computation_by_year(right, growth)
        return svg(figure)


def _errors_by_year(axis: Axes, table: Table) -> None:
    axis.plot(table.year, 100 * table.error, "o", ms=4, mfc="none", mec=POINTS)
    years = np.unique(table.year)
    best = [100 * np.nanmin(table.error[table.year <= year]) for year in years]
    axis.step(years, best, where="post", color=COLOURS["polynomial"], label="best so far")
    axis.set_ylabel(f"{table.title}: error (%)")
    axis.legend()


def _computation_by_year(axis: Axes, growth: Growth) -> None:
    found = notable()
    recent = found.year >= 2010
    axis.plot(found.year[recent], np.log10(found.numbers["flop"][recent]), "o", ms=3, mfc="none", mec=POINTS)
    ends = np.array([growth.year.min(), growth.year.max()])
    label = f"records: doubling in {growth.doubling_months:.1f} months"
    axis.plot(growth.year, growth.log10_flop, "o", ms=4, color=COLOURS["exponential"])
    axis.plot(ends, growth.line.at(ends), color=COLOURS["exponential"], label=label)
    axis.set_ylabel("log10 training FLOP, notable models")
    axis.legend(loc="lower right")


def simulated(found: "Simulated") -> str:
    """Performance against sample size and against computation."""
    with styled():
        figure = Figure(figsize=(11, 3.9), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for axis, name in zip(axes, ("samples", "FLOP of one fit"), strict=True):
            for curve in found.curves:
                x = curve.sizes if name == "samples" else curve.flop
                axis.plot(x, curve.performance, "o-", ms=3.5, color=MODEL_COLOURS[curve.model], label=curve.model)
            axis.set_xscale("log")
            axis.set_xlabel(name)
        axes[0].set_ylabel("performance, -log10 relative error")
        axes[0].legend()
        setting = found.setting
        title = f"{setting.features:,} features, {setting.relevant} matter, noise {setting.noise:g}"
        figure.suptitle(title, fontsize=10)
        return svg(figure)
