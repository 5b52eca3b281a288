"""Direct feedback alignment: a fixed random matrix per hidden layer feeds the output error back to it directly."""

from typing import ClassVar

from ohmgrad.rules.feedforward import FixedFeedback


class DirectFeedbackAlignment(FixedFeedback):
    """All layers learn at once from the error of the output (Nokland, NeurIPS 2016, arXiv:1609.01596).

    Claim: a direction within 90 degrees of the gradient once the weights have aligned with the feedback; the gradient
    itself if the feedback equals backpropagation through the weights above. Verbs: read in the forward pass, write
    once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "direct-feedback-alignment"

    def feedback_shapes(self, layers):
        return [(layers[-1], neurons) for neurons in layers[1:-1]]

    def fed_back(self, synapses, layer, above, output, target, key):
        return self.feedback[layer - 1].read(output, key)
