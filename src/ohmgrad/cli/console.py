"""What all commands share: where they print, and their `--json`."""

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
