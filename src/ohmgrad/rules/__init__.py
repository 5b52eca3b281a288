"""One file per learning rule: settled states in, outer products to write out, in the three verbs only."""

from ohmgrad.rules.activity_difference import ActivityDifference
from ohmgrad.rules.backpropagation import Backpropagation
from ohmgrad.rules.direct_feedback_alignment import DirectFeedbackAlignment
from ohmgrad.rules.direct_random_target_projection import DirectRandomTargetProjection
from ohmgrad.rules.feedback_alignment import FeedbackAlignment
from ohmgrad.rules.forward_forward import ForwardForward
from ohmgrad.rules.holomorphic import HolomorphicEquilibriumPropagation
from ohmgrad.rules.perturbation import NodePerturbation, WeightPerturbation
from ohmgrad.rules.predictive_coding import PredictiveCoding
from ohmgrad.rules.recurrent_backpropagation import RecurrentBackpropagation, TruncatedBackpropagation
from ohmgrad.rules.rule import Inference, Rule, Write

__all__ = [
    "ActivityDifference",
    "Backpropagation",
    "DirectFeedbackAlignment",
    "DirectRandomTargetProjection",
    "FeedbackAlignment",
    "ForwardForward",
    "HolomorphicEquilibriumPropagation",
    "Inference",
    "NodePerturbation",
    "PredictiveCoding",
    "RecurrentBackpropagation",
    "Rule",
    "TruncatedBackpropagation",
    "WeightPerturbation",
    "Write",
]
