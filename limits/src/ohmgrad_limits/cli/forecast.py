"""`ohmgrad limits forecast`: what a target error takes."""

from typing import TYPE_CHECKING

from ohmgrad.cli.console import AsJson, print_json
from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.cli import grids
from ohmgrad_limits.cli.options import (
    USUAL,
    Benchmark,
    ConversionName,
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
    from ohmgrad_limits.forecast import Conversion


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
    from ohmgrad_limits.claims import beside
    from ohmgrad_limits.show import tables

    figures = replaced(usd_per_hour=usd_per_hour, kg_per_kwh=kg_per_kwh, pue=pue, utilisation=utilisation)
    chosen = _conversion(conversion, measure, processor, precision, region, figures)
    made = reach(benchmark, error, chosen, model, measure, errors, frontier, level)
    said = beside(made)
    if as_json:
        print_json(made.as_dict() | {"claims": [each.as_dict() for each in said]})
        return
    grids.show(tables.forecast(made), tables.assumptions(made))
    if said:
        grids.show(tables.claims(said, "What was said of this target, by the published constants"))


def _conversion(
    name: str, measure: str, processor: str, precision: str, region: str, figures: dict[str, float]
) -> "Conversion":
    """By name. Raises InputError where figures are given for constants that stand as they are."""
    from ohmgrad_limits.forecast import legacy, today

    if name == "today":
        return today(measure, processor, precision, region, figures)
    if name != "legacy":
        raise unknown("conversion", name, ("today", "legacy"))
    given = {"processor": processor, "precision": precision, "region": region} | figures
    if changed := [name for name, value in given.items() if value != USUAL.get(name)]:
        raise InputError(f"{changed[0]}: the legacy constants stand as they are; allowed with --conversion today")
    return legacy()
