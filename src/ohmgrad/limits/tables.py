"""What the analysis found, as tables of words: the terminal prints them, the page shows them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ohmgrad.limits.claims import Judged
from ohmgrad.limits.compare import Score
from ohmgrad.limits.conversion import QUANTITIES
from ohmgrad.limits.derived import DERIVED
from ohmgrad.limits.fit import Fit
from ohmgrad.limits.forecast import Forecast
from ohmgrad.limits.levers import Levers, Outcome
from ohmgrad.limits.line import ERRORS
from ohmgrad.limits.own import POINTS, LeftOut, OwnFit
from ohmgrad.limits.regressions import Details
from ohmgrad.limits.sources import Source
from ohmgrad.limits.words import Grid, exponent, power, year
from ohmgrad.report.numbers import UNBOUNDED, number, percent, span

if TYPE_CHECKING:  # it imports JAX
    from ohmgrad.limits.simulation import Simulated, Variation


def data_sources(found: Iterable[Source]) -> Grid:
    rows = tuple((each.title, f"{each.rows():,}", each.licence, each.citation) for each in found)
    return Grid("Data in this package", ("data", "rows", "licence", "from"), rows)


def table_counts(found: Sequence[dict]) -> Grid:
    rows = tuple(
        (
            each["title"],
            str(each["models"]),
            str(each["with_computation"]),
            *(str(each[measure]) for measure in DERIVED),
            "–" if each["error_low"] is None else f"{percent(each['error_low'])} – {percent(each['error_high'])}",
            "–" if each["first_year"] is None else f"{each['first_year']} – {each['last_year']}",
        )
        for each in found
    )
    heads = ("benchmark", "models", "any", "per pass", "network", "burden", "error", "years")
    note = (
        "models: with any computation; FLOP per pass; network operations; hardware burden (a multiply-add is two FLOP)"
    )
    return Grid("Models by benchmark", heads, rows, note)


def checks(found: Sequence[dict]) -> Grid:
    rows = tuple(
        (
            each["title"],
            check["measure"],
            f"{check['within']} of {check['compared']}",
            percent(check["tolerance"]),
            worst,
        )
        for each in found
        for check in each["checks"]
        if check["compared"]
        for worst in [
            "; ".join(
                f"{miss['model']}: {number(miss['given_flop'])} given, {number(miss['derived_flop'])} derived"
                for miss in check["mismatches"]
            )
            or "–"
        ]
    )
    return Grid(
        "Derived anew and held against the given column",
        ("benchmark", "measure", "agree", "within", "mismatches"),
        rows,
    )


def fits(found: Sequence[Fit]) -> Grid:
    rows = tuple(
        (
            each.title,
            each.measure,
            each.law.name,
            str(each.line.n),
            *(f"{value:.4f} ({error:.3f})" for value, error in _coefficients(each)),
            f"{each.line.r_squared:.3f}",
            f"{1 / each.line.slope:.1f}" if each.law.name == "polynomial" else "",
            f"{each.line.p_value:.2g}",
        )
        for each in found
    )
    heads = ("benchmark", "measure", "model", "n", "a (error)", "b (error)", "R²", "1/b", "p")
    how = ERRORS[found[0].errors]
    note = f"polynomial: log10(1/error) = a + b log10 FLOP; exponential: 1/error = a + b log10 FLOP; {how}"
    return Grid("Regressions" + (" on the frontier" if found[0].frontier else ""), heads, rows, note)


def _coefficients(each: Fit) -> tuple[tuple[float, float], tuple[float, float]]:
    (a_error, b_error), line = each.line.standard_errors, each.line
    return (line.intercept, a_error), (line.slope, b_error)


def details(title: str, found: Details) -> list[Grid]:
    return [_other_fits(title, found), _comparison(title, found)]


def _comparison(title: str, found: Details) -> Grid:
    rows = []
    for each in found.comparison:
        scores = (each.leave_one_out, each.out_of_time)
        marks = [cell for score in scores if score is not None for cell in _marks(score)]
        rows.append((each.model, f"{each.aic:.1f}", *marks))
    later = (f"from {found.year:.0f}: rms", "density", "covered") if found.year is not None else ()
    heads = ("model", "AIC", "left out: rms", "density", "covered", *later)
    note = (
        "rms: of log10 error, none where an error of 1 or more is predicted; density: mean ln density of what came, "
        "higher is better; covered: by the 95 % prediction interval. Left out: each model from all others; then later "
        "years from earlier ones"
    )
    return Grid(f"{title}, all models: which law predicts better ({found.measure})", heads, tuple(rows), note)


def _marks(score: Score) -> tuple[str, str, str]:
    rms = "none" if score.root_mean_square is None else f"{score.root_mean_square:.3f}"
    return rms, f"{score.log_density:.2f}", percent(score.covered)


def _other_fits(title: str, found: Details) -> Grid:
    best = found.quantile
    rows = [
        (
            f"best {percent(best.quantile)}",
            str(best.n),
            _with_error(best.intercept, best.intercept_error),
            _with_error(best.slope, best.slope_error),
            "",
            f"pseudo {best.pseudo_r_squared:.3f}",
            "",
        )
    ]
    if found.progress is not None:
        progress, errors = found.progress, found.progress.standard_errors
        interval = progress.years_per_tenfold_interval()
        rows.append(
            (
                "time-adjusted",
                str(progress.n),
                f"{progress.intercept:.4f} ({errors[0]:.3f})",
                f"{progress.slope:.4f} ({errors[1]:.3f})",
                f"{progress.per_year:.4f} ({errors[2]:.3f})",
                f"{progress.r_squared:.3f}",
                f"{progress.years_per_tenfold:.2f} ({span(interval.low, interval.high)})",
            )
        )
    heads = ("fit of log10 error", "n", "a (error)", "b (error)", "per year (error)", "R²", "years per tenfold")
    note = f"on log10 FLOP / {number(best.reference_flop)}, the earliest model's, and year less 2012"
    return Grid(f"{title}, all models: best and progress ({found.measure})", heads, tuple(rows), note)


def _with_error(value: float, error: float | None) -> str:
    return f"{value:.4f}" if error is None else f"{value:.4f} ({error:.3f})"


UNITS = {"flop": "FLOP", **QUANTITIES}


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
    """A nominal amount is always bounded: None is beyond double precision."""
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


def claims(found: Sequence[Judged], title: str = "What papers and the press said") -> Grid:
    rows = tuple(
        (
            each.claim,
            "–" if each.found is None else number(each.found),
            _interval(each),
            each.verdict + _exclusion(each),
            f"{each.source}{' (from memory)' if each.basis == 'memory' else ''}{'; ' + each.note if each.note else ''}",
        )
        for each in found
    )
    note = (
        "a claim stands for all numbers that round to it; one that differs is ruled out where the data have a 95 % "
        "interval that holds none of them"
    )
    return Grid(title, ("claim", "the data say", "95 %", "verdict", "source and note"), rows, note)


def _exclusion(claim: Judged) -> str:
    if claim.verdict != "differs" or claim.ruled_out is None:
        return ""
    return ", ruled out" if claim.ruled_out else ", not excluded"


def _interval(claim: Judged) -> str:
    """Unbounded where that is why a claim cannot be checked."""
    there_is_none = claim.ruled_out is None and claim.verdict != "cannot be checked"
    return "–" if claim.found is None or there_is_none else span(claim.low, claim.high)


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
    """Unbounded where a year is nominal only: the forecast has no interval."""
    if reached["low"] is None:
        return "never" if reached["nominal"] is None else UNBOUNDED
    if reached["nominal"] is None:
        return f"never ({year(reached['low'])} – never)"
    return f"{year(reached['nominal'])} ({year(reached['low'])} – {year(reached['high'])})"


def own_fits(found: Sequence[OwnFit]) -> Grid:
    rows = tuple(
        (
            each.group.title,
            UNITS[each.quantity],
            str(each.line.n),
            f"{each.line.intercept:.4f}",
            f"{each.line.slope:.4f} ({each.line.standard_errors[1]:.4f})",
            f"{each.line.r_squared:.3f}",
            f"{1 / each.line.slope:.1f}" if each.model == "polynomial" and each.line.slope else "",
            POINTS[each.points_of],
        )
        for each in found
    )
    heads = ("runs", "by", "n", "a", "b (error)", "R²", "1/b", "points")
    note = (
        "points of a curve depend on each other: their standard errors are too small; joules: the ledger's nominal ones"
    )
    return Grid(f"Own runs, {found[0].model} fit", heads, rows, note)


def own_left_out(found: Sequence[LeftOut]) -> Grid:
    rows = tuple((each.group.title, UNITS[each.quantity], each.why) for each in found)
    return Grid("Left out: too few points for a line", ("runs", "by", "why"), rows)


def simulated(found: "Simulated") -> Grid:
    """Performance by samples, and the FLOP of a fit."""
    setting = found.setting
    rows = tuple(
        (
            f"{size:,}",
            *(f"{curve.performance[place]:.2f}" for curve in found.curves),
            *(number(curve.flop[place]) for curve in found.curves if curve.model != "oracle"),
        )
        for place, size in enumerate(setting.sizes)
    )
    models = [curve.model for curve in found.curves]
    heads = ("samples", *models, *(f"{model}, FLOP" for model in models if model != "oracle"))
    title = f"{setting.features:,} features, {setting.relevant} matter, {setting.simulations:,} simulations"
    note = (
        f"performance: -log10 of the mean squared distance to the best predictor over its variance; noise "
        f"{setting.noise:g}, {setting.coefficients} coefficients, {setting.wrong} of the expert's features wrong, "
        f"penalty {setting.penalty:g} x noise sqrt(2 ln p / n), {setting.passes} passes; seed {setting.seed}"
    )
    unsolved = (
        f"; {percent(found.unsolved)} of the LASSO problems were not solved to the tolerance" if found.unsolved else ""
    )
    return Grid(title, heads, rows, note + unsolved)


def variations(found: "Sequence[Variation]") -> Grid:
    rows = tuple(
        (
            each.name,
            str(each.value),
            *(cell for model in ("flexible", "regularised") for cell in _overtaking(each.overtakes[model])),
        )
        for each in found
    )
    heads = ("unknown", "value", "flexible: samples", "FLOP", "regularised: samples", "FLOP")
    return Grid("From where on the flexible models beat the expert", heads, rows)


def _overtaking(at: tuple[float, float] | None) -> tuple[str, str]:
    return ("never", "") if at is None else (number(at[0]), number(at[1]))


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
