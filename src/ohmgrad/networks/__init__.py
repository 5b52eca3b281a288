"""One file per network: what its energy is and how it settles through the three verbs; how its output is pushed."""

from ohmgrad.networks.associative import Associative
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.hopfield import LayeredHopfield
from ohmgrad.networks.network import LayerNetwork, Network, Pair, Write, with_bias
from ohmgrad.networks.neurons import HARD_SIGMOID, HARD_TANH, LINEAR, RELU, Bounded, Logistic, Neuron, Tanh
from ohmgrad.networks.push import Clamp, Free, Nudge, Push
from ohmgrad.networks.settling import Settled, Settling, State, Verdict

__all__ = [
    "HARD_SIGMOID",
    "HARD_TANH",
    "LINEAR",
    "RELU",
    "Associative",
    "Bounded",
    "Clamp",
    "FeedForward",
    "Free",
    "LayerNetwork",
    "LayeredHopfield",
    "Logistic",
    "Network",
    "Neuron",
    "Nudge",
    "Pair",
    "Push",
    "Settled",
    "Settling",
    "State",
    "Tanh",
    "Verdict",
    "Write",
    "with_bias",
]
