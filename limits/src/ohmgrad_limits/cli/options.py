"""Options of several commands, and the forecast made from them."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ohmgrad_limits.forecast import Conversion, Forecast

Benchmark = Annotated[
    str,
    typer.Option(metavar="NAME|FILE.csv", help="Benchmark (see ohmgrad limits data), or your own table in a CSV file."),
]
Error = Annotated[float, typer.Option(help="Target error as a fraction: 0.05 is 5 %.")]
Model = Annotated[
    str,
    typer.Option(help="Quantity that is linear in log10 FLOP: log10(1/error) (polynomial) or 1/error (exponential)."),
]
Measure = Annotated[
    str,
    typer.Option(
        help="Measure of computation: operations-per-pass, network-operations, hardware-burden or consolidated."
    ),
]
Errors = Annotated[
    str, typer.Option(help="Standard errors: nonrobust, HC0, HC1, HC2 or HC3; huber: robust regression.")
]
Frontier = Annotated[
    bool, typer.Option("--frontier", help="Fit only models that no other model beats in both error and FLOP.")
]
Level = Annotated[float, typer.Option(help="Confidence level of the intervals.")]
ConversionName = Annotated[
    str,
    typer.Option(
        "--conversion",
        help="Conversion of FLOP: today (a processor, its rent, a power grid) or legacy (the published constants).",
    ),
]
ProcessorName = Annotated[
    str,
    typer.Option("--processor", help="Processor of the conversion today: a name (see ohmgrad chips) or a YAML file."),
]
Precision = Annotated[str, typer.Option(help="Number format whose peak is used: fp32, tf32, fp16, fp8 or int8.")]
Region = Annotated[str, typer.Option(help="Power grid: world, a country (DEU), US-CA, CA-QC, gcp:europe-west1.")]
UsdPerHour = Annotated[float | None, typer.Option("--usd-per-hour", help="Rent of one processor in USD per hour.")]
KgPerKwh = Annotated[float | None, typer.Option("--kg-per-kwh", help="Carbon intensity in kg CO2e/kWh.")]
Pue = Annotated[float | None, typer.Option("--pue", help="Power usage effectiveness of the data centre.")]
Utilisation = Annotated[float | None, typer.Option("--utilisation", help="Fraction of the peak that is used.")]
USUAL = {"processor": "h100-sxm", "precision": "fp16", "region": "world"}
"""Defaults of the conversion `today`."""


def replaced(**given: float | None) -> dict[str, float]:
    """The assumptions that the user replaces."""
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
