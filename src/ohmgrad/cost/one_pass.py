"""The digital opponent of a network of kernels: backpropagation through its layers, in the verbs that it has."""

import jax
import jax.numpy as jnp

from ohmgrad.networks import Settling
from ohmgrad.rules.rule import Learned, SettlingRule, free_phase


class OnePass(SettlingRule):
    """One sweep upward and one write per matrix: what backpropagation through the same layers asks, to be priced.

    Such a sweep reads every matrix once and carries back through all but the first, and each is written once. It is no
    rule to train with: nothing tells it what the answer should be.
    """

    free: Settling = Settling(1)

    def learn(self, synapses, x, target, key):
        phase = free_phase(self.network, synapses, x, self.free, *jax.random.split(key))
        writes = self.network.writes(x, phase.settled.state, jnp.ones(len(x)))
        return Learned(writes, phase.inference, phase.inference.counts)
