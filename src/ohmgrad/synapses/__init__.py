"""Who implements the three verbs: ideal floating-point weights, or devices on crossbars; kernels unrolled on either."""

from ohmgrad.synapses.convolution import Convolution
from ohmgrad.synapses.crossbar import Crossbar
from ohmgrad.synapses.ideal import Ideal
from ohmgrad.synapses.synapse import Standing, Synapse

__all__ = ["Convolution", "Crossbar", "Ideal", "Standing", "Synapse"]
