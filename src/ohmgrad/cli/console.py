"""Shared by all commands: consoles, common options, errors."""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from ohmgrad import files
from ohmgrad.errors import InputError
from ohmgrad.report.tables import line

if TYPE_CHECKING:
    from rich.progress import Progress

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else to standard output.")]


Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Set a field of the recipe; may be repeated.")
]


class Explained(TyperGroup):
    """A group of commands. Errors name options instead of parameters; without a command the help is printed."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def invoke(self, ctx) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            raise InputError(_by_option(str(error), command.params if command else ())) from error


def _by_option(sentence: str, parameters: Iterable[Any]) -> str:
    """Replace parameters, and recipe fields, in backquotes by the options that set them.

    `read_volts` becomes --read-volts; `data.folder` becomes the option of the parameter data_folder.
    """
    options = {each.name: each.opts[0] for each in parameters if each.opts[0].startswith("-")}
    return re.sub(r"`([\w.]+)`", lambda name: options.get(name[1].replace(".", "_"), name[0]), sentence)


def say(text: str, console: Console = out) -> None:
    """Print a line with rich's markup, by default to standard output."""
    line(console, text)


def bars(counted: str) -> "Progress":
    """Progress bars on standard error; silent if that is not a terminal.

    Args:
        counted: Text after the numbers, as a rich template of a task.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    name, numbers, end = TextColumn("{task.description:10}"), MofNCompleteColumn(), TimeRemainingColumn()
    columns = name, BarColumn(), numbers, TextColumn(counted), end
    return Progress(*columns, console=err, disable=not err.is_terminal)


def check_target(option: str, target: Path, *suffixes: str) -> None:
    """Raises InputError if the file has another suffix than these, or cannot be written."""
    if target.suffix.lower() not in suffixes:
        raise InputError(f"{option}: '{target}' must end in {' or '.join(suffixes)}")
    files.check_target(target, option)


def print_json(content: dict) -> None:
    """Print one JSON object to standard output. Raises ValueError for NaN and infinity."""
    print(json.dumps(content, indent=2, allow_nan=False))


def tell_jax(devices: int | None = None) -> None:
    """Make JAX use CPU cores as devices, and cache compiled code in the user's cache folder if it is writable.

    Environment variables that the user has set take precedence.

    Args:
        devices: Number of devices. None: one per core.
    """
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(devices or os.cpu_count() or 1))
    cache = files.cache()
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    if os.access(cache, os.W_OK):
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
