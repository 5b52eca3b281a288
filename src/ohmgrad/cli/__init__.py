"""The command line: parses, calls, prints. One file per command or group of commands."""

from ohmgrad.cli.main import app, main

__all__ = ["app", "main"]
