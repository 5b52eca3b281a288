"""`ohmgrad devices assess`: is a device good enough for a task, and what of it would have to be better?"""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, Settings, bars, check_target, print_json, say, tell_jax
from ohmgrad.cli.console import out as out_console


def assess_command(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A shipped preset's name, or your own YAML file.")],
    task: Annotated[Literal["braille", "digits"], typer.Option(help="What is learned.")] = "braille",
    accuracy: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of right answers it should reach; default: ideal weights' less 0.01."),
    ] = None,
    chips: Annotated[int, typer.Option(min=2, max=64, help="Chips of every training.")] = 10,
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="Epochs of every training.")] = 40,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 65, help="Seed of the first chip.")] = 0,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="The page; default: DEVICE-assess.html here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Assess a device for a task: is it good enough, which of its effects costs most, what would it need?

    The same chips are trained on the device, on ideal weights, by backpropagation, without each effect alone, and with
    steps, scatter, unevenness and range better (or, where it is good enough, worse). That is some 20 trainings: about 8
    minutes on two CPU cores.

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
