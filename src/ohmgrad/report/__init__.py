"""A run folder to pictures and one self-contained HTML page, and to a table in the terminal."""

from ohmgrad.report.page import write

__all__ = ["write"]
