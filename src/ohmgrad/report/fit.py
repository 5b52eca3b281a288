"""A fitted device: tables for the terminal, and a picture of data, fitted curves, residuals and outliers."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.devices.fit import Fit, VerifiedWrite
from ohmgrad.devices.fit.likelihood import ordered
from ohmgrad.devices.fit.measured import many
from ohmgrad.devices.fit.outliers import Outlier
from ohmgrad.devices.fit.preset import curve
from ohmgrad.quantity import Quantity, Strict
from ohmgrad.report.style import COLOURS, RED, image, styled, subplots
from ohmgrad.report.tables import line, plain, table

_MAX_CHAINS = 60
"""Largest number of chains in the picture, of all devices together."""
_MAX_NAMED = 10
"""Largest number of devices, and of outliers, that are named one by one."""
_NINETY_FIVE = 1.96


def show(console: Console, fit: Fit) -> None:
    """Print how columns were interpreted, outliers, candidate models, and the fitted figures with their intervals."""
    line(console, f"\n[bold]{escape(str(fit.measured))}[/bold]")
    for sentence in (*_columns(fit), *_left_out(fit)):
        plain(console, sentence)
    if fit.pulsed is not None:
        console.print(_candidates(fit))
    what = "verified writes" if fit.pulsed is None else fit.kind
    figures = table(f"{what}: nominal, 95 % interval", "", "nominal", "low", "high")
    for name, figure in _figures(fit.record()):
        figures.add_row(name, *(f"{value:.4g}" for value in (figure.nominal, figure.low, figure.high)))
    console.print(figures)


def _candidates(fit: Fit) -> Table:
    """How well each response kind describes the data; the chosen one in bold."""
    heads = ("model", "parameters", "log-likelihood", "AIC", "BIC")
    candidates = table("how well each model describes the data", *heads, words=("model",))
    for candidate in fit.candidates:
        name = candidate.kind + ("" if candidate.converged else " (search not finished)")
        numbers = (f"{value:.1f}" for value in (candidate.log_likelihood, candidate.aic, candidate.bic))
        style = "bold" if candidate.kind == fit.kind else ""
        candidates.add_row(name, str(candidate.parameters), *numbers, style=style)
    return candidates


def _columns(fit: Fit) -> Iterator[str]:
    """How the columns of each file were interpreted; neighbours with the same role are joined."""
    for file, uses in groupby(fit.measured.columns, key=lambda each: each.file):
        parts = []
        for _, alike in groupby(uses, key=lambda each: (each.role, each.how)):
            first, *rest = alike
            parts.append(
                str(first) if not rest else f"{first.column} to {rest[-1].column}{str(first)[len(first.column) :]}"
            )
        yield f"{file}: {'; '.join(parts)}"


def _left_out(fit: Fit) -> Iterator[str]:
    outliers = fit.outliers
    for outlier in outliers[:_MAX_NAMED]:
        yield f"left out: {outlier}"
    if len(outliers) > _MAX_NAMED:
        yield f"left out: {len(outliers) - _MAX_NAMED} more (the summary names all)"


def _figures(part: Strict, path: str = "") -> Iterator[tuple[str, Quantity]]:
    """Every figure that was fitted, with its path in the record."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        figures = (
            [(f"{name}[{n}]", each) for n, each in enumerate(value)] if isinstance(value, list) else [(name, value)]
        )
        for word, figure in figures:
            if isinstance(figure, Quantity) and figure.basis == "derived":
                yield path + word, figure
        if isinstance(value, Strict) and not isinstance(value, Quantity):
            yield from _figures(value, f"{path}{name}.")


@styled()
def picture(fit: Fit, kind: str) -> bytes:
    """Draw a fit: readings and fitted curves, residuals, and errors of verified writes, where there are these.

    Args:
        fit: The fit.
        kind: Format of the picture file (`style.kinds`).

    Returns:
        The content of the file.
    """
    panels = [] if fit.pulsed is None else [(_curves, 3), (_residuals, 2)]
    if fit.writes is not None:
        panels.append((_writes, 2))
    widths = [width for _, width in panels]
    size = (1 + 2.1 * sum(widths), 4.2)
    figure, (axes,) = subplots(1, len(panels), size, width_ratios=widths, layout="constrained")
    for axis, (panel, _) in zip(axes, panels, strict=True):
        panel(axis, fit)
    return image(figure, kind)


def _curves(axis: Axes, fit: Fit) -> None:
    """Readings and curve of every device; the nominal device with the bands of cycles and of devices; outliers."""
    devices = fit.measured.devices
    colours = colormaps["tab10" if len(devices) <= 10 else "viridis"]
    scale = 1 if len(devices) <= 10 else 256 / len(devices)
    curves: dict[int, list[np.ndarray]] = {}
    for number in range(len(devices)):
        for polarity, mean in _device(axis, fit, number, colours(int(number * scale))):
            curves.setdefault(polarity, []).append(mean)
    for row in _longest(fit, range(len(ordered(fit.measured)))):
        _nominal(axis, fit, row, curves)
    _crosses(axis, fit.response.outliers)
    axis.set_xlabel("pulse of a sweep")
    axis.set_ylabel("conductance (µS)")
    unknown = "" if len(devices) > 1 else ": no spread between devices known"
    axis.set_title(many(len(devices), "device") + unknown, fontsize=9)
    axis.legend(loc="best", fontsize=8)


def _device(axis: Axes, fit: Fit, number: int, colour: Any) -> list[tuple[int, np.ndarray]]:
    """Draw a device's readings and curves; return the polarity of each curve's first pulse, and the curve."""
    data, chains, devices = fit.response.data, ordered(fit.measured), fit.measured.devices
    of_device = [row for row, chain in enumerate(chains) if chain.device == devices[number]]
    for row in of_device[: max(1, _MAX_CHAINS // len(devices))]:
        g = 1e6 * np.array(chains[row].g_siemens)
        axis.plot(chains[row].first + np.arange(len(g)), g, ".", ms=2, color=colour, alpha=0.35)
    label = f"device {devices[number]}" if 1 < len(devices) <= _MAX_NAMED else None
    drawn = []
    for row in _longest(fit, of_device):
        mean, _ = curve(fit.response.estimate, data, row, number)
        drawn.append((int(data.polarity[row, 0]), mean))
        axis.plot(_microsiemens(fit, mean), lw=0.9, color=colour, label=label if len(drawn) == 1 else None)
    return drawn


def _nominal(axis: Axes, fit: Fit, row: int, curves: dict[int, list[np.ndarray]]) -> None:
    """The nominal device over the pulses of a chain, with the bands of 95 % of its cycles and of devices (`curves`)."""
    data = fit.response.data
    mean, deviation = curve(fit.response.estimate, data, row)
    polarity = int(data.polarity[row, 0])
    first = polarity == data.polarity[0, 0]
    _band(axis, fit, mean, deviation, COLOURS["crossbar"], "95 % of cycles" if first else None)
    alike = [each[: len(mean)] for each in curves[polarity] if len(each) >= len(mean)]
    if len(alike) > 1:
        between = np.std(alike, axis=0, ddof=1)
        _band(axis, fit, mean, between, COLOURS["backprop"], "95 % of devices" if first else None)
    label = f"fitted: {fit.kind}" if first else None
    axis.plot(_microsiemens(fit, mean), color=COLOURS["crossbar"], lw=2, label=label)


def _microsiemens(fit: Fit, share: np.ndarray) -> np.ndarray:
    """Convert shares of the measured range to microsiemens."""
    return 1e6 * (fit.response.data.low_siemens + fit.response.data.span_siemens * share)


def _crosses(axis: Axes, outliers: Sequence[Outlier]) -> None:
    """Mark outliers; those beyond the picture are drawn at its edge, with their value."""
    low, high = axis.get_ylim()
    axis.set_ylim(low, high)
    for number, each in enumerate(outliers):
        g = 1e6 * each.siemens
        shown = min(max(g, low), high)
        label = many(len(outliers), "outlier") if not number else None
        axis.plot(each.pulse, shown, "x", ms=8, mew=2, color=RED, label=label, clip_on=False, zorder=5)
        if shown != g:
            axis.annotate(f" {g:.4g} µS", (each.pulse, shown), color=RED, fontsize=8, annotation_clip=False)


def _longest(fit: Fit, rows) -> list[int]:
    """The longest complete sweeps that begin with an up and with a down pulse; without such, the longest chain."""
    chains = ordered(fit.measured)
    longest = []
    for polarity in (1, -1):
        complete = [row for row in rows if chains[row].polarity[0] == polarity and not chains[row].first]
        longest += complete[:1]  # chains are ordered by length
    return longest or list(rows)[:1]


def _band(axis: Axes, fit: Fit, mean: np.ndarray, deviation: np.ndarray, colour: str, label: str | None) -> None:
    low, high = (_microsiemens(fit, mean + k * deviation) for k in (-_NINETY_FIVE, _NINETY_FIVE))
    axis.fill_between(np.arange(len(mean)), np.maximum(low, 0), high, color=colour, alpha=0.18, lw=0, label=label)


def _residuals(axis: Axes, fit: Fit) -> None:
    """Deviation of each reading from its prediction, in standard deviations, over the conductance before the pulse."""
    data, predictions = fit.response.data, fit.filtered
    residuals = (data.z[:, 1:] - predictions.predicted) / np.sqrt(predictions.variance)
    at = _microsiemens(fit, data.z[:, :-1])
    for polarity, name, colour in ((1, "up", "ideal"), (-1, "down", "backprop")):
        chosen = np.isfinite(residuals) & (data.polarity == polarity)
        if chosen.any():
            axis.plot(at[chosen], residuals[chosen], ".", ms=2, color=COLOURS[colour], alpha=0.5, label=name)
    for level in (-_NINETY_FIVE, 0, _NINETY_FIVE):
        axis.axhline(level, color=COLOURS["best_decoder"], lw=0.8, ls="-" if level == 0 else "--")
    axis.set_xlabel("conductance before the pulse (µS)")
    axis.set_ylabel("reading − prediction, in standard deviations")
    axis.legend(loc="upper right", markerscale=4)


def _writes(axis: Axes, fit: Fit) -> None:
    """Deviation of verified writes from their targets, over the target, and the fitted 95 % band."""
    writes = fit.writes
    assert writes is not None

    def plot(points: Sequence[VerifiedWrite], mark: str, **style) -> None:
        target, g = (
            1e6 * np.array([getattr(each, name) for each in points]) for name in ("target_siemens", "g_siemens")
        )
        axis.plot(target, g - target, mark, **style)

    plot(writes.used, ".", ms=3, color=COLOURS["best_decoder"])
    if writes.outliers:
        plot(writes.outliers, "x", ms=8, mew=2, color=RED, label=many(len(writes.outliers), "outlier"))
    targets = [each.target_siemens for each in writes.used]
    target = np.linspace(min(targets), max(targets), 100)
    for k in (-_NINETY_FIVE, _NINETY_FIVE):
        off = 1e6 * (writes.bias_siemens + k * np.maximum(writes.deviation(target), 0))
        label = "95 % as fitted" if k > 0 else None
        axis.plot(1e6 * target, off, "-" if np.ptp(target) else "_", ms=20, color=COLOURS["crossbar"], label=label)
    axis.set_xlabel("target of the write (µS)")
    axis.set_ylabel("conductance − target (µS)")
    axis.legend(loc="best", fontsize=8)
