"""The digital opponent of a network of kernels: backpropagation through its layers, in the verbs that it has."""

import jax
import jax.numpy as jnp

from ohmgrad.networks import Network, Settling
from ohmgrad.rules.rule import SettlingRule, free_phase


class OnePass(SettlingRule[Network]):
    """One sweep upward and one write per matrix: what backpropagation through the same layers asks, to be priced.

    Such a sweep reads every matrix once and carries back through all but the first, and each is written once. It is no
    rule to train with: nothing tells it what the answer should be.
    """

    def infer(self, synapses, x, key):
        *_, inference, counts = free_phase(self.network, synapses, x, Settling(1), *jax.random.split(key))
        return inference, counts

    def learn(self, synapses, x, target, key):
        network, keys = self.network, jax.random.split(key)
        _, state, inference, counts = free_phase(network, synapses, x, Settling(1), *keys)
        return network.writes(x, state, jnp.ones(len(x))), inference, counts
