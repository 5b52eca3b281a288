"""Studies: many trainings as one question, declared in a file, equally tuned, resumable, with statistics.

`load` reads a study; `plan` says what it would do; `begin` and `run` carry it out in a folder; `gathered` gives its
table of results and what they say.
"""

from typing import TYPE_CHECKING

import lazy_loader

from ohmgrad.studies.library import names, text

if TYPE_CHECKING:
    from ohmgrad.studies.advice import Advisor, figures
    from ohmgrad.studies.cells import Cell
    from ohmgrad.studies.execute import Planned, begin, plan, reopen, run
    from ohmgrad.studies.findings import findings
    from ohmgrad.studies.outcome import Outcome, gathered, write
    from ohmgrad.studies.probe import Expected, probe
    from ohmgrad.studies.results import table
    from ohmgrad.studies.schema import Study, load
    from ohmgrad.studies.store import Store

__all__ = [
    "Advisor",
    "Cell",
    "Expected",
    "Outcome",
    "Planned",
    "Store",
    "Study",
    "begin",
    "figures",
    "findings",
    "gathered",
    "load",
    "names",
    "plan",
    "probe",
    "reopen",
    "run",
    "table",
    "text",
    "write",
]
__getattr__, *_ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "advice": ["Advisor", "figures"],
        "cells": ["Cell"],
        "execute": ["Planned", "begin", "plan", "reopen", "run"],
        "findings": ["findings"],
        "outcome": ["Outcome", "gathered", "write"],
        "probe": ["Expected", "probe"],
        "schema": ["Study", "load"],
        "store": ["Store"],
        "results": ["table"],
    },
)
