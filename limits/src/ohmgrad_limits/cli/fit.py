"""`ohmgrad limits fit`: regressions of published models, of a user's table, or of ohmgrad's runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ohmgrad.cli.console import AsJson, print_json
from ohmgrad.errors import InputError
from ohmgrad_limits.cli import grids
from ohmgrad_limits.cli.options import Errors, Frontier


def fit_command(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUNS...]", help="Folders of ohmgrad's runs to fit, instead of published models."),
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.csv", help="Fit only this benchmark or table, with all analyses.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="polynomial or exponential; default: both; for runs: polynomial.")
    ] = None,
    measure: Annotated[
        str | None, typer.Option(help="Measure of computation; default: all that the table has.")
    ] = None,
    errors: Errors = "nonrobust",
    frontier: Frontier = False,
    quantile: Annotated[float, typer.Option(help="Quantile of the fit to the best models.")] = 0.1,
    year: Annotated[
        float | None, typer.Option(help="Predict models from this year on from earlier ones; default: the median year.")
    ] = None,
    points: Annotated[
        str | None, typer.Option(help="Points per run: final or curve; default: final if there are three runs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit the scaling laws to the published models, to your own table, or to ohmgrad's runs.

    With --benchmark, also: quantile regression of the best models, progress with
    time, and which law predicts better. Runs are fitted against operations and
    against joules (crossbars: on their chip; ideal weights: by the best digital
    program), with one line per task, rule and chip.

    Examples:

      ohmgrad limits fit
      ohmgrad limits fit --benchmark imagenet --measure network-operations
      ohmgrad limits fit --benchmark mine.csv --errors HC3 --json
    """

    if runs and benchmark is not None:
        raise InputError("--benchmark and RUNS both given; allowed: one of them")
    if points is not None and not runs:
        raise InputError("--points: applies to runs only; allowed with RUNS")
    if runs:
        _fit_runs(runs, model or "polynomial", points, as_json)
    else:
        _fit_tables(benchmark, model, measure, errors, frontier, quantile, year, as_json)


def _fit_runs(runs: list[Path], model: str, points: str | None, as_json: bool) -> None:
    from ohmgrad_limits import fit
    from ohmgrad_limits.show import tables

    fits, left_out = fit.fit_runs(runs, model, points)
    if as_json:
        print_json({"fits": [each.as_dict() for each in fits], "left_out": [each.as_dict() for each in left_out]})
    else:
        grids.show(tables.run_fits(fits), *([tables.runs_left_out(left_out)] if left_out else []))


def _fit_tables(
    benchmark: str | None,
    model: str | None,
    measure: str | None,
    errors: str,
    frontier: bool,
    quantile: float,
    year: float | None,
    as_json: bool,
) -> None:
    """Regressions of all published tables, or of one table with all analyses."""
    from ohmgrad_limits import fit
    from ohmgrad_limits.data import BENCHMARKS, load
    from ohmgrad_limits.show import tables

    chosen = [load(name) for name in ([benchmark] if benchmark else BENCHMARKS)]
    found = [each for table in chosen for each in fit.regressions(table, model, measure, errors, frontier)]
    result: dict[str, Any] = {"fits": [each.as_dict() for each in found]}
    said = [tables.fits(found)]
    if benchmark:
        details = fit.details(chosen[0], measure, quantile, year, errors)
        said += tables.details(chosen[0].title, details)
        result |= details.as_dict()
    print_json(result) if as_json else grids.show(*said)
