"""Who implements the three verbs: ideal floating-point weights, or pairs of devices on crossbars."""

from ohmgrad.synapses.crossbar import Crossbar
from ohmgrad.synapses.ideal import Ideal
from ohmgrad.synapses.synapse import Synapse

__all__ = ["Crossbar", "Ideal", "Synapse"]
