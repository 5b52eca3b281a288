"""Tables of forecasts, their conversion, and levers."""

from collections.abc import Sequence

from ohmgrad.report.numbers import UNBOUNDED, number, percent, span
from ohmgrad_limits.forecast import QUANTITIES, Forecast, Levers, Outcome
from ohmgrad_limits.show.words import UNITS, Grid, exponent, power, year


def forecast(made: Forecast) -> Grid:
    mean, prediction = made.amounts(made.mean), made.amounts(made.prediction)
    rows = [
        (
            "log10 FLOP",
            exponent(made.log10_flop),
            _logs(made.mean.low, made.mean.high),
            _logs(made.prediction.low, made.prediction.high),
        )
    ]
    rows += [
        (unit, _amount(mean[name]["nominal"]), _span(made.mean, mean[name]), _span(made.prediction, prediction[name]))
        for name, unit in UNITS.items()
    ]
    target = f"{made.fit.title} at an error of {percent(made.error)}, per {made.per}"
    title = f"{target}: {made.fit.law.name} on {made.fit.measure}"
    heads = ("", "nominal", f"mean line, {made.level:.0%}", f"one new model, {made.level:.0%}")
    line = made.fit.line
    note = f"n = {line.n}, R² = {line.r_squared:.3f}, Fieller's intervals; {made.conversion.title}"
    return Grid(title, heads, tuple(rows), "; ".join([note, *made.notes()]))


def _logs(low: float | None, high: float | None) -> str:
    return UNBOUNDED if low is None or high is None else f"{exponent(low)} – {exponent(high)}"


def _amount(value: float | None) -> str:
    """A formatted amount; None means beyond double precision."""
    return "above 1e308" if value is None else number(value)


def _span(interval, bounds: dict[str, float | None]) -> str:
    return f"{_amount(bounds['low'])} – {_amount(bounds['high'])}" if interval.bounded else UNBOUNDED


def assumptions(made: Forecast) -> Grid:
    rows = []
    for name, figure in made.conversion.figures.items():
        bounds = made.conversion.bounds(name)
        changes = ", ".join(
            f"{QUANTITIES[quantity]} x {number(low)} – {number(high)}"
            for quantity, (low, high) in bounds.items()
            if (low, high) != (1.0, 1.0)
        )
        value = f"{number(figure.nominal)} {made.conversion.units[name]}"
        rows.append((name, value, changes or "–", figure.basis, figure.source))
    heads = ("assumption", "value", "its bounds change", "basis", "source")
    return Grid("How FLOP were converted", heads, tuple(rows))


def targets(made: Sequence[Forecast]) -> Grid:
    """Forecasts of many targets in one table."""
    heads = ("benchmark", "error", "model", "FLOP", "log10, 95 %", "USD", "kg CO2e", "J")
    held = {
        f"{each.fit.title}, {each.fit.law.name}: {said}": None for each in made if (said := each.held_later_in_words())
    }
    note = "; ".join([f"{made[0].fit.measure}; Fieller's intervals of the mean line", *held])
    return Grid(f"Targets, converted by {made[0].conversion.title}", heads, tuple(map(_target, made)), note)


def _target(made: Forecast) -> tuple[str, ...]:
    amounts = made.amounts(made.mean)
    shown = (amounts[quantity] for quantity in ("usd", "kg_co2e", "joules"))
    return (
        made.fit.title,
        percent(made.error),
        made.fit.law.name,
        power(made.log10_flop),
        _logs(made.mean.low, made.mean.high),
        *(f"{_amount(bounds['nominal'])} ({_span(made.mean, bounds)})" for bounds in shown),
    )


def lever_sources(found: Levers) -> Grid:
    rows = tuple(
        (
            lever.name + (", per year" if lever.yearly else ""),
            f"{number(lever.gain.nominal)} ({span(lever.gain.low, lever.gain.high)})",
            ", ".join(QUANTITIES[quantity] for quantity in lever.quantities),
            lever.gain.basis,
            lever.gain.source,
        )
        for lever in found.levers
    )
    return Grid("Levers", ("lever", "fold less", "of", "basis", "source"), rows)


def lever_outcomes(found: Levers, error: float) -> Grid:
    unit = QUANTITIES[found.quantity]
    rows = tuple(
        (
            each.name,
            _gain(each),
            "–" if each.cost["nominal"] is None else number(each.cost["nominal"]),
            _reach(each.reached),
            f"{percent(each.error['nominal'])} ({percent(each.error['low'])} – {percent(each.error['high'])})",
        )
        for each in found.outcomes
    )
    heads = (
        "with",
        "fold less",
        f"{unit} for {percent(error)}",
        f"year for {number(found.budget)} {unit}",
        f"error for {number(found.budget)} {unit}",
    )
    note = f"progress counted from {found.from_year:.0f}; brackets: 95 % of the mean line at nominal levers"
    return Grid("Under each lever", heads, rows, note)


def _gain(outcome: Outcome) -> str:
    yearly = f"{number(outcome.yearly_gain)} a year"
    if outcome.yearly_gain == 1:
        return number(outcome.gain)
    return yearly if outcome.gain == 1 else f"{number(outcome.gain)}, {yearly}"


def _reach(reached: dict[str, float | None]) -> str:
    """The year with its interval; unbounded if the forecast has no interval."""
    if reached["low"] is None:
        return "never" if reached["nominal"] is None else UNBOUNDED
    if reached["nominal"] is None:
        return f"never ({year(reached['low'])} – never)"
    return f"{year(reached['nominal'])} ({year(reached['low'])} – {year(reached['high'])})"
