"""What all commands share: where they print, and their `--json`."""

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

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else there.")]


Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Change a field of the recipe; repeat for more.")
]


class Explained(TyperGroup):
    """Commands whose faults name the terminal's options; without a command it explains itself, which is no fault."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def invoke(self, ctx) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            raise InputError(_by_option(str(error), command.params if command else ())) from error


def _by_option(sentence: str, parameters: Iterable[Any]) -> str:
    """A sentence with options in place of the parameters, or fields of a recipe, that it names in backquotes.

    `read_volts` becomes --read-volts, and `data.folder` the option of the parameter data_folder.
    """
    options = {each.name: each.opts[0] for each in parameters if each.opts[0].startswith("-")}
    return re.sub(r"`([\w.]+)`", lambda name: options.get(name[1].replace(".", "_"), name[0]), sentence)


def say(text: str, console: Console = out) -> None:
    """Print a line with rich's markup, on standard output unless another is named."""
    line(console, text)


def bars(counted: str) -> "Progress":
    """Bars on standard error that count to the ends of tasks; silent where that is no terminal.

    Args:
        counted: What stands behind the numbers, in rich's template of a task.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    name, numbers, end = TextColumn("{task.description:10}"), MofNCompleteColumn(), TimeRemainingColumn()
    columns = name, BarColumn(), numbers, TextColumn(counted), end
    return Progress(*columns, console=err, disable=not err.is_terminal)


def check_target(option: str, target: Path, *suffixes: str) -> None:
    """Raises InputError where a file to be written has another ending than those, or cannot be written there."""
    if target.suffix.lower() not in suffixes:
        raise InputError(f"{option}: '{target}' must end in {' or '.join(suffixes)}")
    files.check_target(target, option)


def print_json(content: dict) -> None:
    """One JSON object on standard output; what is no number in JSON is a fault of ours."""
    print(json.dumps(content, indent=2, allow_nan=False))


def tell_jax() -> None:
    """Let JAX take every core for a device of its own, and keep what it compiles for the next run where it can.

    What the user has told it himself stands.
    """
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(os.cpu_count() or 1))
    cache = files.cache()
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    if os.access(cache, os.W_OK):
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
