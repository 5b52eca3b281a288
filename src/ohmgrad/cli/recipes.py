"""`ohmgrad recipes` and `ohmgrad report`: what can be trained, and the page of what was."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, say

if TYPE_CHECKING:
    from ohmgrad.recipes import Experiment


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
        _list_fields(as_json)
    elif name is None:
        _list(as_json)
    else:
        experiment = recipes.load(name)
        print(json.dumps(experiment.model_dump(), indent=2) if as_json else recipes.text(name).rstrip())


def _list_fields(as_json: bool) -> None:
    from ohmgrad import recipes

    rows = recipes.fields()
    if as_json:
        print(json.dumps({"fields": [row._asdict() for row in rows]}, indent=2))
        return
    for row in rows:
        default = "" if row.default is None else f" [dim](default {escape(row.default)})[/dim]"
        say(f"[bold]{row.field}[/bold]: {escape(row.allowed)}{default}")
        if row.meaning:
            say(f"    {escape(row.meaning)}")


def _list(as_json: bool) -> None:
    from ohmgrad import recipes

    rows = [_described(each, recipes.load(each)) for each in recipes.names()]
    if as_json:
        print(json.dumps({"recipes": {row["name"]: row for row in rows}}, indent=2))
        return
    for row in rows:
        say(f"[bold]{row['name']:22}[/bold] {escape(row['title'])}")
        expected = row["expected"]
        published = f" (published {expected['published']:.2%})" if expected and expected["published"] else ""
        outcome = f"; {expected['test_error']:.2%} wrong{published}, {expected['minutes']:g} min" if expected else ""
        say(f"{'':22} [dim]{row['size']}{outcome}[/dim]")


def _described(name: str, experiment: "Experiment") -> dict:
    """A recipe in a list: its title, its size, what it came to when it was measured."""
    from ohmgrad.recipes.schema.network import layers

    network, training = experiment.network, experiment.training
    what = "kernels" if network.kind == "convolutional-hopfield" else "hidden neurons"
    neurons = "-".join(map(str, layers(network)))
    size = f"{network.kind}, {neurons} {what}, {training.epochs} epochs on {training.seeds} chip(s)"
    expected = None if experiment.expected is None else experiment.expected.model_dump()
    return {"name": name, "title": experiment.title, "size": size, "expected": expected}


def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A finished run's folder.")], as_json: AsJson = False
) -> None:
    """Draw report.html of a finished run anew.

    Example: ohmgrad report runs/braille-1
    """
    from ohmgrad.report import page

    written = page.write(folder)
    print(json.dumps({"run_dir": str(folder), "report": str(written)}) if as_json else written)
