"""Runs: build, train, test, price, save and resume a recipe or parts; the result is in memory or in a folder."""

from ohmgrad.runs.calibration import calibrate
from ohmgrad.runs.from_parts import run_parts
from ohmgrad.runs.python import run_recipe
from ohmgrad.runs.ranges import Ranges
from ohmgrad.runs.result import Result, load
from ohmgrad.runs.run import begin, reopen, run
from ohmgrad.runs.setup import Learner, Setup

__all__ = [
    "Learner",
    "Ranges",
    "Result",
    "Setup",
    "begin",
    "calibrate",
    "load",
    "reopen",
    "run",
    "run_parts",
    "run_recipe",
]
