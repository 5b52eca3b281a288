"""Crossbar arrays with their wires and converters: mapping of weights, tiles, write schemes, effects on or off."""

from ohmgrad.crossbar import schemes
from ohmgrad.crossbar.converters import Adc, Dac
from ohmgrad.crossbar.hardware import EFFECTS, Hardware
from ohmgrad.crossbar.mapping import Direct, Mapping, Pair, Single, Slices
from ohmgrad.crossbar.wires import Wires

__all__ = ["EFFECTS", "Adc", "Dac", "Direct", "Hardware", "Mapping", "Pair", "Single", "Slices", "Wires", "schemes"]
