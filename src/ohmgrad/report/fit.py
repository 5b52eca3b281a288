"""A fitted device: tables for the terminal, and a picture of data, fitted curve and residuals."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ohmgrad.devices.fit import Fit
from ohmgrad.drawing import STYLE, svg
from ohmgrad.figure import Signed, Strict
from ohmgrad.report.pictures import COLOURS

_MOST_CHAINS = 60
"""Chains that the picture shows at most."""


def show(console: Console, fit: Fit) -> None:
    """The candidates, then the figures of the chosen one with their intervals."""
    console.print(f"\n[bold]{escape(str(fit.measured))}[/bold]", highlight=False, soft_wrap=True)
    table = Table(title="how well each model describes the data", title_justify="left", box=SIMPLE_HEAD)
    for column in ("model", "parameters", "log-likelihood", "AIC", "BIC"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for candidate in fit.candidates:
        name = candidate.kind + ("" if candidate.converged else " (search not finished)")
        numbers = (f"{value:.1f}" for value in (candidate.log_likelihood, candidate.aic, candidate.bic))
        style = "bold" if candidate.kind == fit.kind else ""
        table.add_row(name, str(candidate.parameters), *numbers, style=style)
    console.print(table)
    table = Table(title=f"{fit.kind}: nominal, 95 % interval", title_justify="left", box=SIMPLE_HEAD)
    for column in ("", "nominal", "low", "high"):
        table.add_column(column, justify="right" if column else "left")
    for name, figure in _figures(fit.record()):
        table.add_row(name, *(f"{value:.4g}" for value in (figure.nominal, figure.low, figure.high)))
    console.print(table)


def _figures(part: Strict, path: str = "") -> Iterator[tuple[str, Signed]]:
    """Every figure that the fit has set, by its path in the record."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Signed):
            if value.basis == "derived":
                yield path + name, value
        elif isinstance(value, Strict):
            yield from _figures(value, f"{path}{name}.")


def picture(fit: Fit) -> str:
    """SVG: readings with the fitted curve and its spread; beside it what each reading deviates from its forecast."""
    mean, deviation, _ = (1e6 * values for values in fit.curve())
    data = fit.data
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(3, 2))
        for z, length in list(zip(data.z, data.lengths, strict=True))[:_MOST_CHAINS]:
            g = 1e6 * (data.low_siemens + data.span_siemens * z[: length + 1])
            left.plot(g, ".", ms=2, color=COLOURS["best_decoder"], alpha=0.25)
        pulses = np.arange(len(mean))
        left.plot(pulses, mean, color=COLOURS["crossbar"], label=f"fitted: {fit.kind}")
        left.fill_between(
            pulses,
            mean - 1.96 * deviation,
            mean + 1.96 * deviation,
            color=COLOURS["crossbar"],
            alpha=0.18,
            lw=0,
            label="95 % of cycles",
        )
        left.set_xlabel("pulse")
        left.set_ylabel("conductance (µS)")
        left.legend(loc="best")
        found = fit.filtered
        surprise = (data.z[:, 1:] - found.foretold) / np.sqrt(found.variance)
        at = 1e6 * (data.low_siemens + data.span_siemens * data.z[:, :-1])
        for polarity, name, colour in ((1, "up", "ideal"), (-1, "down", "backprop")):
            chosen = np.isfinite(surprise) & (data.polarity == polarity)
            if chosen.any():
                right.plot(at[chosen], surprise[chosen], ".", ms=2, color=COLOURS[colour], alpha=0.5, label=name)
        for line in (-1.96, 0, 1.96):
            right.axhline(line, color=COLOURS["best_decoder"], lw=0.8, ls="-" if line == 0 else "--")
        right.set_xlabel("conductance before the pulse (µS)")
        right.set_ylabel("reading − forecast, in standard deviations")
        right.legend(loc="upper right", markerscale=4)
        return svg(figure)
