"""What the rules on a plain feed-forward network share: how it answers, and errors that are sent to every layer."""

import abc
import math
from collections.abc import Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import FeedForward, with_bias
from ohmgrad.rules import loss as losses
from ohmgrad.rules.loss import Loss
from ohmgrad.rules.rule import Inference, Rule, Write
from ohmgrad.synapses import Fixed, Synapse

Errors = Float[Array, "batch neurons"]
"""Minus the derivative of the mean loss of the batch, or what a rule takes for it."""


class FeedForwardRule(Rule):
    """A rule for a network that answers in one pass. With `loss` "cross-entropy" the answer is the largest output."""

    network: FeedForward
    loss: Loss = eqx.field(static=True, default="squared", kw_only=True)

    def __check_init__(self):
        losses.checked(self.loss)

    @property
    def shapes(self):
        return self.network.shapes

    def infer(self, synapses, x, key):
        states, counts = self.network.forward(synapses, x, key)
        return Inference(states[-1], jnp.zeros(len(x))), counts

    def cost(self, output, target):
        return losses.value(self.loss, output, target)


class ErrorFeedback(FeedForwardRule):
    """Rules that take the error of the output and send something of it to every hidden layer.

    The output layer learns by its own error, which is exact; each rule says by `sent_back` what a hidden layer gets.
    While learning, each hidden neuron is silent with probability `dropout` for a sample, and the others are scaled up.
    """

    dropout: float = eqx.field(static=True, default=0.0, kw_only=True)

    @abc.abstractmethod
    def sent_back(
        self,
        synapses: Sequence[Synapse],
        layer: int,
        above: Errors,
        output: Errors,
        target: Float[Array, "batch outputs"],
        key: PRNGKeyArray,
    ) -> tuple[Errors, Counts]:
        """What the neurons of hidden layer `layer` (the first is 1) get: minus the loss's derivative by their activity.

        `above` and `output` are the errors, by drive, of the layer above and of the output layer.
        """

    def learn(self, synapses, x, target, key):
        forward_key, dropout_key, *layer_keys = jax.random.split(key, 2 + len(synapses))
        neurons, masks = self.network.neurons, self._masks(x, dropout_key)
        states, counts = self.network.forward(synapses, x, forward_key, masks)
        top = -losses.slope(self.loss, states[-1], target) / len(x) * neurons[-1].slope(states[-1])
        error, writes = top, [Write(with_bias(states[-2] * masks[-1]), top)]
        for layer in reversed(range(1, len(synapses))):
            back, more = self.sent_back(synapses, layer, error, top, target, layer_keys[layer])
            error = back * masks[layer] * neurons[layer - 1].slope(states[layer])
            writes.append(Write(with_bias(states[layer - 1] * masks[layer - 1]), error))
            counts = counts.plus(more)
        return writes[::-1], Inference(states[-1], jnp.zeros(len(x))), counts

    def _masks(self, x: Float[Array, "batch inputs"], key: PRNGKeyArray) -> list[Float[Array, "batch _"] | float]:
        """What the activities of the input (always 1) and of each hidden layer are multiplied by."""
        hidden = self.network.layers[1:-1]
        if not self.dropout:
            return [1.0] * (1 + len(hidden))
        keys, kept = jax.random.split(key, len(hidden)), 1 - self.dropout
        drawn = [jax.random.bernoulli(k, kept, (len(x), n)) for k, n in zip(keys, hidden, strict=True)]
        return [1.0, *(mask.astype(x.dtype) / kept for mask in drawn)]


class FixedFeedback(ErrorFeedback):
    """Rules whose way back is fixed and random: `feedback` is read and never written.

    Unless it is given, `on_chip` draws it for each chip, its entries Gaussian of variance 1 / rows, and digital, so
    that only its arithmetic is counted.
    """

    feedback: tuple[Synapse, ...] = ()

    def on_chip(self, key):
        if self.feedback:
            return self
        shapes = self.feedback_shapes(self.network.layers)
        keys = jax.random.split(key, len(shapes))
        drawn = [jax.random.normal(key, shape) for key, shape in zip(keys, shapes, strict=True)]
        return replace(self, feedback=tuple(Fixed(matrix / math.sqrt(len(matrix))) for matrix in drawn))

    def learn(self, synapses, x, target, key):
        if not self.feedback:
            raise InputError("feedback: none is given and none drawn; rule.on_chip(key) draws that of a chip")
        return super().learn(synapses, x, target, key)

    @abc.abstractmethod
    def feedback_shapes(self, layers: tuple[int, ...]) -> list[tuple[int, int]]:
        """(rows, columns) of each matrix, one for each hidden layer: what it takes, what the layer gets."""
