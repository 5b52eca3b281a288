"""Tables of regressions and further analyses, of published models and of runs."""

from collections.abc import Sequence

from ohmgrad.report.numbers import number, percent, span
from ohmgrad_limits.fit import ERRORS, POINTS, Details, Fit, LeftOut, RunFit, Score
from ohmgrad_limits.show.words import UNITS, Grid


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
        "rms: of log10 error, none if an error of 1 or more is predicted; density: mean ln of the predicted density, "
        "higher is better; covered: by the 95 % prediction interval. Left out: each model predicted from all others; "
        "then later years from earlier ones"
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


def run_fits(found: Sequence[RunFit]) -> Grid:
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
    note = "points of a curve are correlated, so their standard errors are too small; joules: nominal, by the ledger"
    return Grid(f"Own runs, {found[0].model} fit", heads, rows, note)


def runs_left_out(found: Sequence[LeftOut]) -> Grid:
    rows = tuple((each.group.title, UNITS[each.quantity], each.why) for each in found)
    return Grid("Groups with too few points for a fit", ("runs", "by", "why"), rows)
