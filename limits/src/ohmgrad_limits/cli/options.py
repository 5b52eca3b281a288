"""Options that several commands share, and the forecast that they make."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ohmgrad_limits.forecast import Conversion, Forecast

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


def replaced(**given: float | None) -> dict[str, float]:
    """The assumptions that a user has replaced."""
    return {name: value for name, value in given.items() if value is not None}


def reach(
    benchmark: str,
    error: float,
    conversion: "Conversion",
    model: str,
    measure: str,
    errors: str,
    frontier: bool,
    level: float,
) -> "Forecast":
    """The forecast of a benchmark's target error."""
    from ohmgrad_limits.data import load
    from ohmgrad_limits.fit import fit_law
    from ohmgrad_limits.forecast import forecast_target

    return forecast_target(fit_law(load(benchmark), model, measure, errors, frontier), error, conversion, level)
