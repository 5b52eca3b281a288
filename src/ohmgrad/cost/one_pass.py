"""The digital baseline of a convolutional network: the work of backpropagation through its layers."""

import jax
import jax.numpy as jnp

from ohmgrad.networks import Settling
from ohmgrad.rules.rule import Learned, SettlingRule, free_phase


class OnePass(SettlingRule):
    """One forward sweep and one write per matrix: the work of backpropagation through the same layers.

    The sweep reads every matrix once and all but the first once transposed; each is written once. This rule is for
    pricing only: it cannot train, since it ignores the target.
    """

    free: Settling = Settling(1)

    def learn(self, synapses, x, target, key):
        phase = free_phase(self.network, synapses, x, self.free, *jax.random.split(key))
        writes = self.network.writes(x, phase.settled.state, jnp.ones(len(x)))
        return Learned(writes, phase.inference, phase.inference.counts)
