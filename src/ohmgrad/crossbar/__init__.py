"""One array with its converters: mapping of weights to pairs of conductances, tiles, DAC and ADC, effects on or off."""

from ohmgrad.crossbar.hardware import EFFECTS, Effect, Hardware, Scheme

__all__ = ["EFFECTS", "Effect", "Hardware", "Scheme"]
