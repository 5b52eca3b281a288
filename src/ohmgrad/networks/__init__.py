"""One file per network: what its energy is and how it settles through the three verbs; how its output is pushed."""

from ohmgrad.networks import diodes
from ohmgrad.networks.associative import Associative
from ohmgrad.networks.convolutional_hopfield import ConvolutionalHopfield
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.hopfield import LayeredHopfield
from ohmgrad.networks.network import LayerNetwork, Network, Pair, Write, with_bias
from ohmgrad.networks.neurons import HARD_SIGMOID, HARD_TANH, LINEAR, RELU, Bounded, Logistic, Neuron, Tanh
from ohmgrad.networks.pooling import AveragePooling, MaxPooling, Pooling, SoftPooling
from ohmgrad.networks.push import Clamp, Free, Nudge, Push
from ohmgrad.networks.readout import SoftmaxReadout
from ohmgrad.networks.resistive import ResistiveNetwork
from ohmgrad.networks.settling import Settled, Settling, State, Verdict

__all__ = [
    "HARD_SIGMOID",
    "HARD_TANH",
    "LINEAR",
    "RELU",
    "Associative",
    "AveragePooling",
    "Bounded",
    "Clamp",
    "ConvolutionalHopfield",
    "FeedForward",
    "Free",
    "LayerNetwork",
    "LayeredHopfield",
    "Logistic",
    "MaxPooling",
    "Network",
    "Neuron",
    "Nudge",
    "Pair",
    "Pooling",
    "Push",
    "ResistiveNetwork",
    "Settled",
    "Settling",
    "SoftPooling",
    "SoftmaxReadout",
    "State",
    "Tanh",
    "Verdict",
    "Write",
    "diodes",
    "with_bias",
]
