"""One run: a recipe, or parts, in; a result out, in memory or in a folder (build, train, test, price, save, resume),
from which it is opened again."""

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
