"""Commands of other distributions: entry points of the group `ohmgrad.commands`, loaded once they are called.

An entry point's name is the command's, its value a `typer.Typer`. The program's help shows the distribution's summary
and imports nothing.
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
"""Commands that this repository has as distributions of their own, and where in it."""


class Extensible(Explained):
    """A group that also has the commands which installed distributions bring."""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(entry_points(group=GROUP).names - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _plugin(cmd_name)


class Plugin(TyperGroup):
    """A command that is there by its name and summary only, until it is called."""

    def __init__(self, entry: EntryPoint):
        super().__init__(name=entry.name, help=entry.dist.metadata["Summary"] if entry.dist else None)
        self._entry = entry

    @cached_property
    def loaded(self) -> Any:
        """The command itself. Raises InputError where its distribution cannot be imported."""
        try:
            return typer.main.get_command(self._entry.load())
        except (ImportError, AttributeError) as error:
            raise InputError(f"{self.name}: {self._entry.value} cannot be loaded ({error})") from None

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.loaded.make_context(info_name, args, parent, **extra)


def _plugin(name: str) -> Plugin | None:
    """The command of that name; None where no distribution is known to bring it.

    Raises InputError where a distribution of this repository brings it that is not installed.
    """
    found = entry_points(group=GROUP, name=name)
    if not found and name in OFFERED:
        raise InputError(
            f"{name}: not installed, since it is a distribution of its own; in a clone of ohmgrad: "
            f"pip install {OFFERED[name]}"
        )
    return Plugin(next(iter(found))) if found else None
