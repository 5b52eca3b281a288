"""Studies: many trainings as one question, declared in a file, equally tuned, resumable, with statistics.

`load` reads a study; `plan` says what it would do; `begin` and `run` carry it out in a folder; `table` are its results, and
`findings` what they say.
"""

from typing import TYPE_CHECKING

import lazy_loader

from ohmgrad.studies.library import names, text

if TYPE_CHECKING:
    from ohmgrad.studies.cells import Cell
    from ohmgrad.studies.execute import Planned, begin, plan, reopen, run
    from ohmgrad.studies.probe import Expected, probe
    from ohmgrad.studies.schema import Study, load
    from ohmgrad.studies.store import Store
    from ohmgrad.studies.results import table

__all__ = [
    "Cell",
    "Expected",
    "Planned",
    "Store",
    "Study",
    "begin",
    "load",
    "names",
    "plan",
    "probe",
    "reopen",
    "run",
    "table",
    "text",
]
__getattr__, *_ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cells": ["Cell"],
        "execute": ["Planned", "begin", "plan", "reopen", "run"],
        "probe": ["Expected", "probe"],
        "schema": ["Study", "load"],
        "store": ["Store"],
        "results": ["table"],
    },
)
