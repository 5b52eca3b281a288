"""One run: a checked recipe in, a run folder out (build, train, test, price, save, resume)."""

from ohmgrad.runs.run import begin, reopen, run

__all__ = ["begin", "reopen", "run"]
