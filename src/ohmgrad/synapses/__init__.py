"""Who implements the three verbs: floating-point weights, with an optimiser or without, devices on crossbars; kernels
unrolled, and complex vectors split, on either."""

from ohmgrad.synapses.complex import Complex, as_real
from ohmgrad.synapses.convolution import Convolution
from ohmgrad.synapses.crossbar import Crossbar
from ohmgrad.synapses.ideal import Ideal
from ohmgrad.synapses.optimised import Optimised
from ohmgrad.synapses.synapse import Conductances, Synapse, Terminals

__all__ = [
    "Complex",
    "Conductances",
    "Convolution",
    "Crossbar",
    "Ideal",
    "Optimised",
    "Synapse",
    "Terminals",
    "as_real",
]
