"""A fitted device: tables for the terminal, and a picture of data, fitted curves, residuals and what was left out."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.devices.fit import Fit, Landed
from ohmgrad.devices.fit.likelihood import ordered
from ohmgrad.devices.fit.measured import many
from ohmgrad.devices.fit.outliers import Outlier
from ohmgrad.devices.fit.preset import curve
from ohmgrad.drawing import STYLE, image
from ohmgrad.figure import Signed, Strict
from ohmgrad.report.pictures import COLOURS

_MOST_CHAINS = 60
"""Chains that the picture shows at most, of all devices together."""
_MOST_NAMED = 10
"""Devices, and outliers, that are named one by one."""
_NINETY_FIVE = 1.96
_OUTLIER = "#c1121f"


def show(console: Console, fit: Fit) -> None:
    """What the columns were taken for, what was left out, the candidates, the chosen figures with their intervals."""
    console.print(f"\n[bold]{escape(str(fit.measured))}[/bold]", highlight=False, soft_wrap=True)
    for line in (*_columns(fit), *_left_out(fit)):
        console.print(escape(line), highlight=False, soft_wrap=True)
    if fit.pulsed is not None:
        table = Table(title="how well each model describes the data", title_justify="left", box=SIMPLE_HEAD)
        for column in ("model", "parameters", "log-likelihood", "AIC", "BIC"):
            table.add_column(column, justify="left" if column == "model" else "right")
        for candidate in fit.candidates:
            name = candidate.kind + ("" if candidate.converged else " (search not finished)")
            numbers = (f"{value:.1f}" for value in (candidate.log_likelihood, candidate.aic, candidate.bic))
            style = "bold" if candidate.kind == fit.kind else ""
            table.add_row(name, str(candidate.parameters), *numbers, style=style)
        console.print(table)
    what = "verified writes" if fit.pulsed is None else fit.kind
    table = Table(title=f"{what}: nominal, 95 % interval", title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "nominal", "low", "high"):
        table.add_column(column, justify="right" if column else "left")
    for name, figure in _figures(fit.record()):
        table.add_row(name, *(f"{value:.4g}" for value in (figure.nominal, figure.low, figure.high)))
    console.print(table)


def _columns(fit: Fit) -> Iterator[str]:
    """Each file's columns, neighbours that are alike together."""
    for file, taken in groupby(fit.measured.columns, key=lambda each: each.file):
        parts = []
        for _, alike in groupby(taken, key=lambda each: (each.role, each.how)):
            first, *rest = alike
            parts.append(
                str(first) if not rest else f"{first.column} to {rest[-1].column}{str(first)[len(first.column) :]}"
            )
        yield f"{file}: {'; '.join(parts)}"


def _left_out(fit: Fit) -> Iterator[str]:
    outliers = fit.outliers
    for outlier in outliers[:_MOST_NAMED]:
        yield f"left out: {outlier}"
    if len(outliers) > _MOST_NAMED:
        yield f"left out: {len(outliers) - _MOST_NAMED} more (--json names all)"


def _figures(part: Strict, path: str = "") -> Iterator[tuple[str, Signed]]:
    """Every figure that the fit has set, by its path in the record."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        figures = (
            [(f"{name}[{n}]", each) for n, each in enumerate(value)] if isinstance(value, list) else [(name, value)]
        )
        for word, figure in figures:
            if isinstance(figure, Signed) and figure.basis == "derived":
                yield path + word, figure
        if isinstance(value, Strict) and not isinstance(value, Signed):
            yield from _figures(value, f"{path}{name}.")


def picture(fit: Fit, kind: str) -> bytes:
    """A picture file of a kind: readings with the curves of each device, the nominal one, and the spread between them;
    beside it what each reading deviates from its forecast; and how far verified writes land from their targets.
    """
    panels = [] if fit.pulsed is None else [(_curves, 3), (_residuals, 2)]
    if fit.writes is not None:
        panels.append((_writes, 2))
    with plt.rc_context(STYLE):
        widths = [width for _, width in panels]
        figure, axes = plt.subplots(
            1,
            len(panels),
            figsize=(1 + 2.1 * sum(widths), 4.2),
            width_ratios=widths,
            squeeze=False,
            layout="constrained",
        )
        for axis, (panel, _) in zip(axes[0], panels, strict=True):
            panel(axis, fit)
        return image(figure, kind)


def _curves(axis: Axes, fit: Fit) -> None:
    """Readings and curve of every device in its colour; the nominal device, its cycles and the devices' spread."""
    answer, chains = fit.answer, ordered(fit.measured)
    data, devices = answer.data, fit.measured.devices
    colours = plt.get_cmap("tab10" if len(devices) <= 10 else "viridis")
    scale = 1 if len(devices) <= 10 else 256 / len(devices)
    shown = max(1, _MOST_CHAINS // len(devices))
    curves: dict[int, list[np.ndarray]] = {}
    for number, device in enumerate(devices):
        colour = colours(int(number * scale))
        own = [row for row, chain in enumerate(chains) if chain.device == device]
        for row in own[:shown]:
            g = 1e6 * np.array(chains[row].g_siemens)
            axis.plot(chains[row].first + np.arange(len(g)), g, ".", ms=2, color=colour, alpha=0.35)
        label = f"device {device}" if 1 < len(devices) <= _MOST_NAMED else None
        for row in _longest(fit, own):
            mean, _ = curve(answer.estimate, data, row, number)
            curves.setdefault(int(data.polarity[row, 0]), []).append(mean)
            axis.plot(1e6 * (data.low_siemens + data.span_siemens * mean), lw=0.9, color=colour, label=label)
            label = None
    for row in _longest(fit, range(len(chains))):
        mean, deviation = curve(answer.estimate, data, row)
        polarity = int(data.polarity[row, 0])
        first = polarity == data.polarity[0, 0]
        _band(axis, fit, mean, deviation, COLOURS["crossbar"], "95 % of cycles" if first else "")
        alike = [each[: len(mean)] for each in curves[polarity] if len(each) >= len(mean)]
        if len(alike) > 1:
            between = np.std(alike, axis=0, ddof=1)
            _band(axis, fit, mean, between, COLOURS["backprop"], "95 % of devices" if first else "")
        label = f"fitted: {fit.kind}" if first else None
        axis.plot(1e6 * (data.low_siemens + data.span_siemens * mean), color=COLOURS["crossbar"], lw=2, label=label)
    _crosses(axis, answer.outliers)
    axis.set_xlabel("pulse of a sweep")
    axis.set_ylabel("conductance (µS)")
    axis.set_title(
        many(len(devices), "device") + ("" if len(devices) > 1 else ": no spread between devices known"), fontsize=9
    )
    axis.legend(loc="best", fontsize=8)


def _crosses(axis: Axes, outliers: Sequence[Outlier]) -> None:
    """What was left out; what lies beyond the picture stands at its edge, with its value."""
    low, high = axis.get_ylim()
    axis.set_ylim(low, high)
    for number, each in enumerate(outliers):
        g = 1e6 * each.siemens
        seen = min(max(g, low), high)
        label = many(len(outliers), "outlier") if not number else None
        axis.plot(each.pulse, seen, "x", ms=8, mew=2, color=_OUTLIER, label=label, clip_on=False, zorder=5)
        if seen != g:
            axis.annotate(f" {g:.4g} µS", (each.pulse, seen), color=_OUTLIER, fontsize=8, annotation_clip=False)


def _longest(fit: Fit, rows) -> list[int]:
    """The longest chain that begins with up pulses, and that begins with down pulses, of whole sweeps if there are."""
    chains = ordered(fit.measured)
    found = []
    for polarity in (1, -1):
        begun = [row for row in rows if chains[row].polarity[0] == polarity and not chains[row].first]
        found += begun[:1]  # the longest come first
    return found or list(rows)[:1]


def _band(axis: Axes, fit: Fit, mean: np.ndarray, deviation: np.ndarray, colour: str, label: str) -> None:
    data = fit.answer.data
    low, high = (
        1e6 * (data.low_siemens + data.span_siemens * (mean + k * deviation)) for k in (-_NINETY_FIVE, _NINETY_FIVE)
    )
    axis.fill_between(
        np.arange(len(mean)), np.maximum(low, 0), high, color=colour, alpha=0.18, lw=0, label=label or None
    )


def _residuals(axis: Axes, fit: Fit) -> None:
    """What each reading deviates from its forecast, in standard deviations, over the conductance before the pulse."""
    data, found = fit.answer.data, fit.filtered
    surprise = (data.z[:, 1:] - found.foretold) / np.sqrt(found.variance)
    at = 1e6 * (data.low_siemens + data.span_siemens * data.z[:, :-1])
    for polarity, name, colour in ((1, "up", "ideal"), (-1, "down", "backprop")):
        chosen = np.isfinite(surprise) & (data.polarity == polarity)
        if chosen.any():
            axis.plot(at[chosen], surprise[chosen], ".", ms=2, color=COLOURS[colour], alpha=0.5, label=name)
    for line in (-_NINETY_FIVE, 0, _NINETY_FIVE):
        axis.axhline(line, color=COLOURS["best_decoder"], lw=0.8, ls="-" if line == 0 else "--")
    axis.set_xlabel("conductance before the pulse (µS)")
    axis.set_ylabel("reading − forecast, in standard deviations")
    axis.legend(loc="upper right", markerscale=4)


def _writes(axis: Axes, fit: Fit) -> None:
    """How far verified writes land from their targets, and the fitted deviation."""
    writes = fit.writes
    assert writes is not None

    def plot(landed: Sequence[Landed], mark: str, **style) -> None:
        target, g = (
            1e6 * np.array([getattr(each, name) for each in landed]) for name in ("target_siemens", "g_siemens")
        )
        axis.plot(target, g - target, mark, **style)

    plot(writes.landed, ".", ms=3, color=COLOURS["best_decoder"])
    if writes.outliers:
        plot(writes.outliers, "x", ms=8, mew=2, color=_OUTLIER, label=many(len(writes.outliers), "outlier"))
    targets = [each.target_siemens for each in writes.landed]
    target = np.linspace(min(targets), max(targets), 100)
    for k in (-_NINETY_FIVE, _NINETY_FIVE):
        off = 1e6 * (writes.bias_siemens + k * np.maximum(writes.deviation(target), 0))
        label = "95 % as fitted" if k > 0 else None
        axis.plot(1e6 * target, off, "-" if np.ptp(target) else "_", ms=20, color=COLOURS["crossbar"], label=label)
    axis.set_xlabel("target of the write (µS)")
    axis.set_ylabel("landed − target (µS)")
    axis.legend(loc="best", fontsize=8)
