"""`ohmgrad limits forecast`: the cost of a target error."""

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
    """Forecast the FLOP, money, energy, carbon and time of a target error, beside published claims about it.

    Intervals are Fieller's, for the mean line and for one new model. An interval
    is unbounded if the slope does not differ significantly from 0; in JSON its
    ends are then null. Amounts use nominal assumptions; the second table shows by
    how much the bounds of each assumption change them.

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
        grids.show(tables.claims(said, "Published claims about this target, by the published constants"))


def _conversion(
    name: str, measure: str, processor: str, precision: str, region: str, figures: dict[str, float]
) -> "Conversion":
    """A conversion by name. Raises InputError if figures are given for the legacy constants."""
    from ohmgrad_limits.forecast import legacy, today

    if name == "today":
        return today(measure, processor, precision, region, figures)
    if name != "legacy":
        raise unknown("conversion", name, ("today", "legacy"))
    given = {"processor": processor, "precision": precision, "region": region} | figures
    if changed := [name for name, value in given.items() if value != USUAL.get(name)]:
        raise InputError(f"{changed[0]}: the legacy constants are fixed; allowed with --conversion today")
    return legacy()
