"""Direct random target projection: hidden layers learn from the target alone, without waiting for the output."""

from typing import ClassVar

from ohmgrad.rules.feedforward import FixedFeedback


class DirectRandomTargetProjection(FixedFeedback):
    """The target replaces the error of direct feedback alignment (Frenkel et al., Front. Neurosci. 15:629892, 2021).

    With a one-hot target and outputs between 0 and 1, the error y - o is positive only where y is, so y can replace it,
    and no layer waits for the output. Claim: hidden writes within 90 degrees of minus the gradient once the weights
    have aligned with the feedback, as long as answers are wrong (unlike the error, the target does not vanish); with
    one hidden layer, a linear output and the transposed weights as feedback, minus the gradient of -y o. Verbs: read in
    the forward pass, write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "direct-random-target-projection"

    def feedback_shapes(self, layers):
        return [(layers[-1], neurons) for neurons in layers[1:-1]]

    def fed_back(self, synapses, layer, above, output, target, key):
        return self.feedback[layer - 1].read(target / len(target), key)
