"""`ohmgrad devices assess`: whether a device is good enough for a task, and which property limits it."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, Settings, bars, check_target, print_json, say, tell_jax
from ohmgrad.cli.console import out as out_console


def assess_command(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Name of a shipped preset, or path of a YAML file.")],
    task: Annotated[Literal["braille", "digits"], typer.Option(help="Task to learn.")] = "braille",
    accuracy: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Target accuracy; default: that of ideal weights minus 0.01."),
    ] = None,
    chips: Annotated[int, typer.Option(min=2, max=64, help="Number of chips per training.")] = 10,
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="Epochs per training.")] = 40,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 65, help="Seed of the first chip.")] = 0,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Page to write; default: DEVICE-assess.html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Assess a device for a task: whether it is good enough, which effect costs most accuracy, what it would need.

    Trains the same chips on the device, on ideal weights, by backpropagation,
    with each effect switched off alone, and with a better step size, scatter,
    nonlinearity and range (worse ones if the device is good enough). This takes
    about 20 trainings, 8 minutes on two CPU cores.

    Examples:

      ohmgrad devices assess taox-1t1r
      ohmgrad devices assess my-device.yaml --accuracy 0.95 --out mine.html
      ohmgrad devices assess neurosim-epiram --set hardware.write.kind=write-verify --json
    """
    name = Path(device).stem
    target = out or Path(f"{name}-assess.html")
    check_target("--out", target, ".html")
    tell_jax()
    from ohmgrad import files
    from ohmgrad.report import assess as report
    from ohmgrad.runs import assess

    experiment = assess.question(device, task, chips, epochs, seed, settings or ())
    with bars("trainings") as shown:
        bar = shown.add_task("ranges", total=None)
        found = assess.assess(
            experiment,
            accuracy,
            lambda done, most, what: shown.update(bar, completed=done, total=most or None, description=what),
        )
    files.write(target, report.page(found))
    if as_json:
        print_json({**found, "page": str(target)})
        return
    report.show(out_console, found)
    say(f"page: [bold]{escape(str(target))}[/bold]")
