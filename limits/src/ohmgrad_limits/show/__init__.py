"""Presentation: formatted numbers, tables, pictures, and the page with all results.

Tables are `Grid`s of text, shown by the terminal and on the page. Pictures are SVG text.
"""

from ohmgrad_limits.show import pictures, tables
from ohmgrad_limits.show.page import Page, build
from ohmgrad_limits.show.words import Grid

__all__ = ["Grid", "Page", "build", "pictures", "tables"]
