"""The program: training, recipes, reports, and the groups of commands beside them."""

import io
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.markup import escape

from ohmgrad import __version__
from ohmgrad.cli.chips import chips_command
from ohmgrad.cli.console import AsJson, Explained, err, out, print_json, tell_jax
from ohmgrad.cli.cost import cost_command, ledger_command
from ohmgrad.cli.devices import devices_app
from ohmgrad.cli.limits import limits_app
from ohmgrad.cli.scaling import scaling_command
from ohmgrad.cli.spice import spice_command
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.recipes import Experiment

app = typer.Typer(
    cls=Explained,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="""
Train neural networks without backpropagation on simulated memristor crossbars, and know what it costs.

[bold]Start here[/bold]

  ohmgrad train braille                  64 Braille words, 3 chips side by side
  ohmgrad recipes --fields               every field that a recipe may have
  ohmgrad recipes braille > mine.yaml    take a recipe, edit it ...
  ohmgrad train mine.yaml --out mine     ... and run it
  ohmgrad cost braille                   what it would take, on a chip and digitally, without training
  ohmgrad devices list                   memristors to build crossbars of
  ohmgrad limits                         what accuracy costs along today's road
  ohmgrad train braille --set "hardware.without=\\[adc]"

A run leaves a folder with report.html, metrics.csv, ledger.json, emissions.csv, weights.safetensors and its chips.
""",
)
app.add_typer(devices_app, name="devices")
app.add_typer(limits_app, name="limits")
app.command("cost")(cost_command)
app.command("ledger")(ledger_command)
app.command("chips")(chips_command)
app.command("scaling")(scaling_command)
app.command("spice")(spice_command)


_UsageError: Any = typer.BadParameter.__base__  # typer exports this one of its kind only


def main() -> None:
    """Run the program; a fault in the input, or in the output, is one sentence on standard error and exit code 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # whatever a title holds, the terminal's encoding or not
    try:
        try:
            code = app(standalone_mode=False)
        finally:
            sys.stdout.flush()
    except InputError as error:
        _stop(error)
    except _UsageError as error:
        where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        _stop(InputError(f"{error.format_message().removesuffix('.')}{where}"))
    except OSError as error:
        if error.filename is not None:
            _stop(InputError(f"{error.filename} cannot be used ({error.strerror})"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left unwritten fails no second time
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        _stop(InputError(f"standard output cannot be written ({error.strerror})"))
    sys.exit(code if isinstance(code, int) else 0)


def _stop(error: InputError) -> NoReturn:
    err.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        print(f"ohmgrad {__version__}")
        raise typer.Exit


@app.command()
def train(
    recipe: Annotated[str | None, typer.Argument(help="A shipped recipe's name, or a YAML file.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a field of the recipe; repeat for more."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the first chip (training.seed).")] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder; default: runs/RECIPE-1, -2, ...")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Continue the run in DIR; RECIPE and --set are then not needed.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Train on the chips of a finished run (training.chips)."),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="DIR", help="Where image sets are (data.folder).")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Read this machine's energy counters (pip install 'ohmgrad\\[measure]').")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a recipe on crossbars, on ideal weights and by backpropagation; test, price and report all that it has.

    A killed run continues with --resume and ends with the same weights as one that was not killed.

    Examples:

      ohmgrad train braille
      ohmgrad train braille-reconstruct --seed 7
      ohmgrad train braille --set rule.side=positive --json
      ohmgrad train mnist-hopfield --data-dir ~/data
      ohmgrad train braille --measure
      ohmgrad train --resume runs/braille-1
      ohmgrad train --from runs/braille-1 --set training.epochs=20
    """
    began = time.perf_counter()
    settings = [*(settings or []), *([f"training.seed={seed}"] if seed is not None else [])]
    settings += [f"data.folder={json.dumps(str(data_dir))}"] if data_dir is not None else []
    if resume is not None and (recipe is not None or settings or folder is not None or source is not None):
        raise InputError(
            "--resume DIR takes its recipe from DIR; leave RECIPE, --from, --set, --seed, --data-dir and --out away"
        )
    name = None if recipe is None else Path(recipe).stem
    if source is not None:
        settings += [f"training.chips={json.dumps(str(source))}"]
        name, recipe = (name, recipe) if recipe is not None else _recipe_of(source)
    experiment = None if resume else _experiment(recipe, settings)
    meter = None
    if measure:
        from ohmgrad.ledger.measure import Meter

        meter = Meter()
    tell_jax()

    from ohmgrad import recipes, report, runs
    from ohmgrad.report import terminal
    from ohmgrad.report.words import ranges_found

    if experiment is not None and name is not None:
        asked = recipes.automatic(experiment)
        folder = folder or _fresh_folder(name)
        with _Progress() as progress:
            experiment, parts = runs.begin(name, experiment, folder, progress.show)
        if asked and not as_json:
            found = recipes.ranges(experiment)
            found = ranges_found({field: found[field] for field in asked})
            out.print(escape(found), highlight=False, soft_wrap=True)
    else:
        assert resume is not None
        folder = resume
        name, experiment, parts = runs.reopen(folder)
    try:
        with _Progress() as progress:
            summary = runs.run(name, experiment, parts, folder, progress.show, meter)
            page = report.write(folder)
    except KeyboardInterrupt:
        err.print(
            escape(f"interrupted; continue with: ohmgrad train --resume {folder}"), highlight=False, soft_wrap=True
        )
        sys.exit(130)
    summary = {**summary, "run_dir": str(folder)}
    if as_json:
        print_json(summary)
        return
    terminal.show(out, summary)
    out.print(
        f"report: [bold]{escape(str(page))}[/bold]   ({time.perf_counter() - began:.0f} s)",
        highlight=False,
        soft_wrap=True,
    )


def _experiment(recipe: str | None, settings: list[str]) -> "Experiment":
    from ohmgrad import recipes

    if recipe is None:
        raise InputError(f"name a recipe ({', '.join(recipes.names())}) or a YAML file")
    return recipes.load(recipe, settings)


def _recipe_of(run: Path) -> tuple[str, str]:
    """The name of a run's recipe and the file that holds it."""
    from ohmgrad import records

    path = run / "recipe.yaml"
    return records.read(path, f"--from {run}").partition("\n")[0].removeprefix("# "), str(path)


@app.command("recipes")
def recipes_command(
    name: Annotated[str | None, typer.Argument(help="Print this recipe's YAML.")] = None,
    fields: Annotated[bool, typer.Option("--fields", help="List every field that a recipe may have.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the shipped recipes, print one to copy and edit, or list the fields that a recipe may have.

    Examples:

      ohmgrad recipes
      ohmgrad recipes braille > mine.yaml
      ohmgrad recipes --fields
    """
    from ohmgrad import recipes

    if fields:
        rows = recipes.fields()
        if as_json:
            print(json.dumps({"fields": [row._asdict() for row in rows]}, indent=2))
            return
        for row in rows:
            default = "" if row.default is None else f" [dim](default {escape(row.default)})[/dim]"
            out.print(f"[bold]{row.field}[/bold]: {escape(row.allowed)}{default}", highlight=False, soft_wrap=True)
            if row.meaning:
                out.print(f"    {escape(row.meaning)}", highlight=False, soft_wrap=True)
        return
    if name is not None:
        experiment = recipes.load(name)
        print(json.dumps(experiment.model_dump(), indent=2) if as_json else recipes.text(name).rstrip())
        return
    rows = [_described(each, recipes.load(each)) for each in recipes.names()]
    if as_json:
        print(json.dumps({"recipes": {row["name"]: row for row in rows}}, indent=2))
        return
    for row in rows:
        out.print(f"[bold]{row['name']:22}[/bold] {escape(row['title'])}", highlight=False, soft_wrap=True)
        expected = row["expected"]
        published = f" (published {expected['published']:.2%})" if expected and expected["published"] else ""
        outcome = f"; {expected['test_error']:.2%} wrong{published}, {expected['minutes']:g} min" if expected else ""
        out.print(f"{'':22} [dim]{row['size']}{outcome}[/dim]", highlight=False, soft_wrap=True)


def _described(name: str, experiment: "Experiment") -> dict:
    """A recipe in a list: its title, its size, what it came to when it was measured."""
    from ohmgrad.recipes.schema.network import layers

    network, training = experiment.network, experiment.training
    what = "kernels" if network.kind == "convolutional-hopfield" else "hidden neurons"
    neurons = "-".join(map(str, layers(network)))
    size = f"{network.kind}, {neurons} {what}, {training.epochs} epochs on {training.seeds} chip(s)"
    expected = None if experiment.expected is None else experiment.expected.model_dump()
    return {"name": name, "title": experiment.title, "size": size, "expected": expected}


@app.command("report")
def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A finished run's folder.")], as_json: AsJson = False
) -> None:
    """Draw report.html of a finished run anew.

    Example: ohmgrad report runs/braille-1
    """
    from ohmgrad import report

    page = report.write(folder)
    print(json.dumps({"run_dir": str(folder), "report": str(page)}) if as_json else page)


def _fresh_folder(name: str) -> Path:
    """The first of runs/NAME-1, runs/NAME-2, ... that is not there yet."""
    number = 1
    while (Path("runs") / f"{name}-{number}").exists():
        number += 1
    return Path("runs") / f"{name}-{number}"


class _Progress:
    """Bars on standard error, one per training; silent where that is no terminal."""

    def __enter__(self) -> "_Progress":
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description:10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs{task.fields[right]}"),
            TimeRemainingColumn(),
            console=err,
            disable=not err.is_terminal,
        )
        self._tasks: dict[str, int] = {}
        self._bars.start()
        return self

    def show(self, arm: str, done: int, epochs: int, right: float | None) -> None:
        if arm not in self._tasks:
            self._tasks[arm] = self._bars.add_task(arm, total=epochs, right="")
        answers = "" if right is None else f", {100 * right:.1f} % right"
        self._bars.update(self._tasks[arm], completed=done, right=answers)  # pyright: ignore[reportArgumentType]

    def __exit__(self, *_) -> None:
        self._bars.stop()
