"""Commands of other distributions: entry points of the group `ohmgrad.commands`, imported when they are called.

The name of an entry point is the command's name, its value a `typer.Typer`. The program's help shows the summary of the
distribution, without importing it.
"""

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer.main
from typer.core import TyperGroup

from ohmgrad.cli.console import Explained
from ohmgrad.errors import InputError

GROUP = "ohmgrad.commands"
OFFERED = {"limits": "./limits"}
"""Commands in separate distributions of this repository, with their folders."""


class Extensible(Explained):
    """A group that includes the commands of installed distributions."""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(entry_points(group=GROUP).names - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _plugin(cmd_name)


class Plugin(TyperGroup):
    """A command of which only name and summary are known until it is called."""

    def __init__(self, entry: EntryPoint):
        super().__init__(name=entry.name, help=entry.dist.metadata["Summary"] if entry.dist else None)
        self._entry = entry

    @cached_property
    def loaded(self) -> Any:
        """The imported command. Raises InputError if its distribution cannot be imported."""
        try:
            return typer.main.get_command(self._entry.load())
        except (ImportError, AttributeError) as error:
            raise InputError(f"{self.name}: {self._entry.value} cannot be loaded ({error})") from None

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.loaded.make_context(info_name, args, parent, **extra)


def _plugin(name: str) -> Plugin | None:
    """The command of that name, or None if no distribution has it.

    Raises InputError if it belongs to a distribution of this repository that is not installed.
    """
    found = entry_points(group=GROUP, name=name)
    if not found and name in OFFERED:
        raise InputError(
            f"{name}: not installed; it is a separate distribution; in a clone of ohmgrad: pip install {OFFERED[name]}"
        )
    return Plugin(next(iter(found))) if found else None
