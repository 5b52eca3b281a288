"""The terminal's `ohmgrad limits`: parses, calls, prints.

One file per command; what computes is imported once a command is called.
"""

from ohmgrad_limits.cli.app import app

__all__ = ["app"]
