"""`ohmgrad recipes` and `ohmgrad report`: list recipes; redraw the page of a run."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, say


def recipes_command(
    name: Annotated[str | None, typer.Argument(help="Recipe to print as YAML.")] = None,
    fields: Annotated[bool, typer.Option("--fields", help="List all fields of a recipe.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the shipped recipes, print one to copy and edit, or list all fields of a recipe.

    Examples:

      ohmgrad recipes
      ohmgrad recipes braille > mine.yaml
      ohmgrad recipes --fields
      ohmgrad recipes mine.yaml --fields    with those of the rules, networks, ... of your own that it names
    """
    from ohmgrad import recipes

    if fields:
        _list_fields(name, as_json)
    elif name is None:
        _list(as_json)
    elif as_json:
        print(json.dumps(recipes.load(name).model_dump(), indent=2))
    else:
        if name not in recipes.names():
            recipes.load(name)  # raises InputError
        print(recipes.text(name).rstrip())


def _list_fields(recipe: str | None, as_json: bool) -> None:
    """Of a recipe, also those of the parts of the user's own that it names."""
    from ohmgrad import recipes

    rows = recipes.fields(None if recipe is None else recipes.load(recipe))
    if as_json:
        print(json.dumps({"fields": [row._asdict() for row in rows]}, indent=2))
        return
    for row in rows:
        default = "" if row.default is None else f" [dim](default {escape(row.default)})[/dim]"
        say(f"[bold]{escape(row.field)}[/bold]: {escape(row.allowed)}{default}")
        if row.meaning:
            say(f"    {escape(row.meaning)}")


def _list(as_json: bool) -> None:
    from ohmgrad import recipes, records

    rows = [_described(each, records.parse(recipes.text(each))) for each in recipes.names()]
    if as_json:
        print(json.dumps({"recipes": {row["name"]: row for row in rows}}, indent=2))
        return
    for row in rows:
        say(f"[bold]{row['name']:22}[/bold] {escape(row['title'])}")
        expected = row["expected"]
        published = f" (published {expected['published']:.2%})" if expected and expected.get("published") else ""
        outcome = f"; {expected['test_error']:.2%} wrong{published}, {expected['minutes']:g} min" if expected else ""
        say(f"{'':22} [dim]{row['size']}{outcome}[/dim]")


def _described(name: str, recipe: dict[str, Any]) -> dict:
    """A shipped recipe in a list: title, size, measured error and time."""
    network, training = recipe["network"], recipe["training"]
    what, layers = ("kernels", network["kernels"]) if "kernels" in network else ("hidden neurons", network["hidden"])
    neurons = "-".join(map(str, layers if isinstance(layers, list) else [layers]))
    size = f"{network['kind']}, {neurons} {what}, {training['epochs']} epochs on {training['seeds']} chip(s)"
    return {"name": name, "title": recipe["title"], "size": size, "expected": recipe.get("expected")}


def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a finished run.")], as_json: AsJson = False
) -> None:
    """Write report.html of a finished run again.

    Example: ohmgrad report runs/braille-1
    """
    from ohmgrad.report import page

    written = page.write(folder)
    print(json.dumps({"run_dir": str(folder), "report": str(written)}) if as_json else written)
