"""`ohmgrad limits levers`: what lowers the cost of a target error."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ohmgrad.cli.console import AsJson, print_json
from ohmgrad_limits.cli import grids
from ohmgrad_limits.cli.options import (
    USUAL,
    Benchmark,
    Error,
    Errors,
    Frontier,
    KgPerKwh,
    Level,
    Measure,
    Model,
    Precision,
    ProcessorName,
    Pue,
    Region,
    UsdPerHour,
    Utilisation,
    reach,
    replaced,
)

if TYPE_CHECKING:
    from ohmgrad.footprint import Precision as Known
    from ohmgrad.quantity import NonNegative

Quantity = Annotated[str, typer.Option(help="Quantity of the budget: joules, usd, kg_co2e or hardware_years.")]
Budget = Annotated[
    float | None, typer.Option(help="Budget in that quantity; default: that of the largest training in the data.")
]
FromYear = Annotated[
    float | None,
    typer.Option("--from-year", help="Year from which progress counts; default: the last year of the data."),
]
HalvingMonths = Annotated[
    float | None,
    typer.Option(
        "--halving-months", help="Algorithms: months in which the FLOP for the same error halve; default: 16."
    ),
]
DoublingMonths = Annotated[
    float | None,
    typer.Option(
        "--doubling-months", help="Hardware: months in which FLOP per dollar and per joule double; default: 24."
    ),
]
ChipRatio = Annotated[
    float | None,
    typer.Option(
        "--chip-ratio",
        help="Memristor arithmetic: digital energy / chip energy; default: the ledger's, for wide layers.",
    ),
]
ChipSource = Annotated[str, typer.Option("--chip-source", help="Source of --chip-ratio, to print.")]
CleanGrid = Annotated[str, typer.Option("--clean-grid", help="Cleaner power grid to move to.")]


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
    quantity: Quantity = "joules",
    budget: Budget = None,
    from_year: FromYear = None,
    halving_months: HalvingMonths = None,
    doubling_months: DoublingMonths = None,
    chip_ratio: ChipRatio = None,
    chip_source: ChipSource = "given by the user",
    clean_grid: CleanGrid = "SWE",
    as_json: AsJson = False,
) -> None:
    """Compute what lowers a forecast: progress, memristor arithmetic, smaller networks, number format, price, grid.

    For each lever: the cost of the target with it, the year in which this cost
    falls to a budget, and the error that the budget buys today. Progress is a
    factor per year; all other levers act once.

    Examples:

      ohmgrad limits levers --benchmark imagenet --error 0.05
      ohmgrad limits levers --benchmark imagenet --error 0.05 --chip-ratio 10000 --chip-source "the paper's abstract"
      ohmgrad limits levers --benchmark imagenet --error 0.01 --quantity usd --budget 1e8 --json
    """
    from ohmgrad_limits.forecast import levers, pull, today
    from ohmgrad_limits.show import tables

    figures = replaced(usd_per_hour=usd_per_hour, kg_per_kwh=kg_per_kwh, pue=pue, utilisation=utilisation)
    conversion = today(measure, processor, precision, region, figures)
    made = reach(benchmark, error, conversion, model, measure, errors, frontier, level)
    arithmetic = _arithmetic(processor, precision, chip_ratio, chip_source)
    found = levers(made, processor, precision, arithmetic, *_progress(halving_months, doubling_months), clean_grid)
    pulled = pull(made, found, quantity, budget, from_year)
    if as_json:
        print_json({"forecast": made.as_dict(), **_plain(asdict(pulled))})
        return
    grids.show(tables.forecast(made), tables.lever_sources(pulled), tables.lever_outcomes(pulled, made.error))


def _arithmetic(processor: str, precision: str, ratio: float | None, source: str) -> "NonNegative":
    """Digital energy / chip energy: the user's ratio, or the ledger's for large trainings."""
    from ohmgrad.recipes import scaling
    from ohmgrad_limits.forecast import fold_once

    if ratio is not None:
        return fold_once("chip_ratio", ratio, source)
    return scaling.at_scale(processor, cast("Known", precision))  # `today` has checked the name


def _progress(halving_months: float | None, doubling_months: float | None) -> "tuple[NonNegative, NonNegative]":
    """Progress of algorithms and of hardware, as factors per year."""
    from ohmgrad_limits.forecast import ALGORITHMS, HARDWARE, fold_per_year

    return (
        ALGORITHMS if halving_months is None else fold_per_year("halving_months", halving_months),
        HARDWARE if doubling_months is None else fold_per_year("doubling_months", doubling_months),
    )


def _plain(levers: dict) -> dict:
    """Levers with their figures as mappings."""
    return levers | {"levers": [each | {"gain": each["gain"].model_dump()} for each in levers["levers"]]}
