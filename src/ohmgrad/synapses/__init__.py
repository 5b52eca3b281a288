"""Who implements the three verbs: ideal floating-point weights, or devices on crossbars; kernels unrolled, and complex
vectors split, on either."""

from ohmgrad.synapses.complex import Complex, as_real
from ohmgrad.synapses.convolution import Convolution
from ohmgrad.synapses.crossbar import Crossbar
from ohmgrad.synapses.ideal import Ideal
from ohmgrad.synapses.synapse import Synapse

__all__ = ["Complex", "Convolution", "Crossbar", "Ideal", "Synapse", "as_real"]
