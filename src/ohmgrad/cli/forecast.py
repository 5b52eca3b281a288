"""`ohmgrad limits forecast` and `levers`: what a target error takes, and what changes it."""

from dataclasses import asdict
from typing import Annotated, cast

import typer

from ohmgrad.cli import grids
from ohmgrad.cli.console import AsJson, print_json
from ohmgrad.errors import InputError, unknown

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
USUAL = {"processor": "h100-sxm", "precision": "fp16", "region": "world"}
"""Of the conversion today."""


def forecast_command(
    benchmark: Benchmark,
    error: Error,
    model: Model = "polynomial",
    measure: Measure = "hardware-burden",
    errors: Errors = "nonrobust",
    frontier: Frontier = False,
    level: Level = 0.95,
    conversion: ConversionName = "today",
    processor: ProcessorName = USUAL["processor"],
    precision: Precision = USUAL["precision"],
    region: Region = USUAL["region"],
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
    from ohmgrad import limits
    from ohmgrad.limits import tables

    replaced = _replaced(usd_per_hour=usd_per_hour, kg_per_kwh=kg_per_kwh, pue=pue, utilisation=utilisation)
    if conversion not in ("today", "legacy"):
        raise unknown("conversion", conversion, ("today", "legacy"))
    if conversion == "legacy":
        given = {"processor": processor, "precision": precision, "region": region} | replaced
        if changed := [name for name, value in given.items() if value != USUAL.get(name)]:
            raise InputError(f"{changed[0]}: the legacy constants stand as they are; allowed with --conversion today")
        chosen = limits.legacy()
    else:
        chosen = limits.today(measure, processor, precision, region, replaced)
    fitted = limits.fit(limits.load(benchmark), model, measure, errors, frontier)
    made = limits.forecast(fitted, error, chosen, level)
    said = limits.beside(made)
    if as_json:
        print_json(made.as_dict() | {"claims": [each.as_dict() for each in said]})
        return
    grids.show(tables.forecast(made), tables.assumptions(made))
    if said:
        grids.show(tables.claims(said, "What was said of this target, by the published constants"))


def _replaced(**given: float | None) -> dict[str, float]:
    """The assumptions that a user has replaced."""
    return {name: value for name, value in given.items() if value is not None}


def levers_command(
    benchmark: Benchmark,
    error: Error,
    model: Model = "polynomial",
    measure: Measure = "hardware-burden",
    errors: Errors = "nonrobust",
    frontier: Frontier = False,
    level: Level = 0.95,
    processor: ProcessorName = USUAL["processor"],
    precision: Precision = USUAL["precision"],
    region: Region = USUAL["region"],
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
        float | None,
        typer.Option(
            "--chip-ratio",
            help="Memristor arithmetic: digital joules over the chip's; default: the ledger's own at scale.",
        ),
    ] = None,
    chip_source: Annotated[
        str, typer.Option("--chip-source", help="Where the ratio is from, such as the run whose ledger gave it.")
    ] = "given by the user",
    clean_grid: Annotated[str, typer.Option("--clean-grid", help="The grid to move to.")] = "SWE",
    as_json: AsJson = False,
) -> None:
    """Say what changes a forecast: progress, memristor arithmetic, smaller networks, smaller formats, price, grid.

    For each lever: what the target takes then, in which year it comes down to a budget, and which error the budget buys
    at once. Progress is a factor every year; other levers are pulled once.

    Examples:

      ohmgrad limits levers --benchmark imagenet --error 0.05
      ohmgrad limits levers --benchmark imagenet --error 0.05 --chip-ratio 10000 --chip-source "the paper's abstract"
      ohmgrad limits levers --benchmark imagenet --error 0.01 --quantity usd --budget 1e8 --json
    """
    from ohmgrad import footprint, limits
    from ohmgrad.limits import levers, tables
    from ohmgrad.recipes import scaling

    replaced = _replaced(usd_per_hour=usd_per_hour, kg_per_kwh=kg_per_kwh, pue=pue, utilisation=utilisation)
    chosen = limits.today(measure, processor, precision, region, replaced)
    fitted = limits.fit(limits.load(benchmark), model, measure, errors, frontier)
    made = limits.forecast(fitted, error, chosen, level)
    found = levers.levers(
        made,
        processor,
        precision,
        scaling.at_scale(processor, cast(footprint.Precision, precision))  # `today` has refused what is none
        if chip_ratio is None
        else levers.once("chip_ratio", chip_ratio, chip_source),
        levers.ALGORITHMS if halving_months is None else levers.per_year("halving_months", halving_months),
        levers.HARDWARE if doubling_months is None else levers.per_year("doubling_months", doubling_months),
        clean_grid,
    )
    pulled = levers.pull(made, found, quantity, budget, from_year)
    if as_json:
        print_json({"forecast": made.as_dict(), **_plain(asdict(pulled))})
        return
    grids.show(tables.forecast(made), tables.lever_sources(pulled), tables.lever_outcomes(pulled, made.error))


def _plain(levers: dict) -> dict:
    """Figures as mappings."""
    return levers | {"levers": [each | {"gain": each["gain"].model_dump()} for each in levers["levers"]]}
