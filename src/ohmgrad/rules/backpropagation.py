"""Backpropagation, the baseline, in the same three verbs."""

from typing import ClassVar

from ohmgrad.rules.feedforward import ErrorFeedback


class Backpropagation(ErrorFeedback):
    """The exact gradient, backpropagated through the transposed arrays (Rumelhart, Hinton & Williams 1986).

    Verbs: read in the forward pass, read_transposed in the backward pass, write once.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "backpropagation"

    def fed_back(self, synapses, layer, above, output, target, key):
        back, counts = synapses[layer].read_transposed(above, key)
        return back[:, :-1], counts
