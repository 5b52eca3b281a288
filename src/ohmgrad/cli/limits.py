"""The terminal's `ohmgrad limits`: what the next point of accuracy takes, and how sure that is."""

import json
import textwrap
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from ohmgrad.cli.console import AsJson, err, out
from ohmgrad.errors import InputError, unknown

if TYPE_CHECKING:
    from ohmgrad.limits import Forecast
    from ohmgrad.limits.words import Grid


class Explained(TyperGroup):
    """Without a command it explains itself, which is no fault."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])


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

Benchmark = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE.csv", help="A benchmark (limits data lists them), or your own table as a CSV file."
    ),
]
Error = Annotated[float, typer.Option(help="Target error as a share: 5 % is 0.05.")]
Model = Annotated[str, typer.Option(help="polynomial: log10(1/error), or exponential: 1/error, is a line.")]
Measure = Annotated[str, typer.Option(help="operations-per-pass, network-operations, hardware-burden or consolidated.")]
Errors = Annotated[str, typer.Option(help="Standard errors: nonrobust, HC0, HC1, HC2, HC3; huber: robust regression.")]
Frontier = Annotated[bool, typer.Option("--frontier", help="Only models that no other beats in error and FLOP.")]
Level = Annotated[float, typer.Option(help="Of the intervals.")]
ConversionName = Annotated[
    str, typer.Option("--conversion", help="today: a processor, rent and grid; legacy: the published constants.")
]
ProcessorName = Annotated[str, typer.Option("--processor", help="Of the conversion today: a name or a YAML file.")]
Precision = Annotated[str, typer.Option(help="Whose peak counts: fp32, tf32, fp16, fp8, int8.")]
Region = Annotated[str, typer.Option(help="Grid: world, a country (DEU), US-CA, CA-QC, gcp:europe-west1.")]
UsdPerHour = Annotated[float | None, typer.Option("--usd-per-hour", help="Rent of one processor.")]
KgPerKwh = Annotated[float | None, typer.Option("--kg-per-kwh", help="Carbon of the electricity.")]
Pue = Annotated[float | None, typer.Option("--pue", help="Power of the building by that of its computers.")]
Utilisation = Annotated[float | None, typer.Option("--utilisation", help="Share of the peak that is used.")]
PER_HOUR, GRAMS, BUILDING, USED = "usd_per_hour", "kg_per_kwh", "pue", "utilisation"


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
        _json({"sources": shown, "benchmarks": counts})
        return
    grids = [tables.data_sources(found)] if found else []
    checks = tables.checks(counts)
    _show(*grids, tables.table_counts(counts), *([checks] if checks.rows else []))


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
    against operations and against joules (the crossbar's on its chip, ideal weights' on the GPU), one line per task,
    rule and chip.

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
            _json({"fits": [each.as_dict() for each in own], "left_out": [each.as_dict() for each in left_out]})
        else:
            _show(tables.own_fits(own), *([tables.own_left_out(left_out)] if left_out else []))
        return
    chosen = [limits.load(name) for name in ([benchmark] if benchmark else BENCHMARKS)]
    found = [each for table in chosen for each in regressions(table, model, measure, errors, frontier)]
    result: dict[str, Any] = {"fits": [each.as_dict() for each in found]}
    grids = [tables.fits(found)]
    if benchmark:
        shown = details(chosen[0], measure, quantile, year, errors)
        grids += tables.details(chosen[0].title, shown)
        result |= shown.as_dict()
    _json(result) if as_json else _show(*grids)


@limits_app.command("forecast")
def forecast_command(
    benchmark: Benchmark,
    error: Error,
    model: Model = "polynomial",
    measure: Measure = "hardware-burden",
    errors: Errors = "nonrobust",
    frontier: Frontier = False,
    level: Level = 0.95,
    conversion: ConversionName = "today",
    processor: ProcessorName = "h100-sxm",
    precision: Precision = "fp16",
    region: Region = "world",
    usd_per_hour: UsdPerHour = None,
    kg_per_kwh: KgPerKwh = None,
    pue: Pue = None,
    utilisation: Utilisation = None,
    as_json: AsJson = False,
) -> None:
    """Say what a target error takes, in FLOP, money, energy, carbon and time, and what was said of it.

    Intervals are Fieller's: of where the mean line reaches the error, and of where one new model may. An interval is
    unbounded where the slope cannot be told from 0; with --json its ends are then null. Amounts are at nominal
    assumptions; the second table says what each assumption's bounds change.

    Examples:

      ohmgrad limits forecast --benchmark imagenet --error 0.05
      ohmgrad limits forecast --benchmark coco --error 0.3 --model exponential --conversion legacy
      ohmgrad limits forecast --benchmark imagenet --error 0.05 --region FRA --processor a100-sxm --json
    """
    given = {PER_HOUR: usd_per_hour, GRAMS: kg_per_kwh, BUILDING: pue, USED: utilisation}
    made = _forecast(
        benchmark, error, model, measure, errors, frontier, level, conversion, processor, precision, region, given
    )
    from ohmgrad.limits import beside, tables

    said = beside(made)
    if as_json:
        _json(made.as_dict() | {"claims": [each.as_dict() for each in said]})
        return
    _show(tables.forecast(made), tables.assumptions(made))
    if said:
        _show(tables.claims(said, "What was said of this target, by the published constants"))


def _forecast(
    benchmark: str,
    error: float,
    model: str,
    measure: str,
    errors: str,
    frontier: bool,
    level: float,
    conversion: str,
    processor: str,
    precision: str,
    region: str,
    given: dict[str, float | None],
) -> "Forecast":
    from ohmgrad import limits

    replaced = {name: value for name, value in given.items() if value is not None}
    if conversion not in ("today", "legacy"):
        raise unknown("conversion", conversion, ("today", "legacy"))
    if conversion == "legacy" and replaced:
        raise InputError(
            f"{next(iter(replaced))}: the legacy constants stand as they are; allowed with --conversion today"
        )
    fitted = limits.fit(limits.load(benchmark), model, measure, errors, frontier)
    chosen = (
        limits.legacy() if conversion == "legacy" else limits.today(measure, processor, precision, region, replaced)
    )
    return limits.forecast(fitted, error, chosen, level)


@limits_app.command("levers")
def levers_command(
    benchmark: Benchmark,
    error: Error,
    model: Model = "polynomial",
    measure: Measure = "hardware-burden",
    errors: Errors = "nonrobust",
    frontier: Frontier = False,
    level: Level = 0.95,
    processor: ProcessorName = "h100-sxm",
    precision: Precision = "fp16",
    region: Region = "world",
    usd_per_hour: UsdPerHour = None,
    kg_per_kwh: KgPerKwh = None,
    pue: Pue = None,
    utilisation: Utilisation = None,
    quantity: Annotated[str, typer.Option(help="Of the budget: joules, usd, kg_co2e or hardware_years.")] = "joules",
    budget: Annotated[
        float | None, typer.Option(help="In that quantity; default: what the largest training of the data takes.")
    ] = None,
    from_year: Annotated[
        float | None, typer.Option("--from-year", help="Progress counts from here; default: the data's last year.")
    ] = None,
    halving_months: Annotated[
        float | None,
        typer.Option("--halving-months", help="Algorithms: FLOP for the same error halve in so many months (16)."),
    ] = None,
    doubling_months: Annotated[
        float | None,
        typer.Option("--doubling-months", help="Hardware: FLOP per dollar and joule double in so many months (24)."),
    ] = None,
    chip_ratio: Annotated[
        float | None, typer.Option("--chip-ratio", help="Cheaper arithmetic: the GPU's joules over the chip's (10000).")
    ] = None,
    chip_source: Annotated[
        str, typer.Option("--chip-source", help="Where the ratio is from, such as the run whose ledger gave it.")
    ] = "given by the user",
    clean_grid: Annotated[str, typer.Option("--clean-grid", help="The grid to move to.")] = "SWE",
    as_json: AsJson = False,
) -> None:
    """Say what changes a forecast: progress, cheaper arithmetic, smaller networks, smaller formats, price, grid.

    For each lever: what the target takes then, in which year it comes down to a budget, and which error the budget buys
    at once. Progress is a factor every year; other levers are pulled once.

    Examples:

      ohmgrad limits levers --benchmark imagenet --error 0.05
      ohmgrad limits levers --benchmark imagenet --error 0.05 --chip-ratio 9700 --chip-source "ohmgrad cost braille"
      ohmgrad limits levers --benchmark imagenet --error 0.01 --quantity usd --budget 1e8 --json
    """
    given = {PER_HOUR: usd_per_hour, GRAMS: kg_per_kwh, BUILDING: pue, USED: utilisation}
    made = _forecast(
        benchmark, error, model, measure, errors, frontier, level, "today", processor, precision, region, given
    )
    from ohmgrad.limits import levers, tables

    found = levers.levers(
        made,
        processor,
        precision,
        levers.ALGORITHMS if halving_months is None else levers.per_year("halving_months", halving_months),
        levers.HARDWARE if doubling_months is None else levers.per_year("doubling_months", doubling_months),
        levers.ARITHMETIC if chip_ratio is None else levers.once("chip_ratio", chip_ratio, chip_source),
        clean_grid,
    )
    pulled = levers.pull(made, found, quantity, budget, from_year)
    if as_json:
        _json({"forecast": made.as_dict(), **_plain(asdict(pulled))})
        return
    _show(tables.forecast(made), tables.lever_sources(pulled), tables.lever_outcomes(pulled, made.error))


def _plain(levers: dict) -> dict:
    """Figures as mappings."""
    return levers | {"levers": [each | {"gain": each["gain"].model_dump()} for each in levers["levers"]]}


@limits_app.command("claims")
def claims_command(as_json: AsJson = False) -> None:
    """Hold what papers and the press said against the data: reproduced, differs, cannot be checked.

    Examples:

      ohmgrad limits claims
      ohmgrad limits claims --json
    """
    from ohmgrad.limits import judged, tables

    found = judged()
    _json({"claims": [each.as_dict() for each in found]}) if as_json else _show(tables.claims(found))


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
        _check_target(picture, ".svg")
    from ohmgrad.limits import tables
    from ohmgrad.limits.simulation import EXAMPLES, simulate, variations

    if example not in EXAMPLES:
        raise unknown("example", example, EXAMPLES)
    setting = replace(EXAMPLES[example], **{name: value for name, value in given.items() if value is not None})
    found = simulate(setting)
    varied = variations(setting, found) if vary else []
    if picture is not None:
        from ohmgrad import files
        from ohmgrad.limits import pictures

        files.write(picture, pictures.simulated(found))
    if as_json:
        _json({**asdict(found), "variations": [asdict(each) for each in varied]})
        return
    _show(tables.simulated(found), *([tables.variations(varied)] if vary else []))
    if picture is not None:
        out.print(escape(str(picture)), highlight=False, soft_wrap=True)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(float(part)) for part in text.split(","))
    except (ValueError, OverflowError):
        raise InputError(f"sizes: {text!r}; allowed: numbers of samples, as 20,50,100") from None


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
    _check_target(target, ".html")
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--pictures: {folder} cannot be made ({error.strerror})") from None
    from ohmgrad import files
    from ohmgrad.limits import page

    doing = "regressions, forecasts, simulations, pictures: some 20 seconds"
    with err.status(doing) if err.is_terminal else nullcontext():
        made = page.build()
    written = {"report": str(target)}
    files.write(target, made.html)
    if folder is not None:
        for name, picture in made.pictures.items():
            written[name] = str(folder / f"{name}.svg")
            files.write(folder / f"{name}.svg", picture)
    if as_json:
        _json(written)
        return
    for path in written.values():
        out.print(escape(path), highlight=False, soft_wrap=True)


def _check_target(path: Path, ending: str) -> None:
    if path.suffix.lower() != ending:
        raise InputError(f"--out: {path} must end in {ending}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"--out: there is no folder {path.parent}")


def _json(content: dict) -> None:
    print(json.dumps(content, indent=2, allow_nan=False))


def _show(*grids: "Grid") -> None:
    for grid in grids:
        grid, below = _shortened(grid)
        widths, gap = _widths(grid, out.width)
        whole = sum(widths) + (2 * gap + 1) * (len(widths) - 1)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap), width=whole)
        for head, width in zip(grid.heads, widths, strict=True):
            table.add_column(_folded(head, width), width=width, overflow="fold")
        for row in grid.rows:
            table.add_row(*map(_folded, row, widths))
        out.print(f"[bold]{escape(grid.title)}[/bold]", highlight=False)
        out.print(table, crop=False)
        notes = [f"{place} {text}" for place, text in enumerate(below, start=1)] + [grid.note] * bool(grid.note)
        out.print(*(f"[dim]{escape(note)}[/dim]" for note in notes), "", sep="\n", highlight=False)


LONGEST = 40
"""Characters in a table's last column; longer texts stand below it."""


def _shortened(grid: "Grid") -> "tuple[Grid, list[str]]":
    """The table with numbers for the texts of a long last column, and these texts."""
    last = [row[-1] for row in grid.rows]
    if max(map(len, last), default=0) <= LONGEST:
        return grid, []
    below = list(dict.fromkeys(text for text in last if text != "–"))
    rows = tuple((*row[:-1], row[-1] if row[-1] == "–" else str(below.index(row[-1]) + 1)) for row in grid.rows)
    return replace(grid, rows=rows), below


def _widths(grid: "Grid", room: int) -> tuple[list[int], int]:
    """Widths of the columns, no less than their longest words, and the blanks on either side of a gap."""
    columns = list(zip(grid.heads, *grid.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(line) for cell in column for line in _folded(cell, 1).split("\n")) for column in columns]
    gap = int(sum(least) + 3 * (len(least) - 1) <= room)
    while sum(widths) + (2 * gap + 1) * (len(widths) - 1) > room and widths != least:
        spare = [width if width > few else 0 for width, few in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths, gap


def _folded(text: str, width: int) -> str:
    """Lines that break at blanks and hyphens only, so that no number is torn."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False))
