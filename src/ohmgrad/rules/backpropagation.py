"""Backpropagation, the baseline, in the same three verbs."""

import jax
import jax.numpy as jnp

from ohmgrad.networks import FeedForward, with_bias
from ohmgrad.rules.rule import Inference, Rule, Write


class Backpropagation(Rule):
    """The exact gradient of |o - y|^2 / 2 through a feed-forward network (Rumelhart, Hinton & Williams 1986).

    Verbs: read on the way up, read_transposed on the way down, write once.
    """

    network: FeedForward

    @property
    def shapes(self):
        return self.network.shapes

    def infer(self, synapses, x, key):
        states, counts = self.network.forward(synapses, x, key)
        return Inference(states[-1], jnp.zeros(len(x))), counts

    def learn(self, synapses, x, target, key):
        forward_key, *layer_keys = jax.random.split(key, 1 + len(synapses))
        states, counts = self.network.forward(synapses, x, forward_key)
        error = (target - states[-1]) / len(x)
        writes = []
        for layer in reversed(range(len(synapses))):
            error = error * self.network.neurons[layer].slope(states[layer + 1])
            writes.append(Write(with_bias(states[layer]), error))
            if layer:
                back, more = synapses[layer].read_transposed(error, layer_keys[layer])
                error, counts = back[:, :-1], counts.plus(more)
        return writes[::-1], Inference(states[-1], jnp.zeros(len(x))), counts
