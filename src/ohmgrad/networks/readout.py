"""An energy network whose last layer is read by softmax regression, outside of the energy."""

import equinox as eqx
import jax
import jax.numpy as jnp

from ohmgrad.counts import Counts
from ohmgrad.networks.hopfield import LayeredHopfield
from ohmgrad.networks.network import LayerNetwork, Pair, with_bias
from ohmgrad.networks.push import Free


class SoftmaxReadout(LayerNetwork):
    """A settling `body` and p = softmax([s, 1] W), s being its last layer (Laborieux et al. 2021, 2022).

    A nudge of strength b toward y adds b times the cross-entropy of p and y to the energy. Its force b (y - p) on the
    logits is the last entry of the state: through `read_transposed` it drives s, and its product with s is what the
    readout's weights are to gain. Left free there is no force, and the array of the readout rests; the answer is p.
    """

    body: LayeredHopfield
    classes: int = eqx.field(static=True)

    @property
    def shapes(self):
        return (*self.body.shapes, (self.body.layers[-1] + 1, self.classes))

    def start(self, x):
        state = self.body.start(x)
        return (*state, jnp.zeros((len(x), self.classes), x.dtype))

    def feed(self, synapses, x, key):
        return self.body.feed(synapses, x, key)

    def update(self, synapses, feed, push, state, layer, key):
        *inner, force = state
        free = isinstance(push, Free)
        if layer == len(inner):
            if free:
                return push.force(force), Counts()
            logits, counts = synapses[-1].read(with_bias(inner[-1]), key)
            return push.force(jax.nn.softmax(logits)), counts
        drive_key, force_key = jax.random.split(key)
        drive, counts = self.body.drive(synapses[:-1], feed, tuple(inner), layer, drive_key)
        if layer == len(inner) - 1 and not free:
            back, more = synapses[-1].read_transposed(force, force_key)
            drive, counts = drive + back[:, :-1], counts.plus(more)
        return self.body.neuron(layer)(drive), counts

    def answer(self, synapses, state, key):
        logits, counts = synapses[-1].read(with_bias(state[-2]), key)
        return jax.nn.softmax(logits), counts

    def pairs(self, x, state):
        *inner, force = state
        return [*self.body.pairs(x, tuple(inner)), Pair(with_bias(inner[-1]), force)]

    def energy(self, weights, x, state):
        """Of the body: the readout takes no part in it."""
        return self.body.energy(weights[:-1], x, state[:-1])
