"""Trained chips: their arrays by name, saving and loading them in a versioned file, and descriptions."""

from ohmgrad.chips.described import conductances, described, weights
from ohmgrad.chips.file import VERSION, load, read, save, write
from ohmgrad.chips.leaves import named, rebuilt

__all__ = ["VERSION", "conductances", "described", "load", "named", "read", "rebuilt", "save", "weights", "write"]
