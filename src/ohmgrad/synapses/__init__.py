"""Who implements the three verbs: floating-point weights, with an optimiser or without, devices on crossbars; kernels
unrolled, and complex vectors split, on either."""

from ohmgrad.synapses.complex import Complex, as_real
from ohmgrad.synapses.convolution import Convolution
from ohmgrad.synapses.crossbar import Crossbar
from ohmgrad.synapses.ideal import Fixed, Ideal
from ohmgrad.synapses.optimised import Adam, Optimised, Optimiser, Sgd
from ohmgrad.synapses.synapse import Conductances, Synapse, Terminals

__all__ = [
    "Adam",
    "Complex",
    "Conductances",
    "Convolution",
    "Crossbar",
    "Fixed",
    "Ideal",
    "Optimised",
    "Optimiser",
    "Sgd",
    "Synapse",
    "Terminals",
    "as_real",
]
