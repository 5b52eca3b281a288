"""What was found, for people: numbers in words, tables of them, pictures, and the page that has everything.

Tables are `Grid`s of words, which the terminal prints and the page shows alike; pictures are SVG text.
"""

from ohmgrad_limits.show import pictures, tables
from ohmgrad_limits.show.page import Page, build
from ohmgrad_limits.show.words import Grid

__all__ = ["Grid", "Page", "build", "pictures", "tables"]
