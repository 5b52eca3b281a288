"""What all commands share: where they print, and their `--json`."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperGroup

from ohmgrad import files
from ohmgrad.errors import InputError

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else there.")]


class Explained(TyperGroup):
    """Without a command it explains itself, which is no fault."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])


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
