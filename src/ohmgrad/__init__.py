"""ohmgrad: neural networks trained without backpropagation on simulated memristor crossbars.

The rooms, from the ground up: `data`, `devices`, `crossbar`, `synapses`, `networks`, `rules`, `ledger`, `training`,
`recipes`, `runs`, `report`. Import the room you need (`from ohmgrad import networks`); this module stays light so that
the terminal answers at once.
"""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohmgrad.runs import Opened

__version__ = version("ohmgrad")


def load(folder: "str | Path") -> "Opened":
    """A finished run opened again: its trained chips, to be asked, tested, aged and described (`runs.Opened`).

    Args:
        folder: Of the run.

    Raises:
        InputError: where there is no finished run, or one that kept no chips, damaged ones, or ones of another version.
    """
    from ohmgrad import runs

    return runs.load(folder)
