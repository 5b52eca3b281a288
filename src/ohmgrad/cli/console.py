"""What all commands share: where they print, and their `--json`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ohmgrad.errors import InputError

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else there.")]


def check_target(option: str, target: Path, suffix: str) -> None:
    """Raises InputError where a file to be written has another ending, or no folder to lie in."""
    if target.suffix != suffix:
        raise InputError(f"{option}: '{target}' must end in {suffix}")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{option}: there is no folder {target.parent}")


def print_json(content: dict) -> None:
    """One JSON object on standard output; what is no number in JSON is a fault of ours."""
    print(json.dumps(content, indent=2, allow_nan=False))
