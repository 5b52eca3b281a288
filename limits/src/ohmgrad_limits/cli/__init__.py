"""`ohmgrad limits`: parses, calls, prints.

One file per command; the modules that compute are imported when a command is called.
"""

from ohmgrad_limits.cli.app import app

__all__ = ["app"]
