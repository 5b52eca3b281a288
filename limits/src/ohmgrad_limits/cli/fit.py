"""`ohmgrad limits fit`: every regression, of published models, of a user's own table, or of runs."""

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
        typer.Argument(metavar="[RUNS...]", help="Folders of ohmgrad's own runs instead of the data."),
    ] = None,
    benchmark: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.csv", help="Only this one, with all that its points say.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="polynomial or exponential; default: both, of runs the former.")
    ] = None,
    measure: Annotated[str | None, typer.Option(help="One measure of FLOP; default: all that a table has.")] = None,
    errors: Errors = "nonrobust",
    frontier: Frontier = False,
    quantile: Annotated[float, typer.Option(help="Of the fit to the best models.")] = 0.1,
    year: Annotated[
        float | None, typer.Option(help="Predict models from this year on from those before; default: the middle one.")
    ] = None,
    points: Annotated[
        str | None, typer.Option(help="Of runs: final or curve; default: final where there are three runs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit the scaling laws: to the published models, to your own table, or to ohmgrad's own runs.

    With --benchmark also the best models' line, progress with time, and which law predicts better. Of runs: error
    against operations and against joules (the crossbar's on its chip, ideal weights' by the best digital program), one
    line per task, rule and chip.

    Examples:

      ohmgrad limits fit
      ohmgrad limits fit --benchmark imagenet --measure network-operations
      ohmgrad limits fit --benchmark mine.csv --errors HC3 --json
    """

    if runs and benchmark is not None:
        raise InputError("--benchmark and RUNS both given; allowed: one of them")
    if points is not None and not runs:
        raise InputError("--points: for runs of your own; allowed with RUNS")
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
    """The published tables, or one of them, or of a user's own, with all that its points say."""
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
