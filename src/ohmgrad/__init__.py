"""ohmgrad: neural networks trained without backpropagation on simulated memristor crossbars.

The subpackages, from the ground up: `data`, `devices`, `crossbar`, `synapses`, `networks`, `rules`, `training`,
`chips`, `cost`, `footprint`, `ledger`, `recipes`, `runs`, `report`, `spice`. `parts` defines the base class `Part` of
all components. A subpackage is imported at its first use (`ohmgrad.networks.LayeredHopfield`), so that the command
line starts quickly.

`run` trains a recipe or parts built in Python, `load` opens a finished run, and `calibrate` determines converter and
weight ranges for a rule, a task and hardware. Invalid input raises `InputError` with a one-sentence message.
"""

import importlib
from importlib.metadata import version
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
    from ohmgrad.errors import InputError
    from ohmgrad.runs import calibrate, load
    from ohmgrad.runs.python import run

__version__ = version("ohmgrad")
__all__ = [
    "InputError",
    "calibrate",
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
    "run",
    "runs",
    "spice",
    "synapses",
    "training",
]
_HOMES = {"InputError": "errors", "calibrate": "runs", "load": "runs", "run": "runs.python"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"ohmgrad.{_HOMES[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"ohmgrad.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
