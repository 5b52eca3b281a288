"""A trained chip as a thing one can keep: its arrays by name, in a file with a version, and what it is in words."""

from ohmgrad.chips.described import conductances, described, weights
from ohmgrad.chips.file import VERSION, load, read, save, write
from ohmgrad.chips.leaves import named, rebuilt

__all__ = ["VERSION", "conductances", "described", "load", "named", "read", "rebuilt", "save", "weights", "write"]
