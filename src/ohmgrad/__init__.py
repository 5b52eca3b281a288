"""ohmgrad: neural networks trained without backpropagation on simulated memristor crossbars.

The subpackages, from the ground up: `data`, `devices`, `crossbar`, `synapses`, `networks`, `rules`, `training`,
`chips`, `cost`, `footprint`, `ledger`, `recipes`, `runs`, `report`, `spice`. `parts` defines the base class `Part` of
all components. A subpackage is imported at its first use (`ohmgrad.networks.LayeredHopfield`), so that the command
line starts quickly.

`run` trains a recipe or parts built in Python, `load` opens a finished run, and `calibrate` determines converter and
weight ranges for a rule, a task and hardware. Invalid input raises `InputError` with a one-sentence message.
"""

from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING

import lazy_loader

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
_ATTRIBUTES = {"errors": ["InputError"], "runs": ["calibrate", "load"], "runs.python": ["run"]}
__getattr__, *_ = lazy_loader.attach(
    __name__, [name for name in __all__ if name not in chain(*_ATTRIBUTES.values())], _ATTRIBUTES
)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
