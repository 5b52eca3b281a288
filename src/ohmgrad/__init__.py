"""ohmgrad: neural networks trained without backpropagation on simulated memristor crossbars.

The rooms, from the ground up: `data`, `devices`, `crossbar`, `synapses`, `networks`, `rules`, `training`, `chips`,
`cost`, `footprint`, `ledger`, `recipes`, `runs`, `report`, `spice`; `parts` is what all of them are made of. A room is
imported when it is first named (`ohmgrad.networks.LayeredHopfield`), so that the terminal answers at once.
"""

import importlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ohmgrad import (
        chips,
        cost,
        crossbar,
        data,
        devices,
        footprint,
        ledger,
        networks,
        parts,
        recipes,
        report,
        rules,
        runs,
        spice,
        synapses,
        training,
    )
    from ohmgrad.runs import Opened

__version__ = version("ohmgrad")
__all__ = [
    "chips",
    "cost",
    "crossbar",
    "data",
    "devices",
    "footprint",
    "ledger",
    "load",
    "networks",
    "parts",
    "recipes",
    "report",
    "rules",
    "runs",
    "spice",
    "synapses",
    "training",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"ohmgrad.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load(folder: "str | Path") -> "Opened":
    """A finished run opened again: its trained chips, to be asked, tested, aged and described (`runs.Opened`).

    Args:
        folder: Of the run.

    Raises:
        InputError: where there is no finished run, or one that kept no chips, damaged ones, or ones of another version.
    """
    from ohmgrad import runs

    return runs.load(folder)
