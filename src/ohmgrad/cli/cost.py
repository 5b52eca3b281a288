"""`ohmgrad cost` and `ohmgrad ledger`: price a recipe before training, or a finished run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, Settings, check_target, out, print_json, say
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.ledger.statement import Machines
    from ohmgrad.ledger.upkeep import Site
    from ohmgrad.quantity import NonNegative
    from ohmgrad.recipes import Experiment

ChipName = Annotated[
    str | None,
    typer.Option("--chip", metavar="NAME", help="Name of a chip (see ohmgrad chips), or path of a YAML file."),
]
GpuName = Annotated[
    str | None,
    typer.Option("--gpu", metavar="NAME", help="Name of a processor (see ohmgrad chips), or path of a YAML file."),
]
Precision = Annotated[str | None, typer.Option(help="Number format on the processor: fp32, tf32, fp16, fp8 or int8.")]
Region = Annotated[
    list[str] | None,
    typer.Option(metavar="XX", help="Power grid: world, DEU, US-CA, CA-QC, gcp:europe-west1, ...; repeat to compare."),
]
Carbon = Annotated[
    float | None, typer.Option("--kg-per-kwh", help="Carbon intensity in kg CO2e/kWh, instead of --region.")
]
Overhead = Annotated[
    float | None, typer.Option("--pue", help="Power usage effectiveness of the data centre, at least 1.")
]
Price = Annotated[float | None, typer.Option("--usd-per-kwh", help="Price of electricity in USD/kWh.")]
Inferences = Annotated[int, typer.Option(help="Also price this many inferences after the training.")]


def cost_command(
    recipe: Annotated[str, typer.Argument(help="Name of a shipped recipe, or path of a YAML file.")],
    chip: ChipName = None,
    gpu: GpuName = None,
    precision: Precision = None,
    samples: Annotated[int | None, typer.Option(help="Samples per epoch, instead of the recipe's.")] = None,
    region: Region = None,
    kg_per_kwh: Carbon = None,
    pue: Overhead = None,
    usd_per_kwh: Price = None,
    inferences: Inferences = 0,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Price a recipe without training it: energy, time, carbon and money on a chip and on digital processors.

    The digital opponent is the program with the lowest nominal energy. All
    programs are listed: on the processor of --gpu, single kernel launches, a
    captured graph, a persistent kernel, and many trainings in a batch; plain
    NumPy on one CPU core.

    A recipe without hardware is priced on pairs of 64 x 64 tantalum-oxide arrays.
    Operation counts that follow from array shapes are exact; pulses and cell
    powers are estimates with bounds.

    Examples:

      ohmgrad cost braille
      ohmgrad cost braille --chip analog-edge --gpu a100-sxm --precision fp16
      ohmgrad cost mnist-hopfield --region DEU --region SWE --inferences 1000000
      ohmgrad cost braille --samples 100000 --json
    """
    from ohmgrad.cost.kept import kept

    asked = (recipe, settings, chip, gpu, precision, samples, region, kg_per_kwh, pue, usd_per_kwh, inferences)

    def priced_now() -> dict:
        from ohmgrad import recipes
        from ohmgrad.recipes import priced

        _at_least("--samples", samples, 1)
        _at_least("--inferences", inferences, 0)
        experiment = priced.on_arrays(recipes.load(recipe, settings or []))
        sites = _sites(experiment, region or [], kg_per_kwh, pue, usd_per_kwh)
        machines = _machines(experiment, chip, gpu, precision, sites)
        table = priced.price(experiment, machines, inferences=inferences, samples=samples)
        return {"recipe": recipe, "title": experiment.title, **table}

    _print(kept(asked, priced_now), as_json)


def ledger_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    chip: ChipName = None,
    gpu: GpuName = None,
    precision: Precision = None,
    region: Region = None,
    kg_per_kwh: Carbon = None,
    pue: Overhead = None,
    usd_per_kwh: Price = None,
    inferences: Inferences = 0,
    emissions: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Also write CodeCarbon's columns, one row per machine.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Price a finished run from its counted operations, on the machines of its recipe or on others.

    Examples:

      ohmgrad ledger runs/braille-1
      ohmgrad ledger runs/braille-1 --chip isaac-tile --gpu v100 --region US-CA
      ohmgrad ledger runs/braille-1 --inferences 1000000 --emissions emissions.csv
    """
    from ohmgrad import files
    from ohmgrad.ledger.emissions import emissions_csv
    from ohmgrad.recipes import priced

    _at_least("--inferences", inferences, 0)
    if emissions is not None:
        check_target("--emissions", emissions, ".csv")
        if len(region or []) > 1:
            raise InputError("--region: given more than once; allowed with --emissions: once")
    finished = priced.finished(run)
    experiment, counted = finished.experiment, finished.counts
    if "crossbar" not in counted and chip is not None:
        experiment = priced.on_arrays(experiment)
    sites = _sites(experiment, region or [], kg_per_kwh, pue, usd_per_kwh)
    machines = _machines(experiment, chip, gpu, precision, sites)
    table = priced.price(experiment, machines, counted, inferences, curves=finished.curves)
    table |= {"measured": finished.measured} if finished.measured else {}
    if emissions is not None:
        files.write(emissions, emissions_csv(table, finished.recipe, finished.ended, finished.version))
    _print({"run_dir": str(run), "recipe": finished.recipe, "title": experiment.title, **table}, as_json)


def _at_least(option: str, value: int | None, least: int) -> None:
    if value is not None and not least <= value <= 10**15:
        raise InputError(f"{option}: {value} is out of range; allowed: {least} to 10^15")


def _sites(
    experiment: "Experiment",
    regions: list[str],
    kg_per_kwh: float | None,
    pue: float | None,
    usd_per_kwh: float | None,
) -> list["Site"]:
    """Power grids, overhead and prices: those of the options, otherwise of the recipe."""
    from ohmgrad import footprint
    from ohmgrad.ledger.upkeep import Site

    if kg_per_kwh is None:
        sites = [Site(footprint.grid(region)) for region in dict.fromkeys(regions or [experiment.ledger.region])]
    elif regions:
        raise InputError("--region and --kg-per-kwh both set the carbon intensity; allowed: one of them")
    else:
        sites = [Site(footprint.given_grid(_given("--kg-per-kwh", kg_per_kwh, 0.0, 100.0)))]
    if pue is not None:
        sites = [site._replace(pue=_given("--pue", pue, 1.0, 10.0)) for site in sites]
    if usd_per_kwh is not None:
        sites = [site._replace(usd_per_kwh=_given("--usd-per-kwh", usd_per_kwh, 0.0, 100.0)) for site in sites]
    return sites


def _given(option: str, value: float, least: float, most: float) -> "NonNegative":
    """A figure given by an option: at least `least`, and above 0. Raises InputError if it is out of range."""
    from ohmgrad.quantity import NonNegative

    if not least <= value <= most or value <= 0:
        allowed = f"{least:g} to {most:g}" if least else f"above 0, up to {most:g}"
        raise InputError(f"{option}: {value:g} is out of range; allowed: {allowed}")
    return NonNegative(low=value, nominal=value, high=value, basis="assumption", source=f"given by {option}")


def _machines(
    experiment: "Experiment", chip: str | None, gpu: str | None, precision: str | None, sites: list["Site"]
) -> "Machines":
    from typing import cast

    from ohmgrad.footprint import BYTES
    from ohmgrad.footprint import Precision as Known
    from ohmgrad.recipes import priced

    if precision is not None and precision not in BYTES:
        raise InputError(f"--precision: unknown precision '{precision}'; allowed: {', '.join(BYTES)}")
    return priced.machines(experiment, chip, gpu, cast(Known, precision), sites)


def _print(table: dict, as_json: bool) -> None:
    if as_json:
        print_json(table)
        return
    from ohmgrad.report import terminal

    say(f"\n[bold]{escape(table['title'])}[/bold]")
    terminal.show_ledger(out, table)
