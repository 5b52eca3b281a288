"""`ohmgrad train`: train a recipe, or continue an interrupted run."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, Settings, bars, err, out, print_json, say, tell_jax
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.ledger.measure import Meter
    from ohmgrad.recipes import Experiment
    from ohmgrad.recipes.build import Parts

    Begun = tuple[str, Experiment, Parts, Path]
    """The name of a recipe, itself, its parts, and the run's folder."""

Recipe = Annotated[str | None, typer.Argument(help="Name of a shipped recipe, or path of a YAML file.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the first chip (training.seed).")]
Folder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Run folder; default: the first free of runs/RECIPE-1, -2, ..."),
]
Resume = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Continue the interrupted run in DIR, without RECIPE and --set.")
]
Source = Annotated[
    Path | None,
    typer.Option("--from", metavar="RUN", help="Continue with the trained chips of a finished run (training.chips)."),
]
DataFolder = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Folder of image sets (data.folder).")
]
Measure = Annotated[
    bool,
    typer.Option("--measure", help="Measure with this machine's energy counters (pip install 'ohmgrad\\[measure]')."),
]


def train_command(
    recipe: Recipe = None,
    settings: Settings = None,
    seed: Seed = None,
    folder: Folder = None,
    resume: Resume = None,
    source: Source = None,
    data_folder: DataFolder = None,
    measure: Measure = False,
    as_json: AsJson = False,
) -> None:
    """Train a recipe on crossbars, on ideal weights and by backpropagation; test, price and report the trainings.

    A killed run can be continued with --resume; its result is the same as without
    the interruption.

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
    settings = _settings(settings, seed, data_folder)
    if resume is not None and (recipe is not None or settings or folder is not None or source is not None):
        raise InputError(
            "--resume DIR takes its recipe from DIR; omit RECIPE, --from, --set, --seed, --data-dir and --out"
        )
    if resume is None:
        begin = partial(_begun, *_asked(recipe, settings, source), folder, as_json)
    else:
        begin = partial(_reopened, resume)
    meter = _meter() if measure else None
    tell_jax()
    summary, page = _run(*begin(), meter)
    if as_json:
        print_json(summary)
        return
    from ohmgrad.report import terminal

    terminal.show(out, summary)
    say(f"report: [bold]{escape(str(page))}[/bold]   ({time.perf_counter() - began:.0f} s)")


def _settings(given: list[str] | None, seed: int | None, data_folder: Path | None) -> list[str]:
    """Settings of recipe fields, including those of options."""
    settings = list(given or [])
    if seed is not None:
        settings.append(f"training.seed={seed}")
    if data_folder is not None:
        settings.append(f"data.folder={json.dumps(str(data_folder))}")
    return settings


def _asked(recipe: str | None, settings: list[str], source: Path | None) -> "tuple[str, Experiment]":
    """The name of a recipe, and itself; where a run is given, on whose chips it trains, by default that run's."""
    from ohmgrad import recipes

    if source is not None:
        settings = [*settings, f"training.chips={json.dumps(str(source))}"]
    if recipe is not None:
        name = Path(recipe).stem
    elif source is not None:
        name, recipe = _recipe_of(source)
    else:
        raise InputError(f"name a recipe ({', '.join(recipes.names())}) or a YAML file")
    return name, recipes.load(recipe, settings)


def _recipe_of(run: Path) -> tuple[str, str]:
    """The name of a run's recipe, and its file."""
    from ohmgrad import records

    path = run / "recipe.yaml"
    return records.read(path, f"--from {run}").partition("\n")[0].removeprefix("# "), str(path)


def _meter() -> "Meter":
    from ohmgrad.ledger.measure import Meter

    return Meter()


def _fresh_folder(name: str) -> Path:
    """The first of runs/NAME-1, runs/NAME-2, ... that does not exist."""
    number = 1
    while (Path("runs") / f"{name}-{number}").exists():
        number += 1
    return Path("runs") / f"{name}-{number}"


def _begun(name: str, experiment: "Experiment", folder: Path | None, silent: bool) -> "Begun":
    """Open the run folder; unless `silent`, print the values found for fields set to auto."""
    from ohmgrad import recipes, runs
    from ohmgrad.report.words import ranges_found

    folder, asked = folder or _fresh_folder(name), recipes.automatic(experiment)
    with _watch() as watch:
        experiment, parts = runs.begin(name, experiment, folder, watch)
    if asked and not silent:
        found = recipes.ranges(experiment)
        say(escape(ranges_found({field: found[field] for field in asked})))
    return name, experiment, parts, folder


def _reopened(folder: Path) -> "Begun":
    from ohmgrad import runs

    return *runs.reopen(folder), folder


def _run(name: str, experiment: "Experiment", parts: "Parts", folder: Path, meter: "Meter | None") -> tuple[dict, Path]:
    """Train and write the report; returns the summary and the page. On Ctrl-C, print how to continue, and exit."""
    from ohmgrad import runs
    from ohmgrad.report import page

    try:
        with _watch() as watch:
            summary = runs.run(name, experiment, parts, folder, watch, meter)
            written = page.write(folder)
    except KeyboardInterrupt:
        say(escape(f"interrupted; continue with: ohmgrad train --resume {folder}"), err)
        sys.exit(130)
    return {**summary, "run_dir": str(folder)}, written


@contextmanager
def _watch() -> Iterator[Callable[[str, int, int, float | None], None]]:
    """Progress bars, one per training, with the accuracy."""
    with bars("epochs{task.fields[right]}") as shown:
        tasks = {}

        def show(arm: str, done: int, epochs: int, right: float | None) -> None:
            if arm not in tasks:
                tasks[arm] = shown.add_task(arm, total=epochs, right="")
            answers = "" if right is None else f", {100 * right:.1f} % right"
            shown.update(tasks[arm], completed=done, right=answers)

        yield show
