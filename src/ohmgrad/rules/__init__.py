"""One file per learning rule: settled states in, outer products to write out, in the three verbs only."""

from ohmgrad.rules.activity_difference import ActivityDifference
from ohmgrad.rules.backpropagation import Backpropagation
from ohmgrad.rules.holomorphic import HolomorphicEquilibriumPropagation
from ohmgrad.rules.recurrent_backpropagation import RecurrentBackpropagation, TruncatedBackpropagation
from ohmgrad.rules.rule import Inference, Rule, Write

__all__ = [
    "ActivityDifference",
    "Backpropagation",
    "HolomorphicEquilibriumPropagation",
    "Inference",
    "RecurrentBackpropagation",
    "Rule",
    "TruncatedBackpropagation",
    "Write",
]
