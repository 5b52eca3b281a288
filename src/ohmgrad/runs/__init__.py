"""One run: a checked recipe in, a run folder out (build, train, test, price, save, resume), and opened again."""

from ohmgrad.runs.opened import Opened, load
from ohmgrad.runs.run import begin, reopen, run

__all__ = ["Opened", "begin", "load", "reopen", "run"]
