"""Base classes of rules for plain feed-forward networks: inference, and learning by errors fed back to each layer."""

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
"""Minus the derivative of the mean loss of the batch, or a rule's estimate of it."""


class FeedForwardRule(Rule):
    """Base class of rules for networks that answer in one forward pass.

    With `loss` "cross-entropy" the outputs are logits.
    """

    network: FeedForward  # pyright: ignore[reportIncompatibleVariableOverride] (nothing sets it)
    loss: Loss = setting("squared", "squared: |o - y|^2 / 2; cross-entropy: of softmax(o)")

    def infer(self, synapses, x, key):
        states, counts = self.network.forward(synapses, x, key)
        return Inference.in_one_pass(states[-1], counts)

    def cost(self, output, target):
        return losses.value(self.loss, output, target)


class ErrorFeedback(FeedForwardRule):
    """Base class of rules that feed the output error back to every hidden layer.

    The output layer learns by its exact error; each rule defines by `fed_back` the error of a hidden layer. While
    learning, each hidden neuron is set to 0 with probability `dropout` per sample, and the others are scaled up.
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
        """The error of a hidden layer: an estimate of minus the derivative of the loss by its activity.

        Args:
            synapses: One per weight matrix.
            layer: The hidden layer, counted from 1.
            above: Errors of the layer above, with respect to its drive.
            output: Errors of the output layer, with respect to its drive.
            target: Target outputs.
            key: Random key for the noise of the synapses.

        Returns:
            The errors with respect to the layer's activity, without the bias, and counts.
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
        """Dropout factors of the input (always 1) and of each hidden layer."""
        hidden = self.network.hidden
        if self.dropout is None:
            return [1.0] * (1 + len(hidden))
        keys, active = jax.random.split(key, len(hidden)), 1 - self.dropout
        drawn = [jax.random.bernoulli(k, active, (len(x), n)) for k, n in zip(keys, hidden, strict=True)]
        return [1.0, *(mask.astype(x.dtype) / cast(active, x) for mask in drawn)]


class FixedFeedback(ErrorFeedback):
    """Base class of rules with fixed random feedback matrices, which are read but never written.

    If `feedback` is not given, `on_chip` draws it for each chip, Gaussian with variance 1 / rows. The matrices are
    digital, so only their arithmetic is counted.
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
        """(rows, columns) of each feedback matrix, one per hidden layer: sizes of its input, and of the layer."""
