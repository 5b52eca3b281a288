"""Learning rules, one file each: from inputs and targets to outer products to write, by the three verbs only.

The verbs are `read`, `read_transposed` and `write`. "Claim" in a docstring states how a rule's write relates to the
gradient.
"""

import importlib
import pkgutil

from ohmgrad.networks import Write
from ohmgrad.rules.activity_difference import ActivityDifference
from ohmgrad.rules.backpropagation import Backpropagation
from ohmgrad.rules.direct_feedback_alignment import DirectFeedbackAlignment
from ohmgrad.rules.direct_random_target_projection import DirectRandomTargetProjection
from ohmgrad.rules.feedback_alignment import FeedbackAlignment
from ohmgrad.rules.feedforward import ErrorFeedback, FeedForwardRule, FixedFeedback
from ohmgrad.rules.forward_forward import ForwardForward
from ohmgrad.rules.holomorphic import HolomorphicEquilibriumPropagation
from ohmgrad.rules.perturbation import NodePerturbation, Perturbation, WeightPerturbation
from ohmgrad.rules.predictive_coding import PredictiveCoding
from ohmgrad.rules.recurrent_backpropagation import RecurrentBackpropagation, TruncatedBackpropagation
from ohmgrad.rules.rule import Inference, Learned, Phase, Rule, SettlingRule, free_phase

__all__ = [
    "ActivityDifference",
    "Backpropagation",
    "DirectFeedbackAlignment",
    "DirectRandomTargetProjection",
    "ErrorFeedback",
    "FeedForwardRule",
    "FeedbackAlignment",
    "FixedFeedback",
    "ForwardForward",
    "HolomorphicEquilibriumPropagation",
    "Inference",
    "Learned",
    "NodePerturbation",
    "Perturbation",
    "Phase",
    "PredictiveCoding",
    "RecurrentBackpropagation",
    "Rule",
    "SettlingRule",
    "TruncatedBackpropagation",
    "WeightPerturbation",
    "Write",
    "free_phase",
]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)  # so that `Rule.kinds()` knows every rule of this folder
