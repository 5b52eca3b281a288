"""Implementations of the three verbs: ideal weights, with or without an optimiser, and crossbars of devices.

`Convolution` and `Complex` wrap either of them for images and for complex vectors.
"""

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
