"""One file per network: what its energy is and how it settles through the three verbs; how its output is pushed."""

from ohmgrad.networks.associative import Associative
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.hopfield import LayeredHopfield
from ohmgrad.networks.network import Network, Settled, State, bounded, with_bias
from ohmgrad.networks.push import Clamp, Free, Nudge, Push

__all__ = [
    "Associative",
    "Clamp",
    "FeedForward",
    "Free",
    "LayeredHopfield",
    "Network",
    "Nudge",
    "Push",
    "Settled",
    "State",
    "bounded",
    "with_bias",
]
