"""What the rules on a plain feed-forward network share: how it answers, and errors that reach every layer."""

import abc
import math
from collections.abc import Sequence
from dataclasses import replace

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.errors import InputError
from ohmgrad.networks import FeedForward, Write, with_bias
from ohmgrad.parts import Number, cast, number, setting
from ohmgrad.rules import loss as losses
from ohmgrad.rules.loss import Loss
from ohmgrad.rules.rule import Inference, Learned, Rule
from ohmgrad.synapses import Fixed, Synapse

Errors = Float[Array, "batch neurons"]
"""Minus the derivative of the mean loss of the batch, or what a rule takes for it."""


class FeedForwardRule(Rule):
    """A rule for a network that answers in one pass. With `loss` "cross-entropy" the answer is the largest output."""

    network: FeedForward  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    loss: Loss = setting("squared", "squared: |o - y|^2 / 2; cross-entropy: of softmax(o)")

    def infer(self, synapses, x, key):
        states, counts = self.network.forward(synapses, x, key)
        return Inference.in_one_pass(states[-1], counts)

    def cost(self, output, target):
        return losses.value(self.loss, output, target)


class ErrorFeedback(FeedForwardRule):
    """Rules that take the error of the output and bring something of it back to every hidden layer.

    The output layer learns by its own error, which is exact; each rule says by `fed_back` what a hidden layer gets.
    While learning, each hidden neuron is silent with probability `dropout` for a sample, and the others are scaled up.
    """

    dropout: Number | None = number(
        None, "probability that a hidden neuron is set to 0 for a sample while learning", off=0.0, ge=0, lt=1
    )

    @abc.abstractmethod
    def fed_back(
        self,
        synapses: Sequence[Synapse],
        layer: int,
        above: Errors,
        output: Errors,
        target: Float[Array, "batch outputs"],
        key: PRNGKeyArray,
    ) -> tuple[Errors, Counts]:
        """What a hidden layer gets for minus the loss's derivative by its activity, and what that took.

        Args:
            synapses: One per weight matrix.
            layer: The hidden layer; the first is 1.
            above: The errors, by drive, of the layer above.
            output: The errors, by drive, of the output layer.
            target: The right answers.
            key: Of the noise of the synapses.
        """

    def learn(self, synapses, x, target, key):
        forward_key, dropout_key, *layer_keys = jax.random.split(key, 2 + len(synapses))
        neurons, masks = self.network.neurons, self._masks(x, dropout_key)
        states, forward_counts = self.network.forward(synapses, x, forward_key, masks)
        inference = Inference.in_one_pass(states[-1], forward_counts)
        top = -losses.slope(self.loss, states[-1], target) / len(x) * neurons[-1].slope(states[-1])
        error, writes, counts = top, [Write(with_bias(states[-2] * masks[-1]), top)], forward_counts
        for layer in reversed(range(1, len(synapses))):
            back, back_counts = self.fed_back(synapses, layer, error, top, target, layer_keys[layer])
            error = back * masks[layer] * neurons[layer - 1].slope(states[layer])
            writes.append(Write(with_bias(states[layer - 1] * masks[layer - 1]), error))
            counts = counts.plus(back_counts)
        return Learned(writes[::-1], inference, counts)

    def _masks(self, x: Float[Array, "batch inputs"], key: PRNGKeyArray) -> list[Float[Array, "batch _"] | float]:
        """What the activities of the input (always 1) and of each hidden layer are multiplied by."""
        hidden = self.network.hidden
        if self.dropout is None:
            return [1.0] * (1 + len(hidden))
        keys, active = jax.random.split(key, len(hidden)), 1 - self.dropout
        drawn = [jax.random.bernoulli(k, active, (len(x), n)) for k, n in zip(keys, hidden, strict=True)]
        return [1.0, *(mask.astype(x.dtype) / cast(active, x) for mask in drawn)]


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
        """(rows, columns) of each matrix, one for each hidden layer: of its input, and of the layer."""
