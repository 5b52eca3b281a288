"""A settling network whose last hidden layer is read by softmax regression, outside the energy."""

import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from ohmgrad.counts import Counts
from ohmgrad.networks.feedforward import FeedForward
from ohmgrad.networks.hopfield import CoupledLayers
from ohmgrad.networks.network import Pair, with_bias
from ohmgrad.networks.neurons import LINEAR, NEURONS, Neuron
from ohmgrad.networks.push import Free
from ohmgrad.parts import Number, number, part


class SoftmaxReadout(CoupledLayers):
    """Inputs and hidden layers coupled both ways; outputs are read by softmax, outside the energy.

    p = softmax([s, 1] W), where s is the last hidden layer (Laborieux et al. 2021, 2022). A nudge of strength b toward
    y adds b times the cross-entropy of p and y to the energy. Its force b (y - p) on the logits is the last entry of
    the state: by `read_transposed` it drives s, and its product with s is the gradient of the readout's weights. In the
    free phase there is no force, and the readout's array is not read. The answer is p.

    Raises:
        InputError: if a field is out of range.
    """

    kind: ClassVar[str] = "softmax-readout"
    nudge_limit: ClassVar[float] = math.inf
    output_neurons: ClassVar[bool] = False
    hidden_neuron: Neuron = part(NEURONS["logistic"], "activation of hidden neurons", named=NEURONS)
    drive_noise: Number | None = number(
        None,
        "standard deviation of noise added to every neuron's drive (summed input) in every sweep",
        off=0.0,
        ge=0,
        le=10,
    )

    @property
    def noise(self):
        return self.drive_noise

    @property
    def layers(self):
        return (self.inputs, *self.hidden)

    @property
    def shapes(self):
        return (*super().shapes, (self.hidden[-1] + 1, self.outputs))

    @property
    def one_pass(self):
        return FeedForward(self.inputs, self.hidden, self.outputs, self.hidden_neuron, LINEAR)

    def start(self, x):
        return (*super().start(x), jnp.zeros((len(x), self.outputs), x.dtype))

    def update(self, synapses, feed, push, state, layer, key):
        *hidden, force = state
        free = isinstance(push, Free)
        if layer == len(hidden):
            if free:
                return push.force(force), Counts()
            logits, counts = synapses[-1].read(with_bias(hidden[-1]), key)
            return push.force(jax.nn.softmax(logits)), counts
        drive_key, force_key = jax.random.split(key)
        drive, counts = self.drive(synapses[:-1], feed, tuple(hidden), layer, drive_key)
        if layer == len(hidden) - 1 and not free:
            back, read = synapses[-1].read_transposed(force, force_key)
            drive, counts = drive + back[:, :-1], counts.plus(read)
        return self.neuron(layer)(drive), counts

    def answer(self, synapses, state, key):
        logits, counts = synapses[-1].read(with_bias(state[-2]), key)
        return jax.nn.softmax(logits), counts

    def pairs(self, x, state):
        *hidden, force = state
        return [*super().pairs(x, tuple(hidden)), Pair(with_bias(hidden[-1]), force)]

    def energy(self, weights, x, state):
        """The energy of the coupled layers; the readout is not part of it."""
        return super().energy(weights[:-1], x, state[:-1])
