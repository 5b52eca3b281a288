"""Networks: their energies and how they settle by the three verbs (read, read_transposed, write), one file each."""

import importlib
import pkgutil

from ohmgrad.networks import diodes
from ohmgrad.networks.associative import Associative
from ohmgrad.networks.convolutional_hopfield import ConvolutionalHopfield
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.hopfield import CoupledLayers, LayeredHopfield
from ohmgrad.networks.network import Feed, LayerNetwork, Network, Pair, SettlingNetwork, Write, copies, with_bias
from ohmgrad.networks.neurons import HARD_SIGMOID, HARD_TANH, LINEAR, NEURONS, RELU, Bounded, Logistic, Neuron, Tanh
from ohmgrad.networks.pooling import AveragePooling, MaxPooling, Pooling, SoftPooling
from ohmgrad.networks.push import Clamp, Free, Nudge, Push
from ohmgrad.networks.readout import SoftmaxReadout
from ohmgrad.networks.resistive import ResistiveNetwork
from ohmgrad.networks.settling import Order, Settled, Settling, State, Verdict

__all__ = [
    "HARD_SIGMOID",
    "HARD_TANH",
    "LINEAR",
    "NEURONS",
    "RELU",
    "Associative",
    "AveragePooling",
    "Bounded",
    "Clamp",
    "ConvolutionalHopfield",
    "CoupledLayers",
    "Feed",
    "FeedForward",
    "Free",
    "LayerNetwork",
    "LayeredHopfield",
    "Logistic",
    "MaxPooling",
    "Network",
    "Neuron",
    "Nudge",
    "Order",
    "Pair",
    "Pooling",
    "Push",
    "ResistiveNetwork",
    "Settled",
    "Settling",
    "SettlingNetwork",
    "SoftPooling",
    "SoftmaxReadout",
    "State",
    "Tanh",
    "Verdict",
    "Write",
    "copies",
    "diodes",
    "with_bias",
]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)  # so that `Network.kinds()` knows every network of this folder
