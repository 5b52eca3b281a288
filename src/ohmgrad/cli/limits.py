"""The terminal's `ohmgrad limits`: what the next point of accuracy takes, and how sure that is."""

import math
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ohmgrad import files
from ohmgrad.cli import grids
from ohmgrad.cli.console import AsJson, Explained, check_target, err, out, print_json
from ohmgrad.cli.forecast import Errors, Frontier, forecast_command, levers_command
from ohmgrad.errors import InputError, unknown

limits_app = typer.Typer(
    cls=Explained,
    rich_markup_mode="rich",
    help="""
What accuracy costs: the computation, money, energy and carbon of a lower error.

Published models of six benchmarks come with their sources: imagenet, coco,
squad, conll, wmt-en-fr, wmt-en-de. A scaling law is a straight line through
them: log10(1/error) (polynomial) or 1/error (exponential) against log10 FLOP.
A forecast is where the line reaches an error, with the interval in which the
line, or one new model, may do so. Where the data cannot tell the slope from 0,
that interval is unbounded and says so. A multiply-add is two FLOP.

[bold]Start here[/bold]

  ohmgrad limits forecast --benchmark imagenet --error 0.05   what 5 % takes
  ohmgrad limits report             everything on one page, limits.html
  ohmgrad limits data               what is known, from where, its licence
  ohmgrad limits fit                every regression
  ohmgrad limits levers --benchmark imagenet --error 0.05     what changes it
  ohmgrad limits claims             what was said, and what the data say
  ohmgrad limits simulate           why flexible models take so much
  ohmgrad limits fit runs/*         the scaling of your own runs
""",
)


@limits_app.command("data")
def data_command(
    benchmark: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.csv", help="Only this one; also your own table as a CSV file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the data: sources and licences, models by benchmark, derived columns held against the given ones.

    Your own table is a CSV file with a header: model, error (a share), and one of hardware_burden_flop,
    network_operations_flop, ops_per_pass_flop, multiply_adds, or training_days with training_gpu_n and
    training_gpu_peak_gflops; year, benchmark, training_epochs, training_set_size where known. Other columns are
    ignored.

    Examples:

      ohmgrad limits data
      ohmgrad limits data --benchmark mine.csv --json
    """
    from ohmgrad.limits import load, names, sources, tables

    counts = [sources.counts(load(name)) for name in ([benchmark] if benchmark else names())]
    found = () if benchmark else sources.sources()
    if as_json:
        shown = [each.model_dump() | {"rows": each.rows()} for each in found]
        print_json({"sources": shown, "benchmarks": counts})
        return
    listed = [tables.data_sources(found)] if found else []
    checks = tables.checks(counts)
    grids.show(*listed, tables.table_counts(counts), *([checks] if checks.rows else []))


@limits_app.command("fit")
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
    from ohmgrad import limits
    from ohmgrad.limits import BENCHMARKS, tables
    from ohmgrad.limits.own import fit_groups
    from ohmgrad.limits.regressions import details, regressions

    if runs:
        if benchmark is not None:
            raise InputError("--benchmark and RUNS both given; allowed: one of them")
        own, left_out = fit_groups(runs, model or "polynomial", points)
        if as_json:
            print_json({"fits": [each.as_dict() for each in own], "left_out": [each.as_dict() for each in left_out]})
        else:
            grids.show(tables.own_fits(own), *([tables.own_left_out(left_out)] if left_out else []))
        return
    if points is not None:
        raise InputError("--points: for runs of your own; allowed with RUNS")
    chosen = [limits.load(name) for name in ([benchmark] if benchmark else BENCHMARKS)]
    found = [each for table in chosen for each in regressions(table, model, measure, errors, frontier)]
    result: dict[str, Any] = {"fits": [each.as_dict() for each in found]}
    said = [tables.fits(found)]
    if benchmark:
        shown = details(chosen[0], measure, quantile, year, errors)
        said += tables.details(chosen[0].title, shown)
        result |= shown.as_dict()
    print_json(result) if as_json else grids.show(*said)


limits_app.command("forecast")(forecast_command)
limits_app.command("levers")(levers_command)


@limits_app.command("claims")
def claims_command(as_json: AsJson = False) -> None:
    """Hold what papers and the press said against the data: reproduced, differs, cannot be checked.

    Examples:

      ohmgrad limits claims
      ohmgrad limits claims --json
    """
    from ohmgrad.limits import judged, tables

    found = judged()
    print_json({"claims": [each.as_dict() for each in found]}) if as_json else grids.show(tables.claims(found))


@limits_app.command("simulate")
def simulate_command(
    example: Annotated[str, typer.Argument(help="figure-1: 1,000 features; x-ray: 100 features.")] = "figure-1",
    features: Annotated[int | None, typer.Option(help="All features.")] = None,
    relevant: Annotated[int | None, typer.Option(help="Those that matter.")] = None,
    wrong: Annotated[int | None, typer.Option(help="Of the expert's features.")] = None,
    noise: Annotated[float | None, typer.Option(help="Standard deviation relative to what can be predicted.")] = None,
    penalty: Annotated[float | None, typer.Option(help="LASSO's, relative to noise sqrt(2 ln p / n).")] = None,
    coefficients: Annotated[str | None, typer.Option(help="equal or gaussian.")] = None,
    passes: Annotated[int | None, typer.Option(help="Of coordinate descent that a LASSO is charged for.")] = None,
    sizes: Annotated[str | None, typer.Option(metavar="N,N,...", help="Numbers of samples.")] = None,
    simulations: Annotated[int | None, typer.Option(help="To average over.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all draws.")] = None,
    vary: Annotated[
        bool, typer.Option("--vary", help="Vary each unknown of the original and say what changes.")
    ] = False,
    picture: Annotated[Path | None, typer.Option("--out", metavar="FILE.svg", help="Draw it here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate an expert against flexible models: performance by sample size and by computation.

    y is linear in a few of many Gaussian features, plus noise. The oracle knows the right features, the expert has one
    wrong, the flexible model takes all (least squares), the regularised one too (LASSO). Performance is -log10 of the
    squared distance to the best predictor over its variance. Noise, coefficients, penalty and the count of operations
    of the published figure are not known: they are options here, and --vary shows what they matter.

    Examples:

      ohmgrad limits simulate x-ray
      ohmgrad limits simulate x-ray --noise 0.3 --simulations 300 --out noise.svg
    """
    given = {
        "features": features,
        "relevant": relevant,
        "wrong": wrong,
        "noise": noise,
        "penalty": penalty,
        "coefficients": coefficients,
        "passes": passes,
        "sizes": None if sizes is None else _numbers(sizes),
        "simulations": simulations,
        "seed": seed,
    }
    if picture is not None:
        check_target("--out", picture, ".svg")
    from ohmgrad.limits import tables
    from ohmgrad.limits.simulation import EXAMPLES, simulate, variations

    if example not in EXAMPLES:
        raise unknown("example", example, EXAMPLES)
    setting = replace(EXAMPLES[example], **{name: value for name, value in given.items() if value is not None})
    found = simulate(setting)
    varied = variations(setting, found) if vary else []
    if picture is not None:
        from ohmgrad.limits import pictures

        files.write(picture, pictures.simulated(found))
    if as_json:
        print_json({**asdict(found), "variations": [asdict(each) for each in varied]})
        return
    grids.show(tables.simulated(found), *([tables.variations(varied)] if vary else []))
    if picture is not None:
        out.print(escape(str(picture)), highlight=False, soft_wrap=True)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(number.is_integer() for number in numbers):
        raise InputError(f"sizes: {text!r}; allowed: whole numbers of samples, as 20,50,100")
    return tuple(map(int, numbers))


@limits_app.command("report")
def report_command(
    target: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="The page.")] = Path("limits.html"),
    folder: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", help="Also write each picture here, as SVG.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything on one self-contained page: pictures, regressions, forecasts, levers, claims, sources.

    Examples:

      ohmgrad limits report
      ohmgrad limits report --pictures .
      ohmgrad limits report --out what-accuracy-costs.html
    """
    check_target("--out", target, ".html")
    if folder is not None:
        files.make_folder(folder, "--pictures")
    from ohmgrad.limits import page
    from ohmgrad.recipes import scaling

    doing = "regressions, forecasts, simulations, pictures: some 20 seconds"
    with err.status(doing) if err.is_terminal else nullcontext():
        made = page.build(scaling.at_scale(page.PROCESSOR, page.PRECISION))
    pictures = {} if folder is None else {folder / f"{name}.svg": svg for name, svg in made.pictures.items()}
    for path, picture in pictures.items():
        files.write(path, picture)
    files.write(target, made.html)
    written = {"report": str(target)} | {path.stem: str(path) for path in pictures}
    if as_json:
        print_json(written)
        return
    for path in written.values():
        out.print(escape(path), highlight=False, soft_wrap=True)
