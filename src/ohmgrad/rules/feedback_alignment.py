"""Feedback alignment: backpropagation whose way back is random and never learns."""

import itertools
from typing import ClassVar

from ohmgrad.rules.feedforward import FixedFeedback


class FeedbackAlignment(FixedFeedback):
    """Errors go down layer by layer through fixed random matrices (Lillicrap et al., Nat. Commun. 7, 13276, 2016).

    Claim: a direction within 90 degrees of the gradient once the weights have aligned with the feedback; the gradient
    itself where the feedback is the transpose of the weights. Verbs: read on the way up, write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "feedback-alignment"

    def feedback_shapes(self, layers):
        return [(above, below) for below, above in itertools.pairwise(layers[1:])]

    def fed_back(self, synapses, layer, above, output, target, key):
        return self.feedback[layer - 1].read(above, key)
