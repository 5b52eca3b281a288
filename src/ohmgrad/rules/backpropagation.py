"""Backpropagation, the baseline, in the same three verbs."""

from ohmgrad.rules.feedforward import ErrorFeedback


class Backpropagation(ErrorFeedback):
    """The exact gradient of the loss through a feed-forward network (Rumelhart, Hinton & Williams 1986).

    Verbs: read on the way up, read_transposed on the way down, write once.
    """

    def sent_back(self, synapses, layer, above, output, target, key):
        back, counts = synapses[layer].read_transposed(above, key)
        return back[:, :-1], counts
