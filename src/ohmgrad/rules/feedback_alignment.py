"""Feedback alignment: backpropagation through fixed random matrices instead of the transposed weights."""

import itertools
from typing import ClassVar

from ohmgrad.rules.feedforward import FixedFeedback


class FeedbackAlignment(FixedFeedback):
    """Errors are fed back layer by layer by fixed random matrices (Lillicrap et al., Nat. Commun. 7, 13276, 2016).

    Claim: a direction within 90 degrees of the gradient once the weights have aligned with the feedback; the gradient
    itself if the feedback is the transpose of the weights. Verbs: read in the forward pass, write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "feedback-alignment"

    def feedback_shapes(self, layers):
        return [(above, below) for below, above in itertools.pairwise(layers[1:])]

    def fed_back(self, synapses, layer, above, output, target, key):
        return self.feedback[layer - 1].read(above, key)
